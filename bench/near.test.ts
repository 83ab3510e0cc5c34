import { expect, test } from 'vitest';
import { createMeasure, MAX_RATIO, missedGoal, type RowGas } from './near.ts';
import { measureRecall, missedRecall } from './recall.ts';

test('a row of a near dedupe costs among 6,000 rows of templates what it costs among 500', async () => {
  const measure = await createMeasure('near');
  const [few, many] = [await measure('templates', 500), await measure('templates', 6_000)];
  const [ratio, paidRatio] = [many.gasPerRow / few.gasPerRow, many.paidPerRow / few.paidPerRow];
  expect(missedGoal([{ ...many, ratio, paidRatio }])).toBeNull();
  expect(ratio).toBeLessThan(1.1);
  expect(many.gasPerRow).toBeLessThan(170_000);
  expect(few.rowsOut).toBeGreaterThan(490);
});

test('a goal that is missed is told', async () => {
  const one: RowGas = {
    operator: 'near',
    texts: 'templates',
    rows: 10,
    rowsOut: 10,
    partitions: 1,
    gasPerRow: 1,
    paidPerRow: 1,
    largestTaskGas: 1,
    cpuSeconds: 0,
  };
  const missed = 'A row of a near dedupe costs 1.60 times what it costs among few.';
  expect(missedGoal([{ ...one, ratio: MAX_RATIO, paidRatio: 1 }])).toBeNull();
  expect(missedGoal([{ ...one, ratio: 1, paidRatio: 1.6 }])).toBe(missed);
  expect(
    missedGoal([
      { ...one, operator: 'sort', ratio: 1.6, paidRatio: 1 },
      { ...one, ratio: 1, paidRatio: 1 },
    ]),
  ).toBeNull();
  const thai = await measureRecall('Thai', 0.8);
  expect(thai).toMatchObject({ rows: 22, pairs: 72, joined: 72, recall: 1, more: 18, precision: 0.8 });
  expect(missedRecall([thai])).toBeNull();
  expect(missedRecall([thai, { ...thai, recall: 0.98 }])).toBe('Thai at 0.8: 0.98 of the pairs are joined.');
});
