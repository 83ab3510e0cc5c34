// docs/sdk.md#sort: a sort is the stable one of plain JavaScript, however the rows are cut and into how many ranges they go.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCuts, openOracleChain } from '../../test/sdk/oracle.fixture.ts';

const text = fc.constantFrom('', 'a', 'B', 'ab', 'é', '\uffee', '\u{1f600}', '\ud7ff');
const anyValue = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  text,
);
type Row = { n: number; a: unknown; b: number };
const anyRows = fc.array(fc.record({ a: anyValue, b: fc.integer({ min: 0, max: 2 }) }), { maxLength: 40 });

const points = (value: string) =>
  Array.from(value, (one) => String.fromCharCode(...[one.codePointAt(0)! >> 16, one.codePointAt(0)! & 0xffff])).join(
    '',
  );
const rank = (value: unknown) => ['boolean', 'number', 'string'].indexOf(typeof value);
function compare(a: unknown, b: unknown): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const [x, y] = typeof a === 'string' ? [points(a), points(b as string)] : [a as number, b as number];
  return x === y ? 0 : x < y ? -1 : 1;
}
const missingAt = (place: 'first' | 'last', a: unknown, b: unknown): number | null =>
  a !== null && b !== null ? null : a === b ? 0 : (a === null) === (place === 'first') ? -1 : 1;

test.each([
  ['(r) => r.a', (x: Row, y: Row) => missingAt('last', x.a, y.a) ?? compare(x.a, y.a), 1],
  [
    `(r) => r.a, { order: 'descending', missing: 'first' }`,
    (x: Row, y: Row) => missingAt('first', x.a, y.a) ?? -compare(x.a, y.a),
    5,
  ],
  [
    `[{ by: (r) => r.b, order: 'descending' }, { by: (r) => r.a }]`,
    (x: Row, y: Row) => y.b - x.b || (missingAt('last', x.a, y.a) ?? compare(x.a, y.a)),
    3,
  ],
] as const)('by %s', async (by, order, buckets) => {
  const options = by.endsWith('}') ? by.replace(/}$/, `, buckets: ${buckets} }`) : `${by}, { buckets: ${buckets} }`;
  const chain = await openOracleChain(`.sort('order', ${options})`);
  await fc.assert(
    fc.asyncProperty(anyRows, anyCuts(40), async (given, cuts) => {
      const rows = given.map((row, n): Row => ({ n, ...row, a: row.a === 0 ? 0 : row.a }));
      const { parts, rejects, operators } = await chain.run(rows, cuts);
      expect(parts.train).toEqual([...rows].sort(order));
      expect(rejects).toEqual([]);
      expect(operators).toEqual({ order: { in: rows.length, out: rows.length, rejected: 0 } });
    }),
    { numRuns: 25 },
  );
});

const OPERATORS = `
  .map('before', (r) => { if (r.n % 7 === 1) throw new Error('before'); return { ...r, even: r.n % 2 === 0 }; })
  .sort('order', (r) => { if (r.n % 7 === 2) throw new Error('order'); return r.v; }, { missing: 'reject', order: 'descending', buckets: 3 })
  .check('after', (r) => r.n % 7 !== 3)
  .flatMap('two', (r) => [r, { ...r, twin: true }])
  .sample('some', { fraction: 0.8 })
  .dedupe('same', (r) => [r.n % 20, r.twin ?? false], { buckets: 2 })
  .dedupe('near', (r) => 'text number ' + (r.n % 15) + ' of ' + r.n + ' ' + r.twin, { near: 0.9 })
  .groupBy((r) => r.even).aggregate('groups', (g) => ({ rows: g.count(), first: g.collect((r) => r.n, { limit: 4 }) }))
  .sort('again', [{ by: (r) => r.rows }, { by: (r) => r.key }])
  .split({ a: 0.5, b: 0.5 })`;

describe.each(['node', 'native'] as const)('%s', (engine) => {
  test('operators before and after a sort, and two sorts: the cuts do not show', async () => {
    const chain = await openOracleChain(OPERATORS, engine);
    const rows = Array.from({ length: 60 }, (_, n) => ({ n, v: n % 10 === 9 ? null : (n * 37) % 50 }));
    const one = await chain.run(rows);
    expect(
      Object.values(one.parts)
        .flat()
        .map((row) => [row.key, row.rows]),
    ).toEqual(expect.arrayContaining([[true, expect.any(Number)]]));
    expect(new Set(one.rejects.map(({ operator }) => operator))).toEqual(new Set(['before', 'order', 'after']));
    const places = one.rejects.filter(({ operator }) => operator === 'after').map(({ index }) => index);
    // By their place in the sorted dataset.
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(one.rejects.find(({ operator }) => operator === 'order')).toMatchObject({
      index: 2,
      reason: expect.stringMatching(/^Error: order \(w\.ts:/),
      row: { n: 2 },
    });
    expect(one.rejects.filter(({ reason }) => reason.includes('the value to sort by is null'))).toHaveLength(4);
    const { order, after } = one.operators;
    expect(order!.in - order!.rejected).toBe(after!.in);
    if (engine === 'node') {
      const many = await chain.run(rows, [5, 5, 17, 40, 60]);
      expect([many.parts, many.rejects, many.operators]).toEqual([one.parts, one.rejects, one.operators]);
    } else {
      const node = await (await openOracleChain(OPERATORS)).run(rows, [30]);
      expect([node.parts, node.rejects, node.operators]).toEqual([one.parts, one.rejects, one.operators]);
    }
  });
});
