// docs/prover.md#node: follow L1 and work, round after round, until told to stop; what other parties refuse is tried again.
import { setTimeout as delay } from 'node:timers/promises';
import { BaseError } from 'viem';
import { MizuError } from '../protocol/errors.ts';

/** One round does all that can be done now. The result is true if that may give other tasks work. */
export type LoopRound = (signal: AbortSignal) => Promise<boolean>;

export type Follower = {
  /** Follows L1 until the signal aborts, and calls `changed` at every change. */
  follow(signal: AbortSignal, changed: () => void): Promise<void>;
  /** The rounds run side by side: one that waits for L1 must not keep the others waiting. */
  readonly tasks: readonly LoopRound[];
  /**
   * Called when a round has failed and is tried again. `again`: the error is the same as the one before, which was told
   * already.
   */
  onRetry(error: unknown, againInMs: number, again: boolean): void;
};

/** Milliseconds between two looks at L1, if the configuration says nothing. */
export const POLL_MS = 500;
const LAST_BACKOFF_MS = 30_000;
/**
 * A block of L1 starts the next round at once. Without one a round begins after so many polls: some work falls due by
 * the clock alone.
 */
const QUIET_POLLS = 4;
/** After so many rounds in a row that have found nothing to do, the pause is `SLOWEST_POLLS`. */
const QUIET_LOOKS = 8;
const SLOWEST_POLLS = 16;

/**
 * Follows L1 and repeats every task until the signal aborts. An error that may pass is followed by another attempt;
 * what this machine lacks may pass, too: room on the disk, memory, files.
 * @throws Error on what cannot heal: a broken invariant, or a refusal that says it is not retryable
 */
export async function followAndWork(follower: Follower, pollMs: number, outer: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  const bells = follower.tasks.map(() => createBell());
  const ringAll = () => {
    for (const bell of bells) bell.ring();
  };
  const following: LoopRound = async () => {
    await follower.follow(signal, ringAll);
    return false;
  };
  const running = [
    repeat(following, createBell(), ringAll, follower.onRetry, pollMs, signal),
    ...follower.tasks.map((task, i) => repeat(task, bells[i] as Bell, ringAll, follower.onRetry, pollMs, signal)),
  ];
  // The first failure stops the others, and is the one that is told.
  const outcome = await Promise.race([
    Promise.all(running).then(() => undefined),
    ...running.map((part) =>
      part.then(
        () => new Promise<undefined>(() => undefined),
        (error: unknown) => ({ error }),
      ),
    ),
  ]);
  failed.abort();
  await Promise.allSettled(running);
  if (outcome !== undefined) throw outcome.error;
}

async function repeat(
  task: LoopRound,
  bell: Bell,
  ringAll: () => void,
  onRetry: Follower['onRetry'],
  pollMs: number,
  signal: AbortSignal,
): Promise<void> {
  let waitMs = pollMs;
  let looks = 0;
  let told = '';
  while (!signal.aborted) {
    const rung = bell.next();
    try {
      const didSomething = await task(signal);
      if (didSomething) ringAll();
      looks = didSomething ? 0 : looks + 1;
      waitMs = quietPause(pollMs, looks);
      told = '';
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
      waitMs = Math.min(LAST_BACKOFF_MS, told === '' ? 2 * pollMs : waitMs * 2);
      const name = nameOf(error);
      onRetry(error, waitMs, name === told);
      told = name;
    }
    const pause = new AbortController();
    const paused = delay(waitMs, undefined, { signal: AbortSignal.any([signal, pause.signal]) }).catch(ignoreAbort);
    await Promise.race([rung, paused]);
    pause.abort();
    await paused;
  }
}

/** The pause in milliseconds after `looks` rounds in a row that have found nothing to do. */
export function quietPause(pollMs: number, looks: number): number {
  return (looks < QUIET_LOOKS ? QUIET_POLLS : SLOWEST_POLLS) * pollMs;
}

type Bell = { ring(): void; next(): Promise<void> };

function createBell(): Bell {
  let ring = () => {};
  return {
    ring: () => ring(),
    next: () =>
      new Promise<void>((resolve) => {
        ring = resolve;
      }),
  };
}

/** Refusals of other parties may pass. What the contracts refuse is often the end of a race with another executor. */
function isPassing(error: unknown): boolean {
  if (error instanceof MizuError) return error.retryable || error.code.startsWith('l1/');
  return error instanceof BaseError || isScarcity(error);
}

/** What an operating system says when a disk, memory or a table is full. */
const SCARCE = new Set(['ENOSPC', 'EDQUOT', 'ENOMEM', 'EMFILE', 'ENFILE', 'EAGAIN', 'EIO', 'LEVEL_IO_ERROR']);
const CAUSES_MAX = 8;

// The store wraps what the disk says; V8 says by a RangeError that there is no memory for an array.
function isScarcity(error: unknown): boolean {
  let cause = error;
  for (let i = 0; i < CAUSES_MAX && cause instanceof Error; i++) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== undefined && SCARCE.has(code)) return true;
    if (cause instanceof RangeError && /allocation failed|out of memory/i.test(cause.message)) return true;
    if (/no space left on device/i.test(cause.message)) return true;
    cause = cause.cause;
  }
  return false;
}

function nameOf(error: unknown): string {
  if (error instanceof MizuError) return error.code;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function ignoreAbort(error: unknown): void {
  if ((error as Error).name !== 'AbortError') throw error;
}
