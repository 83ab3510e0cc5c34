// docs/disputes.md#game: opens a game about the first wrong step of every wrong assertion, or shows its malformed leaf.
import type { Abi } from 'viem';
import { encodeGameKey } from '../dispute/calls.ts';
import { isJudged, isWindowOver } from '../dispute/judged.ts';
import { createOpening } from '../dispute/opening.ts';
import type { Oracles } from '../dispute/oracles.ts';
import { firstList } from '../dispute/play.ts';
import { createRounds } from '../dispute/rounds.ts';
import { locateStep } from '../dispute/trace/locate.ts';
import { ownSteps } from '../node/agreement.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import type { NetworkNode } from '../node/node.ts';
import { disputeAbi, rollupAbi } from '../protocol/generated/abi.ts';
import { ASSERTION_STATUS, GAME_STATUS } from '../protocol/generated/enums.ts';
import { type Address, type Hex, isSameAddress } from '../protocol/hex.ts';
import { encodeStateLeaf } from '../protocol/state.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';
import type { Logger } from '../service/process/log.ts';
import type { Caller } from './caller.ts';
import { type ProvenStep, proveFromList } from './claimed-step.ts';
import type { Demander } from './demand.ts';
import { fetchStepList } from './step-list.ts';

export type AttackContracts = { readonly dispute: Address; readonly rollup: Address };

export type AttackParts = {
  readonly node: NetworkNode;
  readonly contracts: AttackContracts;
  readonly caller: Caller;
  readonly demander: Demander;
  readonly oracles: Oracles;
  readonly log: Logger;
  /** The bond of one game. */
  readonly bondWei: bigint;
};

export type AttackCounts = { opened: number; leavesRejected: number };

export type Attacker = {
  /**
   * Looks at every pending assertion. It decides from L1 and our own execution alone, so the process may be killed
   * anywhere. The result is true if something was sent.
   */
  attackNext(nowSeconds: bigint): Promise<boolean>;
  readonly counts: AttackCounts;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
};

/** DA is asked for a step list until a quarter of the window, or a minute, is over. Then the list is demanded on L1. */
const PATIENCE_OF_WINDOW = 4n;
const MAX_PATIENCE_SECONDS = 60n;

