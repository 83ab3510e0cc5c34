// docs/edge.md#limits: requests and tokens a minute, first come first served.

export type Limiter = {
  /** Resolves when a request of so many tokens may go. Rejects with the signal's reason if that aborts first. */
  acquire(tokens: number, signal: AbortSignal): Promise<void>;
  /** Replaces the estimated tokens of a request by those that it took. */
  correct(estimated: number, actual: number): void;
  /** Holds all calls for so many milliseconds: the endpoint has asked for it. */
  pause(ms: number): void;
};

export type LimiterOptions = {
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly now: () => number;
};

type Bucket = { readonly perMs: number; readonly capacity: number; level: number };
type Waiting = { readonly tokens: number; go(): void };

const MINUTE_MS = 60_000;
// An idle endpoint takes a tenth of a minute's allowance at once.
const BURST_SHARE = 0.1;

export function createLimiter({ requestsPerMinute, tokensPerMinute, now }: LimiterOptions): Limiter {
  const requests = createBucket(requestsPerMinute);
  const tokens = createBucket(tokensPerMinute);
  const waiting: Waiting[] = [];
  let refilledAt = now();
  let pausedUntil = 0;
  let timer: NodeJS.Timeout | undefined;

  const refill = () => {
    const passed = now() - refilledAt;
    refilledAt += passed;
    for (const bucket of [requests, tokens])
      bucket.level = Math.min(bucket.capacity, bucket.level + passed * bucket.perMs);
  };

  // A request above the whole capacity goes when the bucket is full, and puts it into debt.
  const waitMs = (need: number) => {
    const lacks = (bucket: Bucket, amount: number) => {
      const missing = Math.min(amount, bucket.capacity) - bucket.level;
      return missing <= 0 ? 0 : missing / bucket.perMs;
    };
    return Math.max(pausedUntil - now(), lacks(requests, 1), lacks(tokens, need));
  };

  const pump = () => {
    clearTimeout(timer);
    timer = undefined;
    refill();
    while (waiting.length > 0) {
      const next = waiting[0] as Waiting;
      const ms = waitMs(next.tokens);
      if (ms > 0) {
        timer = setTimeout(pump, Math.ceil(ms));
        return;
      }
      waiting.shift();
      requests.level -= 1;
      tokens.level -= next.tokens;
      next.go();
    }
  };

  const isFree = requestsPerMinute === undefined && tokensPerMinute === undefined;
  return {
    acquire: async (need, signal) => {
      signal.throwIfAborted();
      if (isFree && pausedUntil === 0) return;
      await new Promise<void>((resolve, reject) => {
        const onAbort = () => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason);
          pump();
        };
        const entry = {
          tokens: need,
          go: () => {
            signal.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.push(entry);
        pump();
      });
    },
    correct: (estimated, actual) => {
      refill();
      tokens.level = Math.min(tokens.capacity, tokens.level + estimated - actual);
    },
    pause: (ms) => {
      pausedUntil = Math.max(pausedUntil, now() + ms);
      pump();
    },
  };
}

function createBucket(perMinute: number | undefined): Bucket {
  if (perMinute === undefined) return { perMs: 1, capacity: Number.POSITIVE_INFINITY, level: Number.POSITIVE_INFINITY };
  const capacity = Math.max(1, perMinute * BURST_SHARE);
  return { perMs: perMinute / MINUTE_MS, capacity, level: capacity };
}
