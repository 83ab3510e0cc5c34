// docs/court.md#hand: an appeal, and whatever anyone may do to bring a case to its end.
import type { Abi } from 'viem';
import { findPunishable, type RoundVoter } from '../../node/l1/punishable.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, type Hex, isSameAddress } from '../../protocol/hex.ts';
import { createPastEvents } from '../../service/l1/past-events.ts';
import { type CourtCase, courtOf, outcomeName, readCase } from './cases.ts';
import type { Stakes } from './connect.ts';
import { approval, assertTokens, type StakeCall } from './plan.ts';
import { readTogether } from './read.ts';
import { formatTime } from './refusals.ts';

export type AppealPlan = {
  readonly bondWei: bigint;
  /** What the first round has decided. */
  readonly against: CourtCase['outcome'];
  /** Until when it can be appealed, in unix seconds. */
  readonly until: bigint;
  readonly calls: readonly StakeCall[];
};

export type CarryOutPlan = {
  /** What the case waits for, if it is due: its end, or that it is dismissed. */
  readonly move: 'execute' | 'tally' | undefined;
  readonly outcome: CourtCase['outcome'];
  readonly punished: readonly RoundVoter[];
  readonly calls: readonly StakeCall[];
};

/** 1.5 times what they have taken (contracts/snapshots/court.json), of calls that only work after another. */
const APPEAL_GAS = 107_000n;
const PUNISH_GAS = 300_000n;

/** @throws MizuError `sdk/no-case`, `sdk/not-due`, `sdk/no-tokens` */
export async function planAppeal(stakes: Stakes, account: Address, id: bigint): Promise<AppealPlan> {
  const found = await readCase(stakes, id);
  if (found.phase !== 'appeal') throw notDue(found, 'a case whose first round is decided, in its time for appeals');
  const court = courtOf(stakes);
  const bondWei = 2n * (await stakes.l1.client.readContract({ ...court, functionName: 'bond' }));
  await assertTokens(stakes, account, bondWei);
  const approve = await approval(stakes, account, court.address, bondWei);
  const appeal = {
    what: 'appeal',
    call: { ...court, abi: court.abi as Abi, functionName: 'appeal', args: [id] },
    ...(approve.length === 0 ? {} : { gasAtMost: APPEAL_GAS }),
  };
  return { bondWei, against: await decidedBy(stakes, found), until: found.until, calls: [...approve, appeal] };
}

/**
 * What is due in a case: that it is carried out or dismissed, and the penalties of those who have committed, and of
 * `others`, who may have stayed away.
 * @throws MizuError `sdk/no-case`, `sdk/not-due`
 */
export async function planCarryOut(stakes: Stakes, id: bigint, others: readonly Address[]): Promise<CarryOutPlan> {
  const found = await readCase(stakes, id);
  const { phase } = found;
  const { item, voters } = await readPast(stakes, found);
  const court = courtOf(stakes);
  const call = { ...court, abi: court.abi as Abi };
  const move = phase === 'execute' || phase === 'tally' ? phase : undefined;
  const moves: StakeCall[] = [];
  if (move === 'execute') moves.push({ what: 'execute', call: { ...call, functionName: move, args: [id, item] } });
  if (move === 'tally') moves.push({ what: 'tally', call: { ...call, functionName: move, args: [id] } });
  const rounds = Array.from({ length: found.round }, (_, i) => BigInt(i + 1));
  const asked = rounds.flatMap((round) => withoutTwins([...voters, ...others]).map((voter) => ({ round, voter })));
  const before = moves.map((one) => one.call);
  const punished = await findPunishable(stakes.l1, court.address, id, asked, before);
  const penalties = punished.map(({ round, voter }) => ({
    what: `punish ${voter} for round ${round}`,
    call: { ...call, functionName: 'punish', args: [id, round, voter] },
    ...(move === undefined ? {} : { gasAtMost: PUNISH_GAS }),
  }));
  if (moves.length + penalties.length === 0) throw notDue(found, 'a case that can be carried out, or a penalty');
  return { move, outcome: await decidedBy(stakes, found), punished, calls: [...moves, ...penalties] };
}

/** What is decided, also if nobody has had the votes counted yet. */
async function decidedBy(stakes: Stakes, { id, phase, status, outcome }: CourtCase): Promise<CourtCase['outcome']> {
  if (status !== 'voting' || phase === 'tally') return outcome;
  const { address, abi } = courtOf(stakes);
  const read = { address, abi: abi as Abi, args: [id] };
  const [, found] = await readTogether(stakes, [
    { ...read, functionName: 'tally' },
    { ...read, functionName: 'caseOf' },
  ]);
  return outcomeName((found as { readonly outcome: number }).outcome);
}

/** The item of a case, and who has committed in it, by the events since its opening. */
async function readPast(stakes: Stakes, { id, openedAt }: CourtCase) {
  const { client } = stakes.l1;
  const court = courtOf(stakes);
  const head = await client.getBlockNumber();
  const opened = await firstBlockAt(stakes, BigInt(openedAt), head);
  let item: Hex = '0x';
  const committed = createPastEvents(
    async () => head,
    opened,
    async (range) => {
      const [openings, commitments] = await Promise.all([
        client.getContractEvents({ ...court, eventName: 'CaseOpened', args: { id }, ...range, strict: true }),
        client.getContractEvents({ ...court, eventName: 'Committed', args: { id }, ...range, strict: true }),
      ]);
      for (const { args } of openings) item = args.item;
      return commitments.map(({ args }) => args.voter);
    },
  );
  const voters = await committed();
  return { item, voters };
}

/** The first block at that time or later, by halves. */
async function firstBlockAt({ l1 }: Stakes, time: bigint, head: bigint): Promise<bigint> {
  let [from, to] = [0n, head];
  while (from < to) {
    const blockNumber = (from + to) / 2n;
    const { timestamp } = await l1.client.getBlock({ blockNumber });
    if (timestamp < time) from = blockNumber + 1n;
    else to = blockNumber;
  }
  return from;
}

const withoutTwins = (voters: readonly Address[]): readonly Address[] =>
  voters.filter((voter, i) => voters.findIndex((other) => isSameAddress(voter, other)) === i);

function notDue({ id, phase, until }: CourtCase, expected: string): MizuError {
  return new MizuError({
    code: 'sdk/not-due',
    message: `Nothing of this can be done in case ${id} now.`,
    expected,
    actual: `its phase is ${phase}${until === 0n ? '' : `, until ${formatTime(until)}`}`,
    hint: `See what it waits for with: npx mizu court show ${id}`,
    retryable: phase !== 'closed',
  });
}
