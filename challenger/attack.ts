// docs/disputes.md#game: opens a game about the first wrong step of every wrong assertion, or shows its malformed leaf.
import type { Abi } from 'viem';
import { disputeAbi, mizuTokenAbi, rollupAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';
import { createJudge, ownSteps } from '../prover/agreement.ts';
import { requireObject } from '../prover/derive.ts';
import { encodeClaimedStep, encodeGameKey } from '../prover/game/calls.ts';
import { createDryRun } from '../prover/game/dry-run.ts';
import { eachOnItsOwn } from '../prover/game/each.ts';
import { locateStep } from '../prover/game/locate.ts';
import { createOpening } from '../prover/game/opening.ts';
import type { Oracles } from '../prover/game/oracles.ts';
import { firstList } from '../prover/game/play.ts';
import type { AssertionRecord } from '../prover/mirror.ts';
import type { ProverNode } from '../prover/node.ts';
import type { Call, Sender } from '../service/l1-send.ts';
import type { Logger } from '../service/log.ts';
import { firstDifference } from './compare.ts';

export type AttackContracts = { readonly dispute: Address; readonly rollup: Address; readonly token: Address };

export type AttackParts = {
  readonly node: ProverNode;
  readonly contracts: AttackContracts;
  readonly sender: Sender;
  readonly oracles: Oracles;
  readonly log: Logger;
  readonly dryRun?: boolean | undefined;
  /** Of one game. */
  readonly bondWei: bigint;
};

export type AttackCounts = {
  opened: number;
  leavesRejected: number;
  gasUsed: bigint;
};

export type Attacker = {
  /** Looks at every pending assertion. Everything is decided by L1 and our own execution: it may be killed anywhere. */
  attackNext(nowSeconds: bigint): Promise<boolean>;
  readonly counts: AttackCounts;
};

const PENDING = 1;
const NO_GAME = 0;
const MAX_ALLOWANCE = 2n ** 256n - 1n;

export function createAttacker(parts: AttackParts): Attacker {
  const { node, contracts, sender, oracles, log } = parts;
  const { client } = node.l1;
  const dispute = { address: contracts.dispute, abi: disputeAbi } as const;
  const call = { ...dispute, abi: disputeAbi as Abi };
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const token = { address: contracts.token, abi: mizuTokenAbi } as const;
  const counts: AttackCounts = { opened: 0, leavesRejected: 0, gasUsed: 0n };
  const verdictOf = createJudge(node.mirror, node.execution);
  const told = new Set<Hex>();
  const tellDryRun = createDryRun(log);

  async function send(call: Call, about: Hex): Promise<boolean> {
    if (parts.dryRun) {
      tellDryRun(call.functionName, about);
      return false;
    }
    const sent = await sender.sendAndWait(call);
    if (sent.kind === 'mined') counts.gasUsed += sent.receipt.gasUsed;
    return sent.kind === 'mined';
  }

  const statusOf = async (id: Hex): Promise<number> =>
    client.readContract({ ...rollup, functionName: 'statusOf', args: [id] });

  /** Leaf 0 of a child is the wrong leaf of its parent: it falls with the parent. */
  async function hasWrongParent(assertion: AssertionRecord): Promise<boolean> {
    const parent = await node.mirror.assertion(assertion.parent);
    return parent?.status === 'pending' && (await verdictOf(parent)) === 'differs';
  }

  async function attack(assertion: AssertionRecord, now: bigint): Promise<boolean> {
    const parent = await node.mirror.assertion(assertion.parent);
    const own = parent === undefined ? undefined : await ownSteps(node.execution, parent, assertion);
    if (own === undefined) return false;
    const ref = { root: assertion.stepRoot, length: (assertion.stepCount + 1) * LEAF_BYTES };
    const steps = await requireObject(node.objects, ref, 'The step list');
    const difference = firstDifference(steps, own);
    if (difference === undefined || difference.index === 0)
      throw new Error(`assertion ${assertion.id} differs in no step`);
    const step = difference.index - 1;
    const leaf = steps.subarray(difference.index * LEAF_BYTES, (difference.index + 1) * LEAF_BYTES);
    const ownLeaf = own.subarray(difference.index * LEAF_BYTES, (difference.index + 1) * LEAF_BYTES);
    if (!isWellFormed(leaf, ownLeaf)) return rejectLeaf(assertion, steps, step);
    return open(assertion, steps, step, now);
  }

  async function rejectLeaf(assertion: AssertionRecord, steps: Uint8Array, step: number): Promise<boolean> {
    tell(assertion, step, 'a leaf that is wrong in itself');
    const isDone = async () => (await statusOf(assertion.id)) !== PENDING;
    if (await isDone()) return false;
    const sent = await send(
      { ...call, functionName: 'challengeLeaf', args: [encodeClaimedStep(assertion.id, steps, step)], isDone },
      assertion.id,
    );
    if (sent) counts.leavesRejected++;
    return sent;
  }

  async function open(assertion: AssertionRecord, steps: Uint8Array, step: number, now: bigint): Promise<boolean> {
    const args = [encodeGameKey({ assertion: assertion.id, step, challenger: sender.address })] as const;
    const id = await client.readContract({ ...dispute, functionName: 'gameIdOf', args });
    const isOpened = async () =>
      (await client.readContract({ ...dispute, functionName: 'gameOf', args: [id] })).status !== NO_GAME;
    if (await isOpened()) return false;
    const onL1 = await client.readContract({ ...rollup, functionName: 'assertionOf', args: [assertion.id] });
    if (onL1.status !== PENDING) return false;
    if (now >= onL1.deadline) {
      tell(assertion, step, 'its window is over: too late for a game');
      return false;
    }
    const place = await locateStep(node, assertion, step);
    const oracle = await oracles.of(assertion, step);
    if (place === undefined || oracle === undefined) return false;
    tell(assertion, step, 'a game is opened');
    await allowBond();
    const began = performance.now();
    const list = await firstList(oracle);
    log.info({ game: id, list: 1, traceSeconds: (performance.now() - began) / 1000 }, 'opens a game');
    const opening = await createOpening(node, { assertion, steps, step, place: place.message, list });
    const sent = await send({ ...call, functionName: 'open', args: [opening], isDone: isOpened }, assertion.id);
    if (sent) counts.opened++;
    return sent;
  }

  async function allowBond(): Promise<void> {
    const pair = [sender.address, contracts.dispute] as const;
    const isAllowed = async () =>
      (await client.readContract({ ...token, functionName: 'allowance', args: pair })) >= parts.bondWei;
    if (await isAllowed()) return;
    const args = [contracts.dispute, MAX_ALLOWANCE];
    await send(
      { ...token, abi: token.abi as Abi, functionName: 'approve', args, isDone: isAllowed },
      contracts.dispute,
    );
  }

  function tell({ id, asserter }: AssertionRecord, step: number, what: string): void {
    if (told.has(id)) return;
    told.add(id);
    log.warn({ assertion: id, asserter, step }, `a wrong assertion: ${what}`);
  }

  return {
    counts,
    async attackNext(now) {
      return eachOnItsOwn(await node.mirror.pending(), async (assertion) => {
        if ((await verdictOf(assertion)) !== 'differs' || (await hasWrongParent(assertion))) return false;
        return attack(assertion, now);
      });
    },
  };
}

const CURSOR_OFFSET = 64;

/** docs/disputes.md#judged: cursor and zeros are those of our own leaf, which follows the same leaf. */
function isWellFormed(leaf: Uint8Array, own: Uint8Array): boolean {
  return Buffer.compare(leaf.subarray(CURSOR_OFFSET), own.subarray(CURSOR_OFFSET)) === 0;
}
