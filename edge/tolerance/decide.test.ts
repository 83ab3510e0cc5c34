// docs/court.md#samples
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, type JudgedSample, MIN_BEYOND, oddsOfConviction, SAMPLES } from './decide.ts';

const sample = (isOwn: boolean, isBeyond: boolean): JudgedSample => ({ isOwn, isBeyond });
const NONE = { own: 0, others: 0 };
const of = (own: number, ownBeyond: number, others: number, othersBeyond: number) => [
  ...Array.from({ length: own }, (_, i) => sample(true, i < ownBeyond)),
  ...Array.from({ length: others }, (_, i) => sample(false, i < othersBeyond)),
];

describe('ten answers', () => {
  test.each([
    ['none is beyond', of(10, 0, 0, 0), 'same'],
    ['three are', of(10, 3, 0, 0), 'same'],
    ['four are', of(10, 4, 0, 0), 'other'],
    ['one of the item and three before it', of(1, 1, 9, 3), 'other'],
    ['four before it, and none of the item', of(1, 0, 9, 4), 'same'],
    ['one of one', of(1, 1, 0, 0), 'unknown'],
    ['four of four', of(4, 4, 0, 0), 'other'],
    ['three of nine', of(9, 3, 0, 0), 'unknown'],
    ['one of one that is not', of(1, 0, 0, 0), 'same'],
    ['none at all', [], 'unknown'],
  ] as const)('%s', (_, judged, decision) => {
    expect(decide(judged, NONE)).toBe(decision);
  });

  test('are not scored any more once nothing can change, and the end is the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: SAMPLES }),
        fc.array(fc.boolean(), { maxLength: SAMPLES }),
        (own, others) => {
          const all = [...own.map((one) => sample(true, one)), ...others.map((one) => sample(false, one))].slice(
            0,
            SAMPLES,
          );
          const whole = decide(all, NONE);
          for (let at = 0; at <= all.length; at++) {
            const left = all.slice(at);
            const isOwn = left.filter((one) => one.isOwn).length;
            const early = decide(all.slice(0, at), { own: isOwn, others: left.length - isOwn });
            if (early !== undefined) expect(early).toBe(whole);
          }
        },
      ),
    );
  });

  test('convict nobody of whom fewer than four are beyond', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: SAMPLES }), (pairs) => {
        const judged = pairs.map(([isOwn, isBeyond]) => sample(isOwn, isBeyond));
        const beyond = judged.filter(({ isBeyond }) => isBeyond).length;
        if (beyond < MIN_BEYOND) expect(decide(judged, NONE)).not.toBe('other');
      }),
    );
  });

  test('convict by accident with these odds', () => {
    expect(oddsOfConviction(0)).toBe(0);
    expect(oddsOfConviction(1)).toBe(1);
    expect(oddsOfConviction(0.01)).toBeCloseTo(2e-6, 7);
    expect(oddsOfConviction(0.3)).toBeCloseTo(0.3504, 4);
    expect(oddsOfConviction(0.01, 5)).toBeLessThan(oddsOfConviction(0.01));
  });
});
