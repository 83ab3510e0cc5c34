// docs/court.md#distance
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countedGaps, distanceOf, leastGapOfOthers, MAX_GAP_NATS, WINDOW_TOKENS } from './distance.ts';

const gaps = fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { maxLength: 120 });

describe('the distance of an answer', () => {
  test('is the largest sum over 32 tokens in a row, divided by 32', () => {
    expect(distanceOf([])).toBe(0);
    expect(distanceOf([3.2])).toBeCloseTo(0.1);
    expect(distanceOf(new Array(100).fill(0.5))).toBeCloseTo(0.5);
    expect(distanceOf([...new Array(60).fill(0), 8, 8, ...new Array(60).fill(0)])).toBeCloseTo(0.5);
    expect(distanceOf([16, ...new Array(40).fill(0), 16])).toBeCloseTo(0.5);
    expect(distanceOf([1_000])).toBe(MAX_GAP_NATS / WINDOW_TOKENS);
  });

  test('never becomes smaller by what is added before or behind', () => {
    fc.assert(
      fc.property(gaps, gaps, gaps, (before, some, behind) => {
        expect(distanceOf([...before, ...some, ...behind])).toBeGreaterThanOrEqual(distanceOf(some) - 1e-9);
      }),
    );
  });

  test('is that of the slowest definition', () => {
    fc.assert(
      fc.property(gaps, (some) => {
        const bounded = some.map((gap) => Math.min(MAX_GAP_NATS, gap));
        const sums = bounded.map((_, i) => bounded.slice(i, i + WINDOW_TOKENS).reduce((sum, gap) => sum + gap, 0));
        expect(distanceOf(some)).toBeCloseTo(Math.max(0, ...sums) / WINDOW_TOKENS, 6);
      }),
    );
  });
});

describe('the end of an answer', () => {
  const request = { messages: [{ role: 'user', content: 'Say it.' }] };
  const score = { gaps: [1, 2], endGap: 4 };

  test('counts where the model itself is said to have ended', () => {
    expect(countedGaps(score, request, 'stop')).toEqual([1, 2, 4]);
    expect(countedGaps(score, request, 'length')).toEqual([1, 2]);
    expect(countedGaps(score, request, undefined)).toEqual([1, 2]);
    expect(countedGaps(score, { ...request, stop: ['.'] } as never, 'stop')).toEqual([1, 2]);
    expect(countedGaps(score, { ...request, response_format: { type: 'json_object' } }, 'stop')).toEqual([1, 2]);
  });

  test('is as unlikely as what the likeliest token leaves to all others', () => {
    expect(leastGapOfOthers(Math.log(0.3))).toBe(0);
    expect(leastGapOfOthers(Math.log(0.9))).toBeCloseTo(Math.log(9));
    expect(leastGapOfOthers(0)).toBe(MAX_GAP_NATS);
  });
});
