// docs/operations.md#slices: requests are served in time slices; among those that wait, the address that has had the least time goes first.
import { MizuError } from '../../protocol/errors.ts';

export type FairQueueOptions = {
  /** The number of slices at one time. */
  readonly places: number;
  /** The most requests of one peer that may wait. */
  readonly waitingPerPeer: number;
  /** Whether the process has work of its own, which goes before requests. */
  readonly hasOwnWork?: (() => boolean) | undefined;
  readonly clock?: QueueClock;
};

export type QueueClock = {
  /** Milliseconds. */
  now(): number;
  /** Calls back after `ms` milliseconds. After 0 it does so as soon as everything else that is ready has been done. */
  after(ms: number, then: () => void): void;
};

export type Slice = {
  /** Gives the slice up for a wait that takes little of this process's time, and then waits for another slice. */
  outside<T>(wait: () => Promise<T> | T): Promise<T>;
  leave(): void;
};

export type FairQueue = {
  /** Resolves when the request may be served. @throws MizuError `http/too-many` */
  enter(peer: string): Promise<Slice>;
};

type Peer = {
  readonly queue: (() => void)[];
  /** The slices that it has now, each with the time at which it began, in milliseconds. */
  readonly slices: Set<{ readonly since: number }>;
  /** Milliseconds served. A peer that comes anew begins where the others are, so the scale is relative. */
  used: number;
};

const MACHINE: QueueClock = {
  now: () => performance.now(),
  after: (ms, then) => void (ms === 0 ? setImmediate(then) : setTimeout(then, ms)),
};
/** The most peers that are remembered. A peer with neither a slice nor a request is forgotten when others come. */
const MAX_REMEMBERED = 4_096;
/** Timers know no shorter time. */
const LEAST_REST_MS = 1;

/** The queue is bounded by the connections, because each of them has one request at a time. */
export function createFairQueue({
  places,
  waitingPerPeer,
  hasOwnWork = () => false,
  clock = MACHINE,
}: FairQueueOptions): FairQueue {
  const peers = new Map<string, Peer>();
  let running = 0;
  let waiting = 0;
  /**
   * What the peer that was served last had used by then, in milliseconds. A peer that comes anew begins there, not at
   * 0.
   */
  let level = 0;
  /** Milliseconds that the process's own work is owed. */
  let owedRest = 0;
  let isResting = false;

  const usedBy = ({ used, slices }: Peer): number => {
    const now = clock.now();
    let sum = used;
    for (const { since } of slices) sum += now - since;
    return sum;
  };

  const find = (name: string): Peer => {
    const peer: Peer = peers.get(name) ?? { queue: [], slices: new Set(), used: level };
    if (isIdle(peer)) peer.used = Math.max(peer.used, level);
    // The peer that came last stands last.
    peers.delete(name);
    peers.set(name, peer);
    for (const [oldest, old] of peers) {
      if (peers.size <= MAX_REMEMBERED) break;
      if (old !== peer && isIdle(old)) peers.delete(oldest);
    }
    return peer;
  };

  const pump = (): void => {
    while (waiting > 0 && !isResting && running < (hasOwnWork() ? 1 : places)) {
      let next: Peer | undefined;
      let least = Number.POSITIVE_INFINITY;
      for (const peer of peers.values()) {
        if (peer.queue.length === 0) continue;
        const used = usedBy(peer);
        if (used < least) [next, least] = [peer, used];
      }
      if (next === undefined) throw new Error(`${waiting} requests wait, and no peer has one`);
      level = Math.max(level, least);
      waiting -= 1;
      next.queue.shift()?.();
    }
  };

  // The process's own work gets as much time as it has given away.
  const rest = (took: number): void => {
    owedRest = hasOwnWork() ? owedRest + took : 0;
    if (isResting || owedRest < LEAST_REST_MS) {
      clock.after(0, pump);
      return;
    }
    isResting = true;
    clock.after(owedRest, () => {
      isResting = false;
      pump();
    });
    owedRest = 0;
  };

  const begin = (peer: Peer): (() => void) => {
    const slice = { since: clock.now() };
    peer.slices.add(slice);
    running += 1;
    return () => {
      if (!peer.slices.delete(slice)) return;
      running -= 1;
      const took = clock.now() - slice.since;
      peer.used += took;
      rest(took);
    };
  };

  const wait = (peer: Peer): Promise<() => void> =>
    new Promise((resolve) => {
      peer.queue.push(() => resolve(begin(peer)));
      waiting += 1;
      pump();
    });

  return {
    enter: async (name) => {
      const peer = find(name);
      if (peer.queue.length >= waitingPerPeer) throw tooMany(name, waitingPerPeer);
      let end = await wait(peer);
      let isOver = false;
      return {
        outside: async (work) => {
          end();
          try {
            return await work();
          } finally {
            // A request that was served before goes on: only new requests are refused.
            if (!isOver) end = await wait(find(name));
            if (isOver) end();
          }
        },
        leave: () => {
          isOver = true;
          end();
        },
      };
    },
  };
}

function isIdle({ queue, slices }: Peer): boolean {
  return queue.length === 0 && slices.size === 0;
}

function tooMany(peer: string, perPeer: number): MizuError {
  return new MizuError({
    code: 'http/too-many',
    message: 'Too many requests of this address are waiting.',
    expected: `at most ${perPeer}`,
    actual: `one more of ${peer}`,
    hint: 'Send fewer at once, or a little later.',
    retryable: true,
  });
}
