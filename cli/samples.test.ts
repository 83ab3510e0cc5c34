// docs/sdk.md#dev: what an operator over the whole dataset did to the rows.
import { expect, test } from 'vitest';
import { encodeRowset } from '../sdk/input/rowset.ts';
import { openOracleChain } from '../test/sdk/oracle.fixture.ts';
import { collectSamples } from './samples.ts';

test('a sort shows what it has rejected, then the new order; a group the rows that became one', async () => {
  const chain = await openOracleChain(
    `.sort('order', (r) => r.v, { missing: 'reject', buckets: 3 }).groupBy((r) => r.v % 2).aggregate('parity', (g) => ({ rows: g.count() }))`,
  );
  const rows = [5, null, 4, 2, 3].map((v) => ({ v }));
  const { stages } = await chain.run(rows);
  const input = encodeRowset(rows.map((row, index) => ({ kind: 'row', index, row })));
  const [order, parity] = collectSamples(chain.bundled.description.operators, stages, input);
  expect(order).toMatchObject({ label: 'sort order', stats: { in: 5, out: 4, rejected: 1 } });
  expect(order!.samples.map(({ index, outcome, before }) => [index, outcome, before])).toEqual([
    [1, 'rejected', { v: null }],
    ...[2, 3, 4, 5].map((v, i) => [i, 'kept', { v }]),
  ]);
  expect(parity).toMatchObject({ label: 'groupBy parity', stats: { in: 4, out: 2, rejected: 0 } });
  expect(parity!.samples.map(({ index, outcome, after }) => [index, outcome, after])).toEqual([
    [0, 'changed', [{ key: 0, rows: 2 }]],
    [1, 'changed', [{ key: 1, rows: 2 }]],
    [2, 'dropped', []],
    [3, 'dropped', []],
  ]);
});

test('rows that came of one input row are told apart', async () => {
  const operators = `.flatMap('three', (r) => [0, 1, 2].map((i) => ({ n: r.n, i }))).filter('some', (r) => r.i !== r.n)
    .check('less', (r) => r.i < 2).map('ten', (r) => ({ ...r, i: 10 * r.i }))`;
  const chain = await openOracleChain(operators, 'node', '', false);
  const rows = [{ n: 0 }, { n: 5 }];
  const { stages } = await chain.run(rows);
  const input = encodeRowset(rows.map((row, index) => ({ kind: 'row', index, row })));
  const told = collectSamples(chain.bundled.description.operators, stages, input).map(({ samples }) =>
    samples.map(({ before, outcome, after }) => [outcome, before, ...after]),
  );
  const row = (n: number, i: number) => ({ i, n });
  expect(told).toEqual([
    [0, 5].map((n) => ['changed', { n }, row(n, 0), row(n, 1), row(n, 2)]),
    [
      ['dropped', row(0, 0)],
      ...[row(0, 1), row(0, 2), row(5, 0), row(5, 1), row(5, 2)].map((one) => ['kept', one, one]),
    ],
    [
      ['rejected', row(0, 2)],
      ['rejected', row(5, 2)],
      ...[row(0, 1), row(5, 0), row(5, 1)].map((one) => ['kept', one, one]),
    ],
    [
      ['changed', row(0, 1), row(0, 10)],
      ['changed', row(5, 1), row(5, 10)],
      ['kept', row(5, 0), row(5, 0)],
    ],
  ]);
});
