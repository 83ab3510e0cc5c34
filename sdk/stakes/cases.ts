// docs/court.md#cli: the cases of the court, from L1 alone.
import { MizuError } from '../../protocol/errors.ts';
import { inferenceCourtAbi } from '../../protocol/generated/abi.ts';
import { CASE_PHASE, CASE_STATUS, OUTCOME } from '../../protocol/generated/enums.ts';
import type { Address } from '../../protocol/hex.ts';
import { authorityOf, type Stakes } from './connect.ts';

/** What was revealed in a round, in wei of weight. */
export type RoundVotes = {
  readonly upheld: bigint;
  readonly wrong: bigint;
  readonly unavailable: bigint;
  readonly inconclusive: bigint;
};

export type CourtCase = {
  readonly id: bigint;
  readonly gateway: Address;
  readonly challenger: Address;
  /** Unix seconds. */
  readonly openedAt: number;
  readonly phase: keyof typeof CASE_PHASE;
  readonly status: keyof typeof CASE_STATUS;
  readonly outcome: keyof typeof OUTCOME;
  readonly round: number;
  /** When the phase ends, in unix seconds. 0: whenever somebody moves it on. */
  readonly until: bigint;
  /** Of all who may vote, in wei. */
  readonly totalWeight: bigint;
  /** The rounds that have begun. */
  readonly votes: readonly RoundVotes[];
};

/** The most cases of one answer. */
export const MAX_CASES = 100;

/** The newest cases, newest first. */
export async function readCases(stakes: Stakes, limit: number): Promise<readonly CourtCase[]> {
  const { client } = stakes.l1;
  const count = await client.readContract({ ...courtOf(stakes), functionName: 'caseCount' });
  const length = Math.min(limit, MAX_CASES, Number(count));
  return Promise.all(Array.from({ length }, (_, i) => readCase(stakes, count - BigInt(i))));
}

/** @throws MizuError `sdk/no-case` */
export async function readCase(stakes: Stakes, id: bigint): Promise<CourtCase> {
  const { client } = stakes.l1;
  const court = courtOf(stakes);
  const [found, [phase, , until], electorate] = await Promise.all([
    client.readContract({ ...court, functionName: 'caseOf', args: [id] }),
    client.readContract({ ...court, functionName: 'phaseOf', args: [id] }),
    client.readContract({ ...court, functionName: 'electorateOf', args: [id] }),
  ]);
  if (found.status === CASE_STATUS.none)
    throw noCase(id, await client.readContract({ ...court, functionName: 'caseCount' }));
  const votes = await Promise.all(
    Array.from({ length: found.round }, (_, i) =>
      client.readContract({ ...court, functionName: 'tallyOf', args: [id, BigInt(i + 1)] }),
    ),
  );
  return {
    id,
    gateway: found.gateway,
    challenger: found.challenger,
    openedAt: found.openedAt,
    phase: nameOf(CASE_PHASE, phase),
    status: nameOf(CASE_STATUS, found.status),
    outcome: outcomeName(found.outcome),
    round: found.round,
    until,
    totalWeight: electorate.total,
    votes,
  };
}

export function courtOf(stakes: Stakes) {
  return { address: authorityOf(stakes, 'InferenceCourt'), abi: inferenceCourtAbi } as const;
}

export const outcomeName = (outcome: number): CourtCase['outcome'] => nameOf(OUTCOME, outcome);

function nameOf<Names extends Readonly<Record<string, number>>>(names: Names, value: number): keyof Names & string {
  return Object.keys(names).find((name) => names[name] === value) as keyof Names & string;
}

function noCase(id: bigint, count: bigint): MizuError {
  return new MizuError({
    code: 'sdk/no-case',
    message: 'The court has no such case.',
    expected: count === 0n ? 'a case: there is none yet' : `1 to ${count}`,
    actual: String(id),
    hint: 'List the newest with: npx mizu court',
  });
}
