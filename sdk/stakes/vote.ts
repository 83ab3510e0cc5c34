// docs/court.md#hand: a person's vote in the court. Nothing is kept between commit and reveal: the salt follows from the key.
import { type Abi, encodeAbiParameters, keccak256, parseAbiParameters } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import { VERDICT } from '../../protocol/generated/enums.ts';
import { type Address, type Hex, ZERO_HASH } from '../../protocol/hex.ts';
import { VERDICTS, type VoteVerdict } from '../../protocol/verdicts.ts';
import { type CourtCase, courtOf, readCase } from './cases.ts';
import type { Stakes } from './connect.ts';
import type { StakeCall } from './plan.ts';
import { formatTime } from './refusals.ts';

export type VotePlan = {
  readonly what: 'commit' | 'reveal';
  readonly verdict: VoteVerdict;
  readonly round: number;
  /** What the verdict counts, in wei of stake. */
  readonly weightWei: bigint;
  readonly calls: readonly StakeCall[];
  /** When commitments can be revealed, in unix seconds. */
  readonly reveal: { readonly from: bigint; readonly until: bigint };
};

export type VoteWish = {
  readonly id: bigint;
  /** Absent: to reveal what was committed to. */
  readonly verdict: VoteVerdict | undefined;
  /** The object root of what shows how the verdict came about; zero: nothing does. */
  readonly evidenceRoot: Hex;
};

/** Whose vote it is. */
export type VoterKey = { readonly address: Address; readonly privateKey: Hex };

/** The second commit may be in a later block than the estimate's, and then writes the seed down. */
const EXTRA_GAS = 60_000n;

/**
 * What there is to do in a case now: commit to the verdict, or reveal it.
 * @throws MizuError `sdk/no-case`, `sdk/no-vote`, `sdk/no-commitment`
 */
export async function planVote(stakes: Stakes, voter: VoterKey, wish: VoteWish): Promise<VotePlan> {
  const found = await readCase(stakes, wish.id);
  if (found.phase !== 'commit' && found.phase !== 'reveal') throw notVoting(found);
  const { client } = stakes.l1;
  const court = courtOf(stakes);
  const names = [wish.id, BigInt(found.round), voter.address] as const;
  const [ends, weightWei] = await Promise.all([
    client.readContract({ ...court, functionName: 'deadlinesOf', args: [wish.id] }),
    client.readContract({ ...court, functionName: 'weightIn', args: names }),
  ]);
  const [from, until] = found.round === 1 ? [ends.commit, ends.reveal] : [ends.secondCommit, ends.secondReveal];
  const base = { round: found.round, weightWei, reveal: { from: BigInt(from), until: BigInt(until) } };
  const salt = saltOf(voter, stakes, court.address, names);
  const hashOf: HashOf = (verdict) => {
    const args = [...names, VERDICT[verdict], wish.evidenceRoot, salt] as const;
    return client.readContract({ ...court, functionName: 'hashCommitment', args });
  };
  const call = { ...court, abi: court.abi as Abi, extraGas: EXTRA_GAS };
  if (found.phase === 'commit') {
    const verdict = await verdictToCommit(stakes, found, voter.address, weightWei, wish.verdict);
    const args = [wish.id, names[1], await hashOf(verdict)];
    const commit = { what: 'commit', call: { ...call, functionName: 'commit', args } } as const;
    return { ...base, what: commit.what, verdict, calls: [commit] };
  }
  const verdict = await committedVerdict(stakes, found, voter.address, hashOf, wish.verdict);
  const args = [...names, VERDICT[verdict], wish.evidenceRoot, salt];
  const reveal = { what: 'reveal', call: { ...call, functionName: 'reveal', args } } as const;
  return { ...base, what: reveal.what, verdict, calls: [reveal] };
}

type HashOf = (verdict: VoteVerdict) => Promise<Hex>;

async function verdictToCommit(
  stakes: Stakes,
  found: CourtCase,
  voter: Address,
  weightWei: bigint,
  verdict: VoteVerdict | undefined,
): Promise<VoteVerdict> {
  if (verdict === undefined) throw noVerdict(found);
  if (weightWei > 0n) return verdict;
  const args = [found.id] as const;
  const { seed } = await stakes.l1.client.readContract({ ...courtOf(stakes), functionName: 'electorateOf', args });
  // Before the draw nobody knows who has a seat: the commitment itself draws.
  if (found.round > 1 || seed !== ZERO_HASH) throw noSeat(found, voter);
  return verdict;
}

