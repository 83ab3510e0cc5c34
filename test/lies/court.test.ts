// docs/court.md#attacks: every attack comes to what it must, and nobody can outvote others with less than the rules say.
import { expect, test } from 'vitest';
import { missingPeers } from '../peers/install.fixture.ts';
import { luckOf } from './court/luck.ts';
import { isAsRuled } from './court/outvote.ts';
import { playAttacks } from './court/pass.ts';

test('every attack comes to what it must, and nothing of what is lost is nowhere', async () => {
  const { rows, outvoting } = await playAttacks(undefined, () => undefined);
  expect(rows.filter(({ faults }) => faults.length > 0)).toEqual([]);
  // Without model engines there are none of class B.
  expect(rows).toHaveLength((await missingPeers()) === undefined ? 40 : 37);
  expect(new Set(rows.map(({ attack }) => attack)).size).toBe(rows.length);
  expect(outvoting?.played.filter((row) => !isAsRuled(row))).toEqual([]);
  expect(outvoting?.played.map(({ percent }) => percent)).toEqual([10, 20, 33, 34, 50, 51, 66, 67, 80, 90]);
});

test('attacks that do not exist are refused with the names of those that do', async () => {
  await expect(playAttacks('nothing', () => undefined)).rejects.toThrow('expected one of votes, gateways');
});

test('luck in a first round of many small voters', () => {
  const [third, majority] = luckOf([{ percent: 33 }, { percent: 50 }], 21);
  expect(third!.convicts).toBeCloseTo(0.0012, 4);
  expect(third!.saves).toBeCloseTo(0.445, 2);
  expect(majority!.convicts).toBeLessThan(0.07);
});
