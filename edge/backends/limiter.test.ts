import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLimiter } from './limiter.ts';

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

const never = new AbortController().signal;

function record(limiter: ReturnType<typeof createLimiter>, count: number, tokens: number): number[] {
  const at: number[] = [];
  for (let i = 0; i < count; i++) void limiter.acquire(tokens, never).then(() => at.push(Date.now()));
  return at;
}

describe('limiter', () => {
  test('requests a minute: a tenth at once, then evenly', async () => {
    const at = record(createLimiter({ requestsPerMinute: 60, tokensPerMinute: undefined, now: Date.now }), 9, 1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(at).toEqual([0, 0, 0, 0, 0, 0, 1000, 2000, 3000]);
  });

  test('tokens a minute', async () => {
    const at = record(createLimiter({ requestsPerMinute: undefined, tokensPerMinute: 60_000, now: Date.now }), 4, 3000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(at).toEqual([0, 0, 3000, 6000]);
  });

  test('tokens that were not used come back', async () => {
    const limiter = createLimiter({ requestsPerMinute: undefined, tokensPerMinute: 60_000, now: Date.now });
    const at = record(limiter, 3, 3000);
    await vi.advanceTimersByTimeAsync(0);
    limiter.correct(6000, 1000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(at).toEqual([0, 0, 3000]);
    const later = record(limiter, 1, 3000);
    await vi.advanceTimersByTimeAsync(1);
    expect(later).toEqual([10_000]);
  });

  test('a pause holds everyone', async () => {
    const limiter = createLimiter({ requestsPerMinute: undefined, tokensPerMinute: undefined, now: Date.now });
    limiter.pause(2000);
    const at = record(limiter, 2, 1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(at).toEqual([2000, 2000]);
  });

  test('an abort leaves the queue', async () => {
    const limiter = createLimiter({ requestsPerMinute: 10, tokensPerMinute: undefined, now: Date.now });
    const stop = new AbortController();
    await limiter.acquire(1, never);
    const waiting = limiter.acquire(1, stop.signal);
    const after = record(limiter, 1, 1);
    stop.abort(new Error('over'));
    await expect(waiting).rejects.toThrow('over');
    await vi.advanceTimersByTimeAsync(6000);
    expect(after).toEqual([6000]);
  });
});
