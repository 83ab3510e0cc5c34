// docs/operations.md#places: measures whether a body comes at least as fast as the least rate.

export type Pace = {
  /** How much later a body may come than it would at the least rate. */
  readonly graceSeconds: number;
  readonly bytesPerSecond: number;
};

export type PaceMeter = {
  readonly pace: Pace;
  /** Begins the sender's time. Before that, the body waits for the service. */
  begin(): void;
  add(bytes: number): void;
  /** Says that all bytes are there. From here on the service takes the time. */
  finish(): void;
  bytes(): number;
  seconds(): number;
  /**
   * Milliseconds until the body is `allowedSeconds` later than at the least rate. It is infinite before `begin` and
   * after `finish`.
   */
  leftMs(allowedSeconds: number): number;
};

/** How late a body may be when all places are taken: a round trip or two, far below the grace. */
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
