import { expect, test } from 'vitest';
import { MizuError } from '../protocol/errors.ts';
import type { Logger } from '../service/process/log.ts';
import { tellKeptBack } from './kept-back.ts';

test('what the fee cap keeps back is told at the level error with the time that is left, and fails as it did', async () => {
  const told: unknown[] = [];
  const log = { error: (fields: unknown) => told.push(fields) } as unknown as Logger;
  const tooHigh = new MizuError({ code: 'l1/fee-too-high', message: 'x', retryable: true });
  const reverted = new MizuError({ code: 'l1/reverted', message: 'x' });
  const atStake = () => ({ game: '0x01', secondsLeft: 60 });
  await expect(tellKeptBack(Promise.reject(tooHigh), log, atStake)).rejects.toBe(tooHigh);
  await expect(tellKeptBack(Promise.reject(reverted), log, atStake)).rejects.toBe(reverted);
  expect(await tellKeptBack(Promise.resolve(7), log, atStake)).toBe(7);
  expect(told).toEqual([{ err: tooHigh, game: '0x01', secondsLeft: 60 }]);
});
