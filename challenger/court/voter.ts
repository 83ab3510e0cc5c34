// docs/court.md#bot: votes in every case in which our stake has a voice, and moves cases on. All of it is decided by L1 and
// by what is in the store, so the process may be killed anywhere.
import { randomBytes } from 'node:crypto';
import type { Abi } from 'viem';
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { type CaseRecord, itemOf } from '../../node/l1/case-record.ts';
import { createPastValidators, findPunishable } from '../../node/l1/punishable.ts';
import type { LoopRound } from '../../node/loop.ts';
import type { NetworkNode } from '../../node/node.ts';
import { inferenceCourtAbi } from '../../protocol/generated/abi.ts';
import { CASE_PHASE, OUTCOME, VERDICT } from '../../protocol/generated/enums.ts';
import { type Address, bytesToHex, type Hex } from '../../protocol/hex.ts';
import { objectRoot } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Caller } from '../caller.ts';
import { type CanaryWatch, sayOf } from './canary-watch.ts';
import type { ItemJudge, ItemJudgement } from './judge.ts';

export type VoterParts = {
  readonly node: NetworkNode;
  readonly contracts: Pick<ContractAddresses, 'inferenceCourt' | 'stakeManager'>;
  /** The first block of the network on L1. */
  readonly fromBlock: bigint;
  readonly canaries: CanaryWatch;
  readonly caller: Caller;
  readonly judge: ItemJudge;
  readonly log: Logger;
  /** Appeals against a first round that was decided against a verdict of ours. */
  readonly appeal: boolean;
  readonly bondWei: bigint;
};

export type VoteCounts = { committed: number; revealed: number; appealed: number; claimed: number; punished: number };

export type Voter = { readonly tasks: readonly LoopRound[]; readonly counts: Readonly<VoteCounts>; close(): void };

/** What we have committed to in a round. It is written before the commitment is sent: whoever knows it can reveal. */
type Secret = { readonly verdict: number; readonly evidenceRoot: Hex; readonly salt: Hex; readonly reason: string };

/** So long before the end of a commit phase we commit to what we know: a transaction must be mined in it. */
const MARGIN_SECONDS = 15n;
const CURSOR = 'last';
const DRAW_GAS = 60_000n;
const ZERO: Hex = `0x${'00'.repeat(32)}`;

