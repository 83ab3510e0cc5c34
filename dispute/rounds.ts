// docs/disputes.md#playing: games are isolated for who plays them, too: what fails or takes long in one keeps no other from its move.
import { setTimeout as delay } from 'node:timers/promises';
import type { Hex } from '../protocol/hex.ts';
import type { Logger } from '../service/process/log.ts';

export type Rounds<T> = {
  /**
   * Starts `act` on each item that is neither under way nor waiting after a failure, and waits for all for two seconds
   * at most: what is slower goes on. The result is true if one of them has done something since the last round.
   */
  play(items: readonly T[], act: (item: T) => Promise<boolean>): Promise<boolean>;
  /** Resolves when nothing is under way, and after five seconds at the latest. */
  idle(): Promise<void>;
  readonly counts: { failures: number };
};

export type RoundsOptions = {
  readonly log: Logger;
  readonly firstBackoffMs?: number;
  readonly patienceMs?: number;
};

type Backoff = { readonly waitMs: number; readonly until: number };

const FIRST_BACKOFF_MS = 500;
/** The longest wait after a failure: the clocks of the games run meanwhile. */
const LAST_BACKOFF_MS = 10_000;
const PATIENCE_MS = 2_000;
const IDLE_MS = 5_000;

export function createRounds<T extends { readonly id: Hex }>(options: RoundsOptions): Rounds<T> {
  const { log, firstBackoffMs = FIRST_BACKOFF_MS, patienceMs = PATIENCE_MS } = options;
  const underWay = new Map<Hex, Promise<void>>();
  const backoffs = new Map<Hex, Backoff>();
  const counts = { failures: 0 };
  let didSomething = false;

  async function tryOne(item: T, act: (item: T) => Promise<boolean>): Promise<void> {
    const { id } = item;
    try {
      if (await act(item)) didSomething = true;
      backoffs.delete(id);
    } catch (err) {
      // The process is being closed.
      if ((err as Error).name === 'AbortError') return;
      counts.failures++;
      const waitMs = Math.min(LAST_BACKOFF_MS, (backoffs.get(id)?.waitMs ?? firstBackoffMs / 2) * 2);
      backoffs.set(id, { waitMs, until: Date.now() + waitMs });
      // No error of one game may end the process: the other games would be lost with it.
      log.warn({ err, id, againInMs: waitMs }, 'a move or an attack has failed; it is tried again');
    } finally {
      underWay.delete(id);
    }
  }

  return {
    counts,
    async play(items, act) {
      const ids = new Set(items.map(({ id }) => id));
      for (const id of backoffs.keys()) if (!ids.has(id)) backoffs.delete(id);
      for (const item of items)
        if (!underWay.has(item.id) && Date.now() >= (backoffs.get(item.id)?.until ?? 0))
          underWay.set(item.id, tryOne(item, act));
      await waitAtMost([...underWay.values()], patienceMs);
      const done = didSomething;
      didSomething = false;
      return done;
    },
    idle: () => waitAtMost([...underWay.values()], IDLE_MS),
  };
}

async function waitAtMost(all: readonly Promise<void>[], ms: number): Promise<void> {
  const over = new AbortController();
  const paused = delay(ms, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([Promise.all(all), paused]);
  over.abort();
  await paused;
}
