// docs/operations.md#sequencer: what the Inbox says against a batch is told by the fields of its error, not by the words it is shown in.
import { expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import { ContractRevert, isRevert } from '../../service/l1/revert.ts';
import { isTooOld } from './poster.ts';

const refused = (name: string, ...args: bigint[]) => new ContractRevert('postBatch', name, args);

test('a batch is too old if its time lies before the range that L1 takes, not if it lies behind it', () => {
  expect(isTooOld(refused('TimestampOutOfRange', 100n, 200n, 99n))).toBe(true);
  expect(isTooOld(refused('TimestampOutOfRange', 100n, 200n, 201n))).toBe(false);
  expect(isTooOld(refused('TimestampOutOfRange', 2n ** 80n, 2n ** 81n, 2n ** 80n - 1n))).toBe(true);
  expect(isTooOld(refused('NotTurn', 100n, 200n, 99n))).toBe(false);
});

test('an error that only shows the same words says nothing', () => {
  const actual = 'TimestampOutOfRange(100, 200, 99)';
  expect(refused('TimestampOutOfRange', 100n, 200n, 99n).actual).toBe(actual);
  const same = new MizuError({ code: 'l1/reverted', message: 'postBatch would be reverted.', actual });
  expect([isTooOld(same), isRevert(same, 'TimestampOutOfRange')]).toEqual([false, false]);
});
