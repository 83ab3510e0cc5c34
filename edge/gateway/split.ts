// docs/edge.md#worker-accounts: how what the kernel paid for an item is divided among the workers of its rows.
import type { Address } from '../../protocol/hex.ts';

/** What the rows of one task that stand by a worker's answers cost, in wei, at the prices of their tokens. */
export type WorkerShare = { readonly worker: Address; readonly weight: bigint };

export const WHOLE_BASIS_POINTS = 10_000;

/**
 * What each worker gets of `paidWei`: the workers' part of it, by weight, in whole wei rounded down. The rest, which is
 * never below zero, is the gateway's.
 */
export function splitPayment(
  paidWei: bigint,
  basisPoints: number,
  shares: readonly WorkerShare[],
): { readonly worker: Address; readonly wei: bigint }[] {
  const part = (paidWei * BigInt(basisPoints)) / BigInt(WHOLE_BASIS_POINTS);
  const whole = shares.reduce((sum, { weight }) => sum + weight, 0n);
  if (whole === 0n) return [];
  return shares.map(({ worker, weight }) => ({ worker, wei: (part * weight) / whole }));
}
