// docs/operations.md#fee-caps: what a transaction may pay, whatever an L1 node says that it costs.
import { formatGwei, parseGwei } from 'viem';
import { MizuError } from '../../protocol/errors.ts';

/** In gwei, as configurations say it. */
export type FeeCapConfig = {
  /** What a transaction offers for one unit of gas at most. Default 1,000. */
  readonly maxFeeGwei?: number | undefined;
  /** Of it, what goes to the block's builder at most: that is paid in full. Default 20. */
  readonly maxPriorityFeeGwei?: number | undefined;
};

export type Fees = { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint };

/** Above what blocks have ever cost for long: below, nobody waits who need not. */
export const MAX_FEE_GWEI = 1_000;
export const MAX_PRIORITY_FEE_GWEI = 20;
/** A replacement must pay 10 % more on most nodes. */
export const BUMP_PERCENT = 25n;

/** In wei. */
export function toFeeCaps({
  maxFeeGwei = MAX_FEE_GWEI,
  maxPriorityFeeGwei = MAX_PRIORITY_FEE_GWEI,
}: FeeCapConfig): Fees {
  return { maxFeePerGas: parseGwei(String(maxFeeGwei)), maxPriorityFeePerGas: parseGwei(String(maxPriorityFeeGwei)) };
}

/**
 * What the transaction offers at this attempt: what the node names, raised by the attempt, as far as the caps go.
 * @throws MizuError `l1/fee-too-high` (retryable) if what the node names is above the cap before anything is raised
 */
export function capFees(named: Fees, attempt: number, caps: Fees): Fees {
  const bumped = (fee: bigint) =>
    (fee * (100n + BUMP_PERCENT) ** BigInt(attempt)) / 100n ** BigInt(attempt) + BigInt(attempt);
  const base = named.maxFeePerGas - named.maxPriorityFeePerGas;
  // A tip that is too high is none of the block's: less is offered, and it is mined all the same.
  const tip = smaller(named.maxPriorityFeePerGas, caps.maxPriorityFeePerGas);
  if (base + tip > caps.maxFeePerGas) throw feeTooHigh(base + tip, caps.maxFeePerGas);
  const maxPriorityFeePerGas = smaller(bumped(tip), caps.maxPriorityFeePerGas);
  const maxFeePerGas = smaller(bumped(base) + maxPriorityFeePerGas, caps.maxFeePerGas);
  return { maxFeePerGas, maxPriorityFeePerGas: smaller(maxPriorityFeePerGas, maxFeePerGas) };
}

/** Whether an error, or what it came from, is that the cap keeps a transaction back. */
export function isFeeTooHigh(error: unknown): boolean {
  return error instanceof MizuError && error.code === 'l1/fee-too-high';
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function feeTooHigh(named: bigint, cap: bigint): MizuError {
  return new MizuError({
    code: 'l1/fee-too-high',
    message: 'The L1 node names a fee above the cap: nothing is signed.',
    expected: `at most ${formatGwei(cap)} gwei for one unit of gas`,
    actual: `${formatGwei(named)} gwei`,
    hint: 'Compare it with another L1 node. If it is the true price, raise maxFeeGwei (--max-fee-gwei of the command line), or wait.',
    retryable: true,
  });
}
