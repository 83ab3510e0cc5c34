// docs/audits.md#periods: when a period's phases end, as the contract has them.
import type { PublicClient } from 'viem';
import { auditsAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';

/** Unix seconds. */
export type AuditPhases = {
  readonly begin: bigint;
  readonly end: bigint;
  readonly commit: bigint;
  readonly open: bigint;
  readonly reveal: bigint;
};

export type AuditTimes = {
  periodOf(seconds: bigint): bigint;
  phasesOf(period: bigint): AuditPhases;
};

export async function readAuditTimes(client: Pick<PublicClient, 'readContract'>, audits: Address): Promise<AuditTimes> {
  const read = async (functionName: 'periodSeconds' | 'commitSeconds' | 'openSeconds' | 'revealSeconds') =>
    BigInt(await client.readContract({ address: audits, abi: auditsAbi, functionName }));
  const [period, commit, open, reveal] = await Promise.all([
    read('periodSeconds'),
    read('commitSeconds'),
    read('openSeconds'),
    read('revealSeconds'),
  ]);
  return {
    periodOf: (seconds) => seconds / period,
    phasesOf(number) {
      const begin = number * period;
      const end = begin + period;
      return { begin, end, commit: end + commit, open: end + commit + open, reveal: end + commit + open + reveal };
    },
  };
}
