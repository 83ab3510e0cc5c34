// docs/operations.md#fee-caps: a move that the fee cap keeps back is logged as an error, because our time runs meanwhile.
import { isFeeTooHigh } from '../service/l1/fees.ts';
import type { Logger } from '../service/process/log.ts';

/** What a party loses if it does not act, and how many seconds it has left. */
export type AtStake = { readonly game?: string; readonly demands?: number; readonly secondsLeft: number | undefined };

/**
 * The result is that of the call. If the cap on fees keeps the call back, an error is logged each time that it is
 * tried.
 */
export async function tellKeptBack<T>(sending: Promise<T>, log: Logger, atStake: () => AtStake): Promise<T> {
  try {
    return await sending;
  } catch (err) {
    if (isFeeTooHigh(err))
      log.error({ err, ...atStake() }, 'the fee cap keeps our answer back while our time runs: raise maxFeeGwei');
    throw err;
  }
}
