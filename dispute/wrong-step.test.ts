// docs/disputes.md#judged, docs/disputes.md#numbers
import { expect, test } from 'vitest';
import { concatBytes, type Hex } from '../protocol/hex.ts';
import { encodeStateLeaf } from '../protocol/state.ts';
import { leafAt, toLeafIndex } from '../protocol/step-numbers.ts';
import { describeDifference, findWrongStep } from './wrong-step.ts';

const hash = (digit: string): Hex => `0x${digit.repeat(64)}`;
const leaf = (step: bigint, stateRoot = hash('a'), receiptHash = hash('b')) =>
  encodeStateLeaf({ stateRoot, receiptHash, batch: 0n, message: step, step });
const own = concatBytes([leaf(0n), leaf(1n), leaf(2n)]);

const wrongIn = (claimed: Uint8Array) => {
  const found = findWrongStep(claimed, own);
  if (found.kind !== 'step') throw new Error(`expected a wrong step, got ${found.kind}`);
  return found.wrong;
};

test('names the step that leads to the first leaf that differs, and the fields that do', () => {
  expect(findWrongStep(own, own)).toEqual({ kind: 'equal' });
  const lie = concatBytes([leaf(0n), leaf(1n, hash('c')), leaf(2n, hash('c'), hash('d'))]);
  expect(wrongIn(lie)).toMatchObject({ step: 0, leaf: 1, fields: ['stateRoot'], isMalformed: false });
  expect(describeDifference(wrongIn(lie))).toBe(`stateRoot claimed ${hash('c')}, own ${hash('a')}`);
  const late = concatBytes([leaf(0n), leaf(1n), leaf(2n, hash('a'), hash('e'))]);
  expect(wrongIn(late)).toMatchObject({ step: 1, leaf: 2, fields: ['receiptHash'], isMalformed: false });
});

test('a leaf with another cursor or other zeros is malformed', () => {
  expect(wrongIn(concatBytes([leaf(0n), leaf(2n), leaf(2n)]))).toMatchObject({ step: 0, isMalformed: true });
  const broken = own.slice();
  broken[2 * 128 + 127] = 1;
  expect(wrongIn(broken)).toMatchObject({ step: 1, leaf: 2, fields: ['bytes'], isMalformed: true });
  expect(describeDifference(wrongIn(broken))).toContain('claimed leaf 0x');
});

test('a list that ends early differs in the step that it leaves out', () => {
  expect(wrongIn(own.subarray(0, 256))).toMatchObject({ step: 1, leaf: 2, fields: ['bytes'], isMalformed: true });
});

test('a list that begins with another leaf has its fault before its first step', () => {
  const behindLie = concatBytes([leaf(0n, hash('c')), leaf(1n, hash('c')), leaf(2n, hash('c'))]);
  expect(findWrongStep(behindLie, own)).toMatchObject({ kind: 'start', difference: { fields: ['stateRoot'] } });
  expect(leafAt(own, toLeafIndex(2))).toEqual(leaf(2n));
});
