// docs/attestations.md#cli: who has attested the newest assertions, and what an account has earned by it; from L1 alone.
import type { Abi } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import { attestationsAbi, rollupAbi } from '../../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../../protocol/generated/enums.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import { createPastEvents } from '../../service/l1/past-events.ts';
import { authorityOf, type Stakes } from './connect.ts';
import { lastWeekFrom } from './last-week.ts';
import type { StakeCall } from './plan.ts';
import { managerRead, readTogether } from './read.ts';

export type AttestationStanding = {
  readonly assertion: Hex;
  /** The first batch that it does not include. */
  readonly batch: bigint;
  readonly status: keyof typeof ASSERTION_STATUS;
  /** What those who have attested it weigh, and all who could, in wei of stake. */
  readonly weightWei: bigint;
  readonly totalWei: bigint;
  readonly attested: boolean;
  /** Of the account: what it weighs there, whether it has attested, and what it can collect, in wei. */
  readonly own: { readonly weightWei: bigint; readonly attested: boolean; readonly shareWei: bigint };
};

/** The most assertions of one answer. */
export const MAX_ATTESTATIONS = 100;

/** The newest assertions, newest first. */
export async function readAttestations(
  stakes: Stakes,
  account: Address,
  limit: number,
): Promise<readonly AttestationStanding[]> {
  const { client } = stakes.l1;
  const head = await client.getBlockNumber();
  const rollup = { address: authorityOf(stakes, 'Rollup'), abi: rollupAbi } as const;
  const created = createPastEvents(
    async () => head,
    lastWeekFrom(head),
    (range) => client.getContractEvents({ ...rollup, eventName: 'AssertionCreated', ...range }),
  );
  const ids = (await created()).map(({ args }) => args.id as Hex).reverse();
  return Promise.all(ids.slice(0, Math.min(limit, MAX_ATTESTATIONS)).map((id) => standingOf(stakes, account, id)));
}

async function standingOf(stakes: Stakes, account: Address, assertion: Hex): Promise<AttestationStanding> {
  const { client } = stakes.l1;
  const attestations = attestationsOf(stakes);
  const [found, record, attested, hasAttested, shareWei] = await Promise.all([
    client.readContract({
      address: authorityOf(stakes, 'Rollup'),
      abi: rollupAbi,
      functionName: 'assertionOf',
      args: [assertion],
    }),
    client.readContract({ ...attestations, functionName: 'recordOf', args: [assertion] }),
    client.readContract({ ...attestations, functionName: 'isAttested', args: [assertion] }),
    client.readContract({ ...attestations, functionName: 'hasAttested', args: [assertion, account] }),
    client.readContract({ ...attestations, functionName: 'shareOf', args: [account, assertion] }),
  ]);
  // The weights count that were there a second before the assertion.
  const time = Number(found.createdAt) - 1;
  const [totalWei, weightWei] = (await readTogether(stakes, [
    managerRead(stakes, 'totalWeightAt', [ROLE.validator, time]),
    managerRead(stakes, 'weightAt', [account, ROLE.validator, time]),
  ])) as [bigint, bigint];
  const status = Object.entries(ASSERTION_STATUS).find(([, value]) => value === found.status)?.[0];
  return {
    assertion,
    batch: BigInt(found.batch),
    status: status as keyof typeof ASSERTION_STATUS,
    weightWei: record.weight,
    totalWei,
    attested,
    own: { weightWei, attested: hasAttested, shareWei },
  };
}

/** @throws MizuError `sdk/nothing-to-claim` (retryable) */
export function planCollect(
  stakes: Stakes,
  account: Address,
  standings: readonly AttestationStanding[],
): { readonly amountWei: bigint; readonly calls: readonly StakeCall[] } {
  const due = standings.filter(({ own }) => own.shareWei > 0n);
  const amountWei = due.reduce((sum, { own }) => sum + own.shareWei, 0n);
  if (due.length === 0) throw nothingToCollect(account, standings.length);
  const { address } = attestationsOf(stakes);
  const args = [account, due.map(({ assertion }) => assertion)];
  const call = { address, abi: attestationsAbi as Abi, functionName: 'collect', args };
  return { amountWei, calls: [{ what: `collect the shares of ${due.length} assertions`, call }] };
}

function attestationsOf(stakes: Stakes) {
  return { address: authorityOf(stakes, 'Attestations'), abi: attestationsAbi } as const;
}

function nothingToCollect(account: Address, count: number): MizuError {
  return new MizuError({
    code: 'sdk/nothing-to-claim',
    message: 'No share of fees is due to this account.',
    expected: 'an assertion that it has attested, that is confirmed, and whose fees were claimed',
    actual: `none for ${account} among the newest ${count}`,
    retryable: true,
  });
}
