// docs/operations.md#fee-caps: what a transaction may pay, whatever an L1 node says that it costs.
import { formatGwei, parseGwei } from 'viem';
import { MizuError } from '../../protocol/errors.ts';

/** In gwei, as configurations say it. */
export type FeeCapConfig = {
  /** The most that a transaction offers for one unit of gas. Default 1,000. */
  readonly maxFeeGwei?: number | undefined;
  /** The most of it that goes to the block's builder. This part is always paid in full. Default 20. */
  readonly maxPriorityFeeGwei?: number | undefined;
};

/** In wei for one unit of gas. */
export type Fees = { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint };

/** Blocks have never cost more than this for long, so the cap does not keep back what need not wait. */
export const MAX_FEE_GWEI = 1_000;
export const MAX_PRIORITY_FEE_GWEI = 20;
/** By how much each further attempt offers more. Most nodes demand 10 % more of a replacement. */
export const BUMP_PERCENT = 25n;

/** The caps of a configuration, in wei. */
export function toFeeCaps({
  maxFeeGwei = MAX_FEE_GWEI,
  maxPriorityFeeGwei = MAX_PRIORITY_FEE_GWEI,
}: FeeCapConfig): Fees {
  return { maxFeePerGas: parseGwei(String(maxFeeGwei)), maxPriorityFeePerGas: parseGwei(String(maxPriorityFeeGwei)) };
}

/**
 * What a transaction offers at this attempt, from 0: the fees that the node names, raised with each attempt, up to the
 * caps.
 * @throws MizuError `l1/fee-too-high` (retryable) if what the node names is above the cap before anything is raised
 */
export function capFees(named: Fees, attempt: number, caps: Fees): Fees {
  const bumped = (fee: bigint) =>
    (fee * (100n + BUMP_PERCENT) ** BigInt(attempt)) / 100n ** BigInt(attempt) + BigInt(attempt);
  const base = named.maxFeePerGas - named.maxPriorityFeePerGas;
  // The block does not demand a tip above the cap: less is offered, and the transaction is mined all the same.
  const tip = smaller(named.maxPriorityFeePerGas, caps.maxPriorityFeePerGas);
  if (base + tip > caps.maxFeePerGas) throw feeTooHigh(base + tip, caps.maxFeePerGas);
  const maxPriorityFeePerGas = smaller(bumped(tip), caps.maxPriorityFeePerGas);
  const maxFeePerGas = smaller(bumped(base) + maxPriorityFeePerGas, caps.maxFeePerGas);
  return { maxFeePerGas, maxPriorityFeePerGas: smaller(maxPriorityFeePerGas, maxFeePerGas) };
}

/** Whether the error says that the cap keeps a transaction back. */
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
