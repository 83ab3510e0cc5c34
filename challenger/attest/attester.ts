// docs/attestations.md#validator: signs what we have executed and agree with, gathers what others have signed, records
// it, and collects our share.
import type { Abi } from 'viem';
import type { ContractAddresses } from '../../contracts/deploy.ts';
import type { Attestation } from '../../node/attestations/attestation.ts';
import { type AttestationWeights, isQuorum } from '../../node/attestations/weights.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { LoopRound } from '../../node/loop.ts';
import type { NetworkNode } from '../../node/node.ts';
import { attestationsAbi } from '../../protocol/generated/abi.ts';
import { type Address, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { keccakHex } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Caller } from '../caller.ts';
import type { ByAttester, Known } from './known.ts';

export type AttesterParts = {
  readonly node: NetworkNode;
  readonly contracts: Pick<ContractAddresses, 'attestations'>;
  readonly caller: Caller;
  readonly known: Known;
  readonly weights: AttestationWeights;
  /** Signs a digest with the key of the staked account. */
  readonly sign: (digest: { readonly assertion: Hex; readonly commitment: Hex }) => Promise<Hex>;
  /** The commitment to our own machines, or undefined while we cannot make it. */
  readonly commit: (assertion: AssertionRecord) => Promise<Hex | undefined>;
  readonly log: Logger;
  readonly dryRun: boolean;
  /** The window of assertions. */
  readonly windowSeconds: bigint;
  /** What is due is collected from here on, in wei. */
  readonly payoutWei: bigint;
};

export type AttestCounts = { signed: number; recorded: number; collectedWei: bigint };

export type Attester = {
  readonly tasks: readonly LoopRound[];
  readonly counts: Readonly<AttestCounts>;
};

/**
 * Of those who could record an assertion the first in an order that the assertion draws does it at once, and each other
 * one so many milliseconds after the one before: they do not all pay for the same.
 */
const TURN_MS = 4_000;
/** The least milliseconds between two questions to the relays about one assertion. */
const GATHER_MS = 400;
/** Assertions whose shares one transaction collects. */
const MAX_COLLECTED = 64;
const CURSOR = 'next';

