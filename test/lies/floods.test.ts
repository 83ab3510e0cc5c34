// docs/disputes.md#lies: floods of demands against an honest executor.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Defended } from './defended.ts';
import { openFlooded, playFloods } from './floods.ts';
import { slashedAccounts } from './funds.ts';

const MIZU = 10n ** 18n;

let defended: Defended;

beforeAll(async () => {
  defended = await openFlooded();
});

afterAll(async () => {
  await defended?.close();
});

test('all leaves of a true assertion, demanded at once, are shown, and the sender has paid for the crowd', async () => {
  const rows = [];
  for await (const row of playFloods(defended)) rows.push(row);
  expect(rows.map(({ caught }) => caught)).toEqual([true, true]);
  const [once, waves] = rows;
  // 65 that are open at once cost 5 * 65 * 66 / 2, four times twelve 4 * 5 * 12 * 13 / 2: the more at once, the dearer.
  expect(once?.liar.wonWei).toBe(-10_725n * MIZU);
  expect(waves?.liar.wonWei).toBe(-1_560n * MIZU);
  expect(once?.honest.wonWei).toBeGreaterThan(0n);
  expect(await slashedAccounts(defended.network)).toEqual([]);
});
