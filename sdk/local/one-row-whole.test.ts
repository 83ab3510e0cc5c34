// docs/sdk.md#errors: the same for the operators over the whole dataset, and for those that cut texts and look up rows.
import { expect, test } from 'vitest';
import { openOracleChain } from '../../test/sdk/oracle.fixture.ts';
import { BAD, ENDLESS, helpersOf } from '../../test/sdk/wrongs.fixture.ts';

/** The operator of each hook. */
const OPERATOR_OF: Readonly<Record<string, string>> = {
  text: 'chunk',
  kept: 'chunk',
  looked: 'lookup',
  sorted: 'sorted',
  side: 'joined',
  on: 'joined',
  key: 'joined',
  stratum: 'drawn',
  group: 'groups',
  sum: 'groups',
  mean: 'groups',
  least: 'groups',
  most: 'groups',
  all: 'groups',
  fold: 'groups',
  batched: 'batch',
};

// A row of the other side is gone after the join, so it is one only where its key is to do wrong.
const CHAIN = `
  .chunk('chunk', { text: (r) => at('text', r, 'a b'), size: 5, keep: (r) => at('kept', r, r) })
  .join('lookup', [{ id: 1 }], { on: (r) => at('looked', r, 1), key: (t) => t.id })
  .sort('sorted', (r) => at('sorted', r, -r.n), { buckets: 3 })
  .join('joined', ((r: any) => at('side', r, r.hook === 'key')) as any, { on: (r) => at('on', r, r.n), key: (r: any) => at('key', r, r.n), how: 'left' })
  .sample('drawn', { count: 1_000_000, by: (r) => at('stratum', r, 1) })
  .groupBy((r) => at('group', r, r.n)).aggregate('groups', (g) => ({
    sum: g.sum((r) => at('sum', r, 1)), mean: g.mean((r) => at('mean', r, 1)), least: g.min((r) => at('least', r, 1)),
    most: g.max((r) => at('most', r, 1)), all: g.collect((r) => at('all', r, 1)), row: g.reduce({} as any, (_, r) => at('fold', r, r)) }))
  .map('back', (r: any) => r.row)
  .batch('batch', { size: 1, key: (r) => at('batched', r, r.n) })`;

async function check(bad: Readonly<Record<string, string>>, engine: 'node' | 'native', cuts: readonly number[]) {
  const chain = await openOracleChain(CHAIN, engine, helpersOf(bad));
  const pairs = Object.keys(OPERATOR_OF).flatMap((hook) => Object.keys(bad).map((name) => ({ hook, bad: name })));
  const rows = pairs
    .flatMap((pair, i) => (i % 3 === 0 ? [pair, { hook: 'none', bad: 'none' }] : [pair]))
    .map((pair, n) => ({ n, ...pair, list: ['b', 'a'] }));
  const { parts, rejects } = await chain.run(rows, cuts);
  const told = new Map(rejects.map(({ row, operator }) => [(row as { n: number }).n, operator]));
  const wanted = rows.filter(({ hook }) => hook !== 'none');
  expect(wanted.filter(({ n, hook }) => told.get(n) !== OPERATOR_OF[hook])).toEqual([]);
  expect(rejects).toHaveLength(wanted.length);
  for (const { reason } of rejects) expect(reason).toMatch(/\(w\.ts:\d+\)$/);
  const kept = (parts.train as { key: number }[]).map(({ key }) => key);
  expect(kept).toEqual(rows.flatMap(({ n, hook }) => (hook === 'none' ? [n] : [])).reverse());
}

test('every wrong at every hook, on the node engine', () => check(BAD, 'node', [50, 50, 300]));

test('what never ends, on the DataVM', () => check({ loop: ENDLESS.loop!, nan: BAD.nan! }, 'native', []));
