// docs/prover.md#node: follow L1 and work, round after round, until told to stop; what other parties refuse is tried again.
import { setTimeout as delay } from 'node:timers/promises';
import { BaseError } from 'viem';
import { MizuError } from '../protocol/errors.ts';

export type Follower = {
  /** Until the signal aborts; tells of every change. */
  follow(signal: AbortSignal, changed: () => void): Promise<void>;
  /** One round: all that can be done now. */
  work(signal: AbortSignal): Promise<void>;
  onRetry(error: unknown, againInMs: number): void;
};

const LAST_BACKOFF_MS = 30_000;

/** @throws Error on what cannot heal: a broken invariant, or a refusal that says it is not retryable */
export async function followAndWork(follower: Follower, pollMs: number, signal: AbortSignal): Promise<void> {
  let wake = () => {};
  const following = follower.follow(signal, () => wake());
  // Its failure is met below, at the next turn.
  following.catch(() => undefined);
  let backoffMs = pollMs;
  while (!signal.aborted) {
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    try {
      await follower.work(signal);
      backoffMs = pollMs;
    } catch (error) {
      if (signal.aborted) break;
      if (!isPassing(error)) throw error;
      backoffMs = Math.min(LAST_BACKOFF_MS, backoffMs * 2);
      follower.onRetry(error, backoffMs);
    }
    const pause = new AbortController();
    const paused = delay(backoffMs, undefined, { signal: AbortSignal.any([signal, pause.signal]) }).catch(ignoreAbort);
    await Promise.race([woken, paused, following]);
    pause.abort();
    await paused;
  }
  await following;
}

/** Refusals of other parties pass; what the contracts refuse is often a race with another executor. */
function isPassing(error: unknown): boolean {
  if (error instanceof MizuError) return error.retryable || error.code.startsWith('l1/');
  return error instanceof BaseError;
}

function ignoreAbort(error: unknown): void {
  if ((error as Error).name !== 'AbortError') throw error;
}