/** The verdict that was committed to: the one that is named, or any that fits. */
async function committedVerdict(
  stakes: Stakes,
  found: CourtCase,
  voter: Address,
  hashOf: HashOf,
  named: VoteVerdict | undefined,
): Promise<VoteVerdict> {
  const args = [found.id, BigInt(found.round), voter] as const;
  const ballot = await stakes.l1.client.readContract({ ...courtOf(stakes), functionName: 'ballotOf', args });
  if (ballot.verdict !== VERDICT.none)
    throw noVote(found, 'a verdict that is not revealed yet', 'it is revealed already');
  if (ballot.commitment === ZERO_HASH) throw noCommitment(found, 'none');
  for (const verdict of named === undefined ? VERDICTS : [named])
    if ((await hashOf(verdict)) === ballot.commitment) return verdict;
  throw noCommitment(found, ballot.commitment);
}

/**
 * What the account is owed for its votes in a case that has ended, and the calls that pay it out.
 * @throws MizuError `sdk/no-case`, `sdk/nothing-to-claim`
 */
export async function planFee(
  stakes: Stakes,
  account: Address,
  id: bigint,
): Promise<{ readonly amountWei: bigint; readonly calls: readonly StakeCall[] }> {
  const found = await readCase(stakes, id);
  const { client } = stakes.l1;
  const court = courtOf(stakes);
  const call = { ...court, abi: court.abi as Abi };
  let amountWei = await client.readContract({ ...court, functionName: 'balanceOf', args: [account] });
  const calls: StakeCall[] = [];
  for (let round = 1n; found.phase === 'closed' && round <= BigInt(found.round); round++) {
    const args = [id, round, account] as const;
    // L1 says whether the round has a fee for the account by not refusing.
    const fee = await client.simulateContract({ ...court, functionName: 'claim', args, account }).then(
      ({ result }) => result,
      () => 0n,
    );
    if (fee === 0n) continue;
    amountWei += fee;
    calls.push({ what: `claim the fee of round ${round}`, call: { ...call, functionName: 'claim', args } });
  }
  if (amountWei === 0n) throw nothingDue(found, account);
  calls.push({ what: 'withdraw', call: { ...call, functionName: 'withdraw', args: [] }, gasAtMost: WITHDRAW_GAS });
  return { amountWei, calls };
}

/** 1.5 times what it has taken (contracts/snapshots/court.json). */
const WITHDRAW_GAS = 84_000n;

/** Nobody without the key can tell it, and whoever has the key can tell it again. */
function saltOf(
  { privateKey }: VoterKey,
  { l1 }: Stakes,
  court: Address,
  names: readonly [bigint, bigint, Address],
): Hex {
  const parts = parseAbiParameters('string, bytes32, uint256, address, uint256, uint256');
  const [id, round] = names;
  return keccak256(encodeAbiParameters(parts, ['mizu/court-salt', privateKey, BigInt(l1.chainId), court, id, round]));
}

function notVoting(found: CourtCase): MizuError {
  return noVote(
    found,
    'a case whose voters commit or reveal',
    found.until === 0n ? found.phase : `${found.phase}, until ${formatTime(found.until)}`,
  );
}

function noSeat(found: CourtCase, voter: Address): MizuError {
  return noVote(
    found,
    'stake as a validator one second before the item was posted, and in the first round a seat by the draw',
    `${voter} has no seat in round ${found.round}`,
  );
}

function noVote({ id }: CourtCase, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/no-vote',
    message: 'There is nothing to vote on in this case now.',
    expected,
    actual,
    hint: `See what it waits for with: npx mizu court show ${id}`,
  });
}

function noVerdict({ id }: CourtCase): MizuError {
  return new MizuError({
    code: 'sdk/no-vote',
    message: 'Voters commit to a verdict now.',
    expected: VERDICTS.join(', '),
    actual: 'no verdict',
    hint: `For example: npx mizu court vote ${id} upheld`,
  });
}

function noCommitment({ id, round }: CourtCase, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/no-commitment',
    message: `This key has no commitment in round ${round} of case ${id} that could be revealed so.`,
    expected: 'a commitment by mizu court vote with the same key, verdict and --evidence',
    actual,
    hint: 'A commitment of the validator’s process is revealed by that process, which has its salt.',
  });
}

function nothingDue({ id, phase }: CourtCase, account: Address): MizuError {
  return new MizuError({
    code: 'sdk/nothing-to-claim',
    message: 'The court owes this account nothing for the case.',
    expected: 'a revealed verdict on the side of the outcome, of a case that is closed',
    actual: `${account} in case ${id}, which is ${phase === 'closed' ? 'closed' : `not closed: ${phase}`}`,
    retryable: phase !== 'closed',
  });
}
