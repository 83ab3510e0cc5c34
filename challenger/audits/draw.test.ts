import { expect, test } from 'vitest';
import { isItemDrawn } from './draw.ts';

const hash = (byte: string) => `0x${byte.repeat(32)}` as const;
const VALIDATOR = '0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e';

test('all items are drawn at the full rate, and about a tenth at a tenth of it', () => {
  const places = Array.from({ length: 1_000 }, (_, i) => `0x${i.toString(16).padStart(64, '0')}` as const);
  const count = (rate: bigint) => places.filter((place) => isItemDrawn(hash('11'), place, VALIDATOR, rate)).length;
  expect(count(10_000n)).toBe(1_000);
  expect(count(1_000n)).toBe(88);
});

test('another seed and another validator draw others', () => {
  const place = `0x${'0'.repeat(63)}4` as const;
  const draws = Array.from({ length: 64 }, (_, i) =>
    isItemDrawn(hash(i.toString(16).padStart(2, '0')), place, VALIDATOR, 5_000n),
  );
  expect(new Set(draws).size).toBe(2);
});
