// docs/disputes.md#numbers
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  leafAfter,
  leafBefore,
  sinceGenesis,
  stepAfter,
  stepTo,
  toLeafIndex,
  toStepInAssertion,
} from './step-numbers.ts';

test('step 1 of an assertion behind step 8 leads from leaf 1 to leaf 2, and is the tenth since genesis', () => {
  const step = toStepInAssertion(1);
  expect([leafBefore(step), leafAfter(step), sinceGenesis(step, 8n)]).toEqual([1, 2, 10n]);
  expect(stepTo(toLeafIndex(2))).toBe(1);
  expect(sinceGenesis(toStepInAssertion(0), 0n)).toBe(1n);
});

test('whatever the place, the conversions fit each other', () => {
  fc.assert(
    fc.property(fc.nat(65_536), fc.bigInt(0n, 2n ** 63n), (index, parentStep) => {
      const step = toStepInAssertion(index);
      expect(stepTo(leafAfter(step))).toBe(index);
      expect(sinceGenesis(step, parentStep)).toBe(stepAfter(parentStep + BigInt(leafBefore(step))));
    }),
  );
});

test('no step leads to leaf 0, and there are no others than counts', () => {
  expect(() => stepTo(toLeafIndex(0))).toThrow('got -1');
  expect(() => toLeafIndex(-1)).toThrow();
  expect(() => toStepInAssertion(0.5)).toThrow();
});
