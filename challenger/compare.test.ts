import { expect, test } from 'vitest';
import { concatBytes, type Hex } from '../protocol/hex.ts';
import { encodeStateLeaf } from '../protocol/state.ts';
import { describeDifference, firstDifference } from './compare.ts';

const hash = (digit: string): Hex => `0x${digit.repeat(64)}`;
const leaf = (step: bigint, stateRoot = hash('a'), receiptHash = hash('b')) =>
  encodeStateLeaf({ stateRoot, receiptHash, batch: 0n, message: step, step });
const own = concatBytes([leaf(0n), leaf(1n), leaf(2n)]);

test('names the first leaf that differs and the fields that do', () => {
  expect(firstDifference(own, own)).toBeUndefined();
  const lie = concatBytes([leaf(0n), leaf(1n, hash('c')), leaf(2n, hash('c'), hash('d'))]);
  const difference = firstDifference(lie, own)!;
  expect(difference).toMatchObject({ index: 1, fields: ['stateRoot'] });
  expect(describeDifference(difference)).toBe(`stateRoot claimed ${hash('c')}, own ${hash('a')}`);
  expect(firstDifference(concatBytes([leaf(0n), leaf(1n, hash('a'), hash('e')), leaf(2n)]), own)).toMatchObject({
    index: 1,
    fields: ['receiptHash'],
  });
});

test('a leaf that is none, or is missing, differs in its bytes', () => {
  const broken = own.slice();
  broken[2 * 128 + 100] = 1;
  expect(firstDifference(broken, own)).toMatchObject({ index: 2, fields: ['bytes'] });
  expect(firstDifference(own.subarray(0, 256), own)).toMatchObject({ index: 2, fields: ['bytes'] });
  expect(describeDifference(firstDifference(broken, own)!)).toContain('claimed leaf 0x');
});