export function createVoter(parts: VoterParts): Voter {
  const { node, contracts, caller, judge, log, bondWei } = parts;
  const { client } = node.l1;
  const self = caller.address.toLowerCase() as Address;
  const court = { address: contracts.inferenceCourt, abi: inferenceCourtAbi } as const;
  const call = { ...court, abi: inferenceCourtAbi as Abi };
  const secrets = node.store.table<Secret>('court-votes');
  /** The key of the last closed case whose voters are paid and punished. */
  const settled = node.store.table<string>('court-settled');
  const judging = new Map<bigint, { stop: AbortController; judgement?: ItemJudgement }>();
  const validators = createPastValidators(node.l1, contracts.stakeManager, parts.fromBlock);
  const counts: VoteCounts = { committed: 0, revealed: 0, appealed: 0, claimed: 0, punished: 0 };

  const ballotOf = (id: bigint, round: bigint, voter: Address = self) =>
    client.readContract({ ...court, functionName: 'ballotOf', args: [id, round, voter] });
  const phaseOf = (id: bigint) => client.readContract({ ...court, functionName: 'phaseOf', args: [id] });
  const keyOf = (id: bigint, round: bigint) => `${id}:${round}`;

  /** Runs the item again beside everything else; the result is there when it is. */
  function judgementOf(record: CaseRecord): ItemJudgement | undefined {
    const known = judging.get(record.id);
    if (known !== undefined) return known.judgement;
    const stop = new AbortController();
    const entry: { stop: AbortController; judgement?: ItemJudgement } = { stop };
    judging.set(record.id, entry);
    judge.judge(itemOf(record), record.place, stop.signal).then(
      (judgement) => {
        entry.judgement = judgement;
        log.info({ case: String(record.id), ...judgement }, 'judged an item');
      },
      (err: unknown) => {
        log.warn({ err, case: String(record.id) }, 'an item could not be judged');
        entry.judgement = { verdict: 'inconclusive', reason: (err as Error).message };
      },
    );
    return undefined;
  }

  async function commit(record: CaseRecord, round: bigint, until: bigint): Promise<boolean> {
    const { id } = record;
    if ((await ballotOf(id, round)).commitment !== ZERO) return false;
    if (!(await mayVote(record, round))) return false;
    const secret = (await secrets.get(keyOf(id, round))) ?? (await decide(record, round, until));
    if (secret === undefined) return false;
    const { verdict, evidenceRoot, salt } = secret;
    const args = [id, round, caller.address, verdict, evidenceRoot, salt] as const;
    const commitment = await client.readContract({ ...court, functionName: 'hashCommitment', args });
    const isDone = async () =>
      (await ballotOf(id, round)).commitment === commitment || (await phaseOf(id))[0] !== CASE_PHASE.commit;
    const sent = await caller.send(
      // The first one writes the seed down too, which the latest block need not know yet.
      { ...call, functionName: 'commit', args: [id, round, commitment], isDone, extraGas: DRAW_GAS },
      `case ${id}`,
    );
    if (sent) counts.committed++;
    return sent;
  }

  /** A small stake votes in the first round if it is drawn: that is known once somebody has written the seed down. */
  async function mayVote({ id }: CaseRecord, round: bigint): Promise<boolean> {
    const weightIn = () =>
      client.readContract({ ...court, functionName: 'weightIn', args: [id, round, caller.address] });
    if ((await weightIn()) > 0n) return true;
    const seedOf = async () => (await client.readContract({ ...court, functionName: 'electorateOf', args: [id] })).seed;
    if (round !== 1n || (await seedOf()) !== ZERO) return false;
    await caller.send(
      { ...call, functionName: 'draw', args: [id], isDone: async () => (await seedOf()) !== ZERO },
      `case ${id}`,
    );
    return (await weightIn()) > 0n;
  }

  async function decide(record: CaseRecord, round: bigint, until: bigint): Promise<Secret | undefined> {
    const judgement = judgementOf(record);
    const isLate = (await node.headSeconds()) + MARGIN_SECONDS >= until;
    if (judgement === undefined && !isLate) return undefined;
    const own = judgement ?? { verdict: 'inconclusive' as const, reason: 'there was no time for it' };
    const decided = await sayOf(parts.canaries, { ...record.place, index: record.index }, own, isLate);
    if (decided === undefined) return undefined;
    const { verdict, reason } = decided;
    const evidenceRoot = objectRoot(new TextEncoder().encode(reason));
    const secret = { verdict: VERDICT[verdict], evidenceRoot, salt: bytesToHex(randomBytes(32)), reason };
    await node.store.write([secrets.put(keyOf(record.id, round), secret)]);
    return secret;
  }

  async function reveal({ id }: CaseRecord, round: bigint): Promise<boolean> {
    const secret = await secrets.get(keyOf(id, round));
    if (secret === undefined) return false;
    const ballot = await ballotOf(id, round);
    if (ballot.commitment === ZERO || ballot.verdict !== VERDICT.none) return false;
    const { verdict, evidenceRoot, salt } = secret;
    const args = [id, round, caller.address, verdict, evidenceRoot, salt] as const;
    const isDone = async () =>
      (await ballotOf(id, round)).verdict !== VERDICT.none || (await phaseOf(id))[0] !== CASE_PHASE.reveal;
    const sent = await caller.send({ ...call, functionName: 'reveal', args, isDone }, `case ${id}`);
    if (sent) counts.revealed++;
    return sent;
  }

  /** Against a first round in which liars were many, if we know better. */
  async function appeal({ id }: CaseRecord): Promise<boolean> {
    const secret = await secrets.get(keyOf(id, 1n));
    if (!parts.appeal || secret === undefined) return false;
    const outcomeOf = async () => (await client.readContract({ ...court, functionName: 'caseOf', args: [id] })).outcome;
    if ((await outcomeOf()) === OUTCOME.none) {
      const isDone = async () => (await outcomeOf()) !== OUTCOME.none || (await phaseOf(id))[0] !== CASE_PHASE.appeal;
      await caller.send({ ...call, functionName: 'tally', args: [id], isDone }, `case ${id}`);
    }
    const side = sideOf(secret.verdict);
    if (side === undefined || side === (await outcomeOf()) || (await outcomeOf()) === OUTCOME.none) return false;
    await caller.allowBond(contracts.inferenceCourt, 2n * bondWei);
    const isDone = async () => (await phaseOf(id))[0] !== CASE_PHASE.appeal;
    const sent = await caller.send({ ...call, functionName: 'appeal', args: [id], isDone }, `case ${id}`);
    if (sent) counts.appealed++;
    return sent;
  }

  async function moveOn(record: CaseRecord): Promise<boolean> {
    const { id } = record;
    const [phase, round, until] = await phaseOf(id);
    switch (phase) {
      case CASE_PHASE.commit:
        return commit(record, round, until);
      case CASE_PHASE.reveal:
        return reveal(record, round);
      case CASE_PHASE.appeal:
        return appeal(record);
      case CASE_PHASE.tally: {
        const isDone = async () => (await phaseOf(id))[0] !== CASE_PHASE.tally;
        return caller.send({ ...call, functionName: 'tally', args: [id], isDone }, `case ${id}`);
      }
      case CASE_PHASE.execute: {
        const isDone = async () => (await phaseOf(id))[0] === CASE_PHASE.closed;
        return caller.send({ ...call, functionName: 'execute', args: [id, record.bytes], isDone }, `case ${id}`);
      }
      default:
        return false;
    }
  }

  /** Our fee, and the penalties of others. */
  async function settle(record: CaseRecord): Promise<boolean> {
    const { id, ballots } = record;
    let sent = false;
    for (const { round, voter, isRevealed } of ballots) {
      const at = BigInt(round);
      if (voter !== self || !isRevealed || (await ballotOf(id, at)).paid || !(await pays(id, at))) continue;
      const isDone = async () => (await ballotOf(id, at)).paid;
      const args = [id, at, caller.address] as const;
      const done = await caller.send({ ...call, functionName: 'claim', args, isDone }, `case ${id}`);
      if (done) counts.claimed++;
      sent ||= done;
    }
    sent = (await punish(id)) || sent;
    judging.get(id)?.stop.abort();
    judging.delete(id);
    return sent;
  }

  /** Who was drawn and stayed away, who was silent, and who was nearly alone against what is so. */
  async function punish(id: bigint): Promise<boolean> {
    const { round: rounds } = await client.readContract({ ...court, functionName: 'caseOf', args: [id] });
    const others = (await validators()).filter((voter) => voter !== self);
    const voters = Array.from({ length: rounds }, (_, i) => others.map((voter) => ({ round: BigInt(i + 1), voter })));
    let sent = false;
    for (const { round, voter } of await findPunishable(node.l1, court.address, id, voters.flat())) {
      const isDone = async () => (await ballotOf(id, round, voter)).punished;
      const args = [id, round, voter] as const;
      const done = await caller.send({ ...call, functionName: 'punish', args, isDone }, `case ${id}`);
      if (done) counts.punished++;
      sent ||= done;
    }
    return sent;
  }

  /** Whether the round's fee has a part of ours: L1 says so by not refusing. */
  async function pays(id: bigint, round: bigint): Promise<boolean> {
    const args = [id, round, caller.address] as const;
    return client.simulateContract({ ...court, functionName: 'claim', args, account: caller.address }).then(
      () => true,
      () => false,
    );
  }

  async function voteNext(): Promise<boolean> {
    let sent = false;
    for (const record of await node.mirror.openCases()) sent = (await moveOn(record)) || sent;
    return sent;
  }

  async function settleNext(): Promise<boolean> {
    let sent = false;
    for await (const [key, record] of node.mirror.closedCases(await settled.get(CURSOR))) {
      sent = (await settle(record)) || sent;
      await node.store.write([settled.put(CURSOR, key)]);
    }
    return sent;
  }

  return {
    counts,
    tasks: [voteNext, settleNext],
    close() {
      for (const { stop } of judging.values()) stop.abort();
    },
  };
}

function sideOf(verdict: number): number | undefined {
  if (verdict === VERDICT.upheld) return OUTCOME.upheld;
  return verdict === VERDICT.wrong || verdict === VERDICT.unavailable ? OUTCOME.faulty : undefined;
}
