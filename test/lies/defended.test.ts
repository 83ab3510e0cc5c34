// docs/disputes.md#lies: some of the fake challengers of `npm run lies` against an honest executor.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Defended, openDefended } from './defended.ts';
import { slashedAccounts } from './funds.ts';

let defended: Defended;

beforeAll(async () => {
  defended = await openDefended();
});

afterAll(async () => {
  await defended?.close();
});

test('an honest executor answers a fake challenger and the calls that L1 refuses, and is richer in the end', async () => {
  const rows = [];
  for await (const row of defended.rows((name) => /^fake: (is silent after his list 1|calls)/.test(name)))
    rows.push(row);
  expect(rows.length).toBeGreaterThan(4);
  for (const { lie, caught, honest } of rows) {
    expect({ lie, caught }).toEqual({ lie, caught: true });
    expect(honest.wonWei).toBeGreaterThanOrEqual(0n);
  }
  expect(rows.some(({ honest, liar }) => honest.wonWei > 0n && liar.wonWei < 0n)).toBe(true);
  expect(await slashedAccounts(defended.network)).toEqual([]);
});
