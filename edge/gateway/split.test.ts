import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitPayment } from './split.ts';

const [ann, ben, cy] = ['a', 'b', 'c'].map((digit) => `0x${digit.repeat(40)}` as const) as [
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
];

test('the workers’ part goes by what the tokens of their rows cost, and the gateway keeps the rest', () => {
  const shares = [
    { worker: ann, weight: 30n },
    { worker: ben, weight: 10n },
    { worker: cy, weight: 0n },
  ];
  expect(splitPayment(1_000n, 8_000, shares).map(({ wei }) => wei)).toEqual([600n, 200n, 0n]);
  // The run paid for fewer tokens than were told: everyone has the same part less.
  expect(splitPayment(7n, 8_000, shares).map(({ wei }) => wei)).toEqual([3n, 1n, 0n]);
  expect(splitPayment(1_000n, 0, shares).map(({ wei }) => wei)).toEqual([0n, 0n, 0n]);
  expect(splitPayment(1_000n, 10_000, [])).toEqual([]);
  expect(splitPayment(1_000n, 10_000, [{ worker: ann, weight: 0n }])).toEqual([]);
});

test('no more is given than was paid, and less than a wei a worker is left over', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 200n }),
      fc.integer({ min: 0, max: 10_000 }),
      fc.array(fc.bigInt({ min: 1n, max: 2n ** 100n }), { minLength: 1, maxLength: 20 }),
      (paid, basisPoints, weights) => {
        const given = splitPayment(
          paid,
          basisPoints,
          weights.map((weight) => ({ worker: ann, weight })),
        ).reduce((sum, { wei }) => sum + wei, 0n);
        const part = (paid * BigInt(basisPoints)) / 10_000n;
        expect(given).toBeLessThanOrEqual(part);
        expect(part - given).toBeLessThan(BigInt(weights.length));
      },
    ),
  );
});