export function createAttester(parts: AttesterParts): Attester {
  const { node, contracts, caller, known, weights, log, dryRun } = parts;
  const { client } = node.l1;
  const self = caller.address.toLowerCase() as Address;
  const attestations = { address: contracts.attestations, abi: attestationsAbi } as const;
  const { verdictOf } = node;
  /** What we have signed, by assertion. It is written before anybody sees it, so nothing is signed in two ways. */
  const own = node.store.table<Attestation>('attestations-own');
  /** The key of the last payment that we have nothing of, or have collected our share of. */
  const cursor = node.store.table<string>('attestations-cursor');
  const counts: AttestCounts = { signed: 0, recorded: 0, collectedWei: 0n };
  /** When there was first something to record, and when the relays were last asked, in milliseconds of this machine's clock. */
  const seen = new Map<Hex, number>();
  const asked = new Map<Hex, number>();
  /** Our shares of payments by their keys: what was paid in stays as it is until it is collected. */
  const shares = new Map<string, bigint>();
  const shareOf = (id: Hex) => client.readContract({ ...attestations, functionName: 'shareOf', args: [self, id] });
  let hasNoStake = false;

  async function mayAttest(id: Hex): Promise<boolean> {
    const staked = (await weights.weightOf(id, self)) > 0n;
    if (!staked && !hasNoStake) log.info({ account: self }, 'no stake as a validator: nothing is attested');
    hasNoStake = !staked;
    return staked;
  }

  async function ownOf(assertion: AssertionRecord): Promise<Attestation | undefined> {
    const { id } = assertion;
    const signed = await own.get(id);
    if (signed !== undefined || node.mirror.isMoot(assertion)) return signed;
    if ((await verdictOf(assertion)) !== 'agrees' || !(await mayAttest(id))) return undefined;
    const commitment = await parts.commit(assertion);
    if (commitment === undefined) return undefined;
    const attestation = { assertion: id, commitment, signature: await parts.sign({ assertion: id, commitment }) };
    await node.store.write([own.put(id, attestation)]);
    counts.signed++;
    log.info({ assertion: id, steps: assertion.stepCount }, dryRun ? 'would attest' : 'attested');
    return attestation;
  }

  async function recordWhere(
    assertion: AssertionRecord,
    attestation: Attestation,
    isDue: (missing: ByAttester) => Promise<boolean>,
  ): Promise<boolean> {
    const { id } = assertion;
    if (Date.now() - (asked.get(id) ?? 0) < GATHER_MS) return false;
    asked.set(id, Date.now());
    const gathered = new Map(await known.gather(id));
    gathered.set(self, attestation);
    const recorded = new Set((await node.mirror.attestations(id))?.attesters ?? []);
    const missing = new Map<Address, Attestation>();
    for (const [attester, one] of gathered)
      if (!recorded.has(attester) && (await weights.weightOf(id, attester)) > 0n) missing.set(attester, one);
    if (missing.size === 0 || !(await isDue(missing))) return false;
    const ascending = [...missing.keys()].sort();
    const isDone = async () => {
      const wanted = ascending.map((attester) =>
        client.readContract({ ...attestations, functionName: 'hasAttested', args: [id, attester] }),
      );
      return (await Promise.all(wanted)).every(Boolean) || !(await isPending(id));
    };
    const list = ascending.map((attester) => {
      const { commitment, signature } = missing.get(attester) as Attestation;
      return { commitment, signature };
    });
    const call = { ...attestations, abi: attestationsAbi as Abi, functionName: 'record', args: [id, list], isDone };
    const sent = await caller.send(call, id);
    if (sent) counts.recorded++;
    if (sent) log.info({ assertion: id, attesters: list.length }, 'attestations recorded');
    return sent;
  }

  const isPending = async (id: Hex) => (await node.mirror.assertion(id))?.status === 'pending';

  /** Whether it is our turn to record those who are missing, in an order that each assertion draws anew. */
  function isOurTurn(id: Hex, missing: ByAttester): boolean {
    const since = seen.get(id) ?? Date.now();
    seen.set(id, since);
    const drawn = (attester: Address) => keccakHex(hexToBytes(`${id}${attester.slice(2)}`));
    const before = [...missing.keys()].filter((attester) => drawn(attester) < drawn(self)).length;
    return Date.now() - since >= before * TURN_MS;
  }

  /** Two thirds are there. */
  async function isRipe(id: Hex, missing: ByAttester): Promise<boolean> {
    let weight = (await node.mirror.attestations(id))?.weight ?? 0n;
    for (const attester of missing.keys()) weight += await weights.weightOf(id, attester);
    if (!isQuorum(weight, await weights.totalOf(id))) return false;
    return isOurTurn(id, missing);
  }

  /** Two thirds are there without us, and half of the window is over: who was late is recorded too. */
  async function isLate(id: Hex, attesters: readonly Address[]): Promise<boolean> {
    if (attesters.includes(self)) return false;
    const [now, createdAt] = await Promise.all([node.headSeconds(), weights.createdAt(id)]);
    return now >= createdAt + parts.windowSeconds / 2n;
  }

  async function attestNext(): Promise<boolean> {
    let sent = false;
    const pending = await node.mirror.pending();
    for (const assertion of pending) {
      const { id } = assertion;
      const attestation = await ownOf(assertion);
      if (attestation === undefined || dryRun) continue;
      await known.spread(attestation);
      const record = await node.mirror.attestations(id);
      // Where nothing can be due no relay is asked: a window may be a week.
      if (record?.attested !== undefined && !(await isLate(id, record.attesters))) continue;
      const isDue = record?.attested === undefined ? isRipe : isOurTurn;
      sent = (await recordWhere(assertion, attestation, async (missing) => isDue(id, missing))) || sent;
    }
    const ids = new Set(pending.map(({ id }) => id));
    for (const map of [seen, asked]) for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
    return sent;
  }

  /** Our shares of what the Bridge has paid in for assertions, in the order in which it has. */
  async function collectNext(): Promise<boolean> {
    const due: Hex[] = [];
    let dueWei = 0n;
    for await (const [key, id] of node.mirror.funded(await cursor.get(CURSOR))) {
      const share = shares.get(key) ?? (await shareOf(id));
      shares.set(key, share);
      if (share > 0n) due.push(id);
      dueWei += share;
      // What is passed over here is looked at again until there is enough to be collected.
      if (due.length === 0) {
        shares.delete(key);
        await node.store.write([cursor.put(CURSOR, key)]);
      }
      if (due.length >= MAX_COLLECTED) break;
    }
    if (due.length === 0 || (dueWei < parts.payoutWei && due.length < MAX_COLLECTED)) return false;
    shares.clear();
    const isDone = async () => (await Promise.all(due.map(shareOf))).every((share) => share === 0n);
    const call = { ...attestations, abi: attestationsAbi as Abi, functionName: 'collect', args: [self, due], isDone };
    const sent = await caller.send(call, `${due.length} assertions`);
    if (sent) counts.collectedWei += dueWei;
    if (sent) log.info({ assertions: due.length, paidWei: String(dueWei) }, 'share of the fees collected');
    return sent;
  }

  return { counts, tasks: [attestNext, collectNext] };
}
