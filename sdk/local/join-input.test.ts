// docs/sdk.md#inputs: a join with another input is that of plain JavaScript, however the rows of both are cut, and wherever the join stands.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCuts, anyKey, openOracleChain } from '../../test/sdk/oracle.fixture.ts';
import { canonical } from '../runtime/canonical.ts';

type Row = { n: number; key: unknown };
const anyRow: fc.Arbitrary<Row> = fc.record({ n: fc.nat(999), key: anyKey });
const plain = (rows: unknown): unknown => JSON.parse(canonical(rows));

function oracle(rows: readonly Row[], table: readonly Row[], isLeft: boolean, isFirst: boolean): object[] {
  return rows.flatMap((row): object[] => {
    const found = row.key === null ? [] : table.filter(({ key }) => canonical(key) === canonical(row.key));
    if (found.length === 0) return isLeft ? [{ ...row, other: null }] : [];
    return (isFirst ? found.slice(0, 1) : found).map((other) => ({ ...row, other }));
  });
}

const HEAD = `const others = input<any>('others');`;

// Before it: nothing, rows, a sort (whose tasks are others than the run's partitions), an operator over the dataset, and all of them.
test.each([
  ['inner', 'all', 1, ''],
  ['inner', 'first', 2, `.sort('by', (r) => r.n, { buckets: 3 })`],
  ['left', 'first', 2, `.dedupe('once', (r) => r.n, { buckets: 2 })`],
  ['left', 'all', 2, `.limit('few', 20).sort('by', (r) => -r.n, { buckets: 2 }).filter('even', (r) => r.n % 2 === 0)`],
] as const)('%s, %s, %i buckets, behind %j', async (how, matches, buckets, before) => {
  const options = `{ on: (r) => r.key, key: (r) => r.key, how: '${how}', matches: '${matches}', buckets: ${buckets} }`;
  const chain = await openOracleChain(`${before}.join('other', others, ${options})`, 'node', HEAD);
  expect(chain.bundled.description.inputs).toEqual(['others']);
  const earlier = (rows: readonly Row[]): Row[] => {
    let left = [...rows];
    if (before.includes('limit')) left = left.slice(0, 20);
    if (before.includes('dedupe')) left = left.filter(({ n }, i) => left.findIndex((row) => row.n === n) === i);
    if (before.includes('sort')) left.sort((a, b) => (before.includes('-r.n') ? b.n - a.n : a.n - b.n));
    return before.includes('filter') ? left.filter(({ n }) => n % 2 === 0) : left;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRow, { maxLength: 30 }),
      anyCuts(30),
      fc.array(anyRow, { maxLength: 20 }),
      anyCuts(20),
      async (rows, cuts, table, tableCuts) => {
        const { parts, rejects } = await chain.run(rows, cuts, [{ name: 'others', rows: table, cuts: tableCuts }]);
        expect(parts.train).toEqual(plain(oracle(earlier(rows), table, how === 'left', matches === 'first')));
        expect(rejects).toEqual([]);
      },
    ),
    { numRuns: 12 },
  );
});

const PRICES = `const prices = input('prices', z.object({ sku: z.string(), price: z.coerce.number() }));
const shops = input('shops', z.object({ id: z.string() }));`;
const CHAIN = `.map('known', (r) => r)
  .join('price', prices, { on: (r) => r.sku, key: (p) => { if (p.price === 13) throw new Error('unlucky'); return p.sku; }, how: 'left' })
  .join('at', shops, { on: (r) => r.shop, key: (s) => s.id, how: 'left' })
  .join('old', prices, { on: (r) => r.was, key: (p) => p.sku, how: 'left', matches: 'first' })
  .map('flat', (r) => ({ sku: r.sku, price: r.price?.price ?? null, old: r.old?.price ?? null, shop: r.at?.id ?? null }))`;
const rows = [
  { sku: 'a', was: 'b', shop: 'x' },
  { sku: 'b', was: 'c', shop: 'y' },
  { sku: 'd', was: null, shop: 'x' },
  { sku: 'e', shop: 'x' },
];
const prices = [
  { sku: 'a', price: '1.5' },
  'no row',
  { sku: 'b', price: 'dear' },
  { sku: 'c', price: '13' },
  { sku: 'b', price: 2 },
  { sku: 'b', price: 3 },
];

describe.each(['node', 'native'] as const)('%s', (engine) => {
  test('two inputs, one of them joined twice: its schema, its broken rows and its keys are told by its name', async () => {
    const chain = await openOracleChain(CHAIN, engine, PRICES);
    expect(chain.bundled.description.inputs).toEqual(['prices', 'shops']);
    const others = [
      { name: 'prices', rows: prices },
      { name: 'shops', rows: [{ id: 'x' }] },
    ];
    const one = await chain.run(rows, [], others);
    expect(one.parts.train).toEqual([
      { sku: 'a', price: 1.5, old: 2, shop: 'x' },
      { sku: 'b', price: 2, old: null, shop: null },
      { sku: 'b', price: 3, old: null, shop: null },
      { sku: 'd', price: null, old: null, shop: 'x' },
    ]);
    const reason = (told: RegExp): unknown => expect.stringMatching(told);
    expect(one.rejects.map(({ index, operator, row, reason: why }) => [index, operator, row, why])).toEqual([
      [3, 'old', expect.objectContaining({ sku: 'e' }), reason(/the key is undefined/)],
      [1, 'prices', { text: 'no row' }, 'no row'],
      [2, 'prices', prices[2], reason(/^price: Invalid input/)],
      [3, 'prices', { sku: 'c', price: '13' }, reason(/^Error: unlucky \(w\.ts:5\)$/)],
    ]);
    expect(one.operators).toMatchObject({
      prices: { in: 5, out: 3, rejected: 2 },
      shops: { in: 1, out: 1, rejected: 0 },
      price: { in: 4, out: 5, rejected: 0 },
    });
    const cut = await chain.run(rows, [1, 3], [{ ...others[0]!, cuts: [2, 2, 4] }, others[1]!]);
    expect([cut.parts, cut.rejects, cut.operators]).toEqual([one.parts, one.rejects, one.operators]);
  });

  test('an input that the workflow does not join ends the run', async () => {
    const chain = await openOracleChain(`.dedupe('once', (r) => r.n)`, engine);
    await expect(chain.run([{ n: 1 }], [], [{ name: 'others', rows: [{ n: 2 }] }])).rejects.toMatchObject({
      code: 'sdk/task-failed',
      actual: expect.stringContaining("the workflow joins no input 'others'"),
    });
  });
});
