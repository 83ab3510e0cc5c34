// docs/edge.md#pace: how many rows a worker is given at a time: what it has asked for, and more if it answers faster.

export type WorkerPace = {
  /** The worker has answered a lease of so many rows. */
  answered(rows: number): void;
  /** The most rows that it may have at one time. */
  room(): number;
  /** The rows of its next lease. */
  leaseRows(): number;
};

/** Leases of which its room is made: one can be on its way while the others are worked on. */
const LEASES_IN_ROOM = 4;
/** The most rows of a worker that answers faster than its credits allow for. */
const MOST_ROWS = 1_024;
/** Milliseconds after which an answer counts a third (1/e) in the rate: leases that end at once make nobody fast. */
const MEMORY_MS = 2_000;

/** What was answered since the start counts as if it had taken so long at least: a first lease makes nobody fast. */
const LEAST_MS = 500;

/**
 * `credits`: rows that the worker has said it takes at a time; `most`: rows of a lease; `now`: milliseconds. A signature
 * costs as much as many rows of a fast model, so who answers fast has longer leases: of a quarter of what it answers in a
 * second.
 */
export function createWorkerPace(credits: number, most: number, now: () => number): WorkerPace {
  const began = now();
  let last = began;
  let rowsPerMs = 0;
  const counted = () => rowsPerMs * Math.exp((last - now()) / MEMORY_MS);
  // Of a worker that has just come only a part of the memory is filled: else its leases would be short for seconds.
  const filled = () => 1 - Math.exp(-Math.max(LEAST_MS, now() - began) / MEMORY_MS);
  const rate = () => counted() / filled();
  const room = () => Math.max(credits, Math.min(MOST_ROWS, Math.ceil(rate() * 1000)));
  return {
    answered(rows) {
      rowsPerMs = counted() + rows / MEMORY_MS;
      last = now();
    },
    room,
    leaseRows: () => Math.min(most, Math.ceil(room() / LEASES_IN_ROOM)),
  };
}