export function createAttacker(parts: AttackParts): Attacker {
  const { node, contracts, caller, demander, oracles, log, bondWei } = parts;
  const { client } = node.l1;
  const dispute = { address: contracts.dispute, abi: disputeAbi } as const;
  const call = { ...dispute, abi: disputeAbi as Abi };
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const counts: AttackCounts = { opened: 0, leavesRejected: 0 };
  const { verdictOf } = node;
  const isWrong = async (assertion: AssertionRecord) => (await verdictOf(assertion)) === 'differs';
  const told = new Set<string>();
  const rounds = createRounds<AssertionRecord>({ log });

  const assertionOf = (id: Hex) => client.readContract({ ...rollup, functionName: 'assertionOf', args: [id] });

  /** Leaf 0 of a child is the last leaf of its parent. If that is wrong, the child falls with the parent. */
  async function hasWrongParent(assertion: AssertionRecord): Promise<boolean> {
    const parent = await node.mirror.assertion(assertion.parent);
    return parent?.status === 'pending' && isWrong(parent);
  }

  async function isPlaying({ id }: AssertionRecord): Promise<boolean> {
    const games = await node.mirror.openGames();
    return games.some(({ assertion, challenger }) => assertion === id && isSameAddress(challenger, caller.address));
  }

  async function attack(assertion: AssertionRecord, now: bigint): Promise<boolean> {
    const parent = await node.mirror.assertion(assertion.parent);
    const own = parent === undefined ? undefined : await ownSteps(node.execution, parent, assertion);
    if (parent === undefined || own === undefined || (await isPlaying(assertion))) return false;
    // Its parent may have fallen already. Where leaf 0, the parent's last one, is wrong, no step of the child need be
    // wrong.
    if (Buffer.compare(own.subarray(0, LEAF_BYTES), encodeStateLeaf(parent.post)) !== 0) return false;
    const steps = (await demander.hasBegun(assertion)) ? undefined : await fetchStepList(node, assertion);
    if (steps !== undefined) return strike(assertion, proveFromList(assertion.id, steps, own), now);
    if (await isPatient(assertion, now)) return false;
    const search = await demander.search(assertion, own, now);
    return search.kind === 'found' ? strike(assertion, search.wrong, now) : search.sent;
  }

  async function isPatient(assertion: AssertionRecord, now: bigint): Promise<boolean> {
    const [{ createdAt }, window] = await Promise.all([
      assertionOf(assertion.id),
      client.readContract({ ...rollup, functionName: 'window' }),
    ]);
    const part = window / PATIENCE_OF_WINDOW;
    const until = createdAt + (part < MAX_PATIENCE_SECONDS ? part : MAX_PATIENCE_SECONDS);
    if (now < until) tell(assertion, `DA does not give its step list; it is demanded on L1 in ${until - now} s`);
    return now < until;
  }

  async function strike(assertion: AssertionRecord, wrong: ProvenStep, now: bigint): Promise<boolean> {
    return wrong.isMalformed ? rejectLeaf(assertion, wrong) : open(assertion, wrong, now);
  }

  async function rejectLeaf(assertion: AssertionRecord, { step, claimed }: ProvenStep): Promise<boolean> {
    tell(assertion, `step ${step} leads to a leaf that is wrong in itself`);
    const isDone = async () => (await assertionOf(assertion.id)).status !== ASSERTION_STATUS.pending;
    if (await isDone()) return false;
    const sent = await caller.send({ ...call, functionName: 'challengeLeaf', args: [claimed], isDone }, assertion.id);
    if (sent) counts.leavesRejected++;
    return sent;
  }

  async function open(assertion: AssertionRecord, { step, claimed }: ProvenStep, now: bigint): Promise<boolean> {
    const args = [encodeGameKey({ assertion: assertion.id, step, challenger: caller.address })] as const;
    const id = await client.readContract({ ...dispute, functionName: 'gameIdOf', args });
    const isOpened = async () =>
      (await client.readContract({ ...dispute, functionName: 'gameOf', args: [id] })).status !== GAME_STATUS.none;
    if (await isOpened()) return false;
    if (!(await isJudged(node.l1, contracts.rollup, assertion.id))) return false;
    if (await isWindowOver(node.l1, contracts.rollup, assertion.id, now)) {
      tell(assertion, `step ${step} is wrong, but the window is over: it is too late for a game`);
      return false;
    }
    const place = await locateStep(node, assertion, step);
    const oracle = await oracles.of(assertion, step);
    if (place === undefined || oracle === undefined) return false;
    tell(assertion, `a game is opened about step ${step}`);
    await caller.allowBond(contracts.dispute, bondWei);
    const began = performance.now();
    const list = await firstList(oracle);
    log.info({ game: id, list: 1, traceSeconds: (performance.now() - began) / 1000 }, 'opens a game');
    const opening = await createOpening(node, { claimed, place: place.message, list });
    const sent = await caller.send({ ...call, functionName: 'open', args: [opening], isDone: isOpened }, assertion.id);
    if (sent) counts.opened++;
    return sent;
  }

  function tell({ id, asserter }: AssertionRecord, what: string): void {
    const key = `${id} ${what.split(' ', 1)}`;
    if (told.has(key)) return;
    told.add(key);
    log.warn({ assertion: id, asserter }, `a wrong assertion: ${what}`);
  }

  return {
    counts,
    idle: rounds.idle,
    async attackNext(now) {
      // After the network's end L1 opens no game any more, and confirms no lie: only bonds are left to be collected.
      if ((await node.mirror.head()).endedAt !== undefined) return demander.collectNext(now, isWrong);
      const attacked = await rounds.play(await node.mirror.pending(), async (assertion) =>
        !node.mirror.isMoot(assertion) && (await isWrong(assertion)) && !(await hasWrongParent(assertion))
          ? attack(assertion, now)
          : false,
      );
      return (await demander.collectNext(now, isWrong)) || attacked;
    },
  };
}
