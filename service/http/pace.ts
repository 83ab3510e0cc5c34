// docs/operations.md#places: whether a body comes at least as fast as the least rate, from its beginning on.

export type Pace = {
  /** How much later than at the least rate a body may be. */
  readonly graceSeconds: number;
  readonly bytesPerSecond: number;
};

export type PaceMeter = {
  readonly pace: Pace;
  /** The sender's time begins. Before, the body waits for the service. */
  begin(): void;
  add(bytes: number): void;
  /** All is there. What takes time from here on is the service. */
  finish(): void;
  bytes(): number;
  seconds(): number;
  /** Milliseconds until it is so much later than at the least rate; infinite before its beginning and when all is there. */
  leftMs(allowedSeconds: number): number;
};

/** When all places are taken: a round trip or two, far below the grace. */
export function firstSeconds({ graceSeconds }: Pace): number {
  return graceSeconds / 10;
}

export function createPaceMeter(pace: Pace, now: () => number = () => performance.now()): PaceMeter {
  let begunAt: number | undefined;
  let isFinished = false;
  let received = 0;
  const elapsedMs = () => (begunAt === undefined ? 0 : now() - begunAt);
  return {
    pace,
    begin: () => {
      begunAt = now();
    },
    add: (bytes) => {
      received += bytes;
    },
    finish: () => {
      isFinished = true;
    },
    bytes: () => received,
    seconds: () => elapsedMs() / 1000,
    leftMs: (allowedSeconds) => {
      if (begunAt === undefined || isFinished) return Number.POSITIVE_INFINITY;
      return allowedSeconds * 1000 + (received * 1000) / pace.bytesPerSecond - elapsedMs();
    },
  };
}
