// docs/court.md#economics: what somebody can do, and what it brings him on average.

/** One thing that a party can do. Amounts are wei of the token. */
export type EconomicRow = {
  readonly who: string;
  readonly does: string;
  /** What is assumed of the others, in words. */
  readonly where: string;
  readonly expectedWei: bigint;
  /** What the parameters must make of it; without: shown, and nothing is demanded of it. */
  readonly must?: 'gain' | 'lose';
};

/** Wei of `part` of a whole, rounded down; a part is given in millionths, so that all is exact. */
export function partOf(wei: bigint, millionths: number): bigint {
  return (wei * BigInt(millionths)) / MILLION;
}

export const MILLION = 1_000_000n;

/** Whether it is as the parameters must make it. */
export function isAsItMust({ expectedWei, must }: EconomicRow): boolean {
  return must === undefined || (must === 'gain' ? expectedWei > 0n : expectedWei < 0n);
}
