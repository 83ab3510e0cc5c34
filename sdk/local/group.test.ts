// docs/sdk.md#group: groups are those of plain JavaScript, however the rows are cut and the keys are spread.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCuts, anyKey, openOracleChain } from '../../test/sdk/oracle.fixture.ts';
import { canonical } from '../runtime/canonical.ts';

const numbers = fc.oneof(
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
  fc.integer(),
);
const rowOf = fc.record({
  n: fc.nat(),
  key: anyKey,
  value: numbers,
  text: fc.string({ unit: 'grapheme', maxLength: 3 }),
});
type Row = { n: number; key: unknown; value: number | null; text: string };

const AGGREGATES = `(g) => ({
  rows: g.count(),
  sum: g.sum((r) => r.value),
  mean: g.mean((r) => r.value),
  min: g.min((r) => r.value),
  last: g.max((r) => r.text),
  some: g.collect((r) => r.value, { limit: 3 })FOLD
})`;
const FOLD = `,
  digits: g.reduce('', (before, r) => before + String(r.n % 10))`;

/** By code points, as docs/sdk.md#order has it. */
function isAfter(a: string, b: string): boolean {
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    if (x[i] !== y[i]) return x[i]!.codePointAt(0)! > y[i]!.codePointAt(0)!;
  }
  return x.length > y.length;
}

function oracle(rows: readonly Row[], folded: boolean): object[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = canonical(row.key);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([key, own]) => {
    const values = own.flatMap(({ value }) => (value === null ? [] : [value]));
    const sum = values.reduce((a, b) => a + b, 0);
    return {
      key: JSON.parse(key),
      rows: own.length,
      sum: sum === 0 ? 0 : sum,
      mean: values.length === 0 ? null : sum === 0 ? 0 : sum / values.length,
      min: values.length === 0 ? null : Math.min(...values) + 0,
      last: own.map(({ text }) => text).reduce((a, b) => (isAfter(b, a) ? b : a)),
      some: own.slice(0, 3).map(({ value }) => (value === 0 ? 0 : value)),
      ...(folded ? { digits: own.map(({ n }) => n % 10).join('') } : {}),
    };
  });
}

test.each([
  [1, false],
  [3, false],
  [3, true],
])('%i buckets, with a reduce: %s', async (buckets, folded) => {
  const aggregates = AGGREGATES.replace('FOLD', folded ? FOLD : '');
  const chain = await openOracleChain(
    `.groupBy((r) => r.key, { buckets: ${buckets} }).aggregate('groups', ${aggregates})`,
  );
  await fc.assert(
    fc.asyncProperty(fc.array(rowOf, { maxLength: 40 }), anyCuts(40), async (rows, cuts) => {
      const { parts, rejects, operators } = await chain.run(rows, cuts);
      expect(parts.train).toEqual(oracle(rows, folded).map((row) => JSON.parse(canonical(row))));
      expect(rejects).toEqual([]);
      expect(operators.groups).toEqual({ in: rows.length, out: parts.train!.length, rejected: 0 });
    }),
    { numRuns: 40 },
  );
});

describe.each(['node', 'native'] as const)('%s', (engine) => {
  test('a row whose key, value or fold fails is rejected, and counts nowhere', async () => {
    const chain = await openOracleChain(
      `.groupBy((r) => r.key).aggregate('groups', (g) => ({
      rows: g.count(),
      sum: g.sum((r) => r.value),
      all: g.reduce([] as number[], (before, r) => { if (r.n === 4) throw new Error('four'); if (r.n === 5) (before as any).push(1); if (r.n === 6) while (true); return [...before, r.n]; }),
    })).map('more', (r) => ({ ...r, more: true })).split({ a: 0.5, b: 0.5 }, { key: (r) => r.key })`,
      engine,
    );
    const rows = [
      { n: 0 },
      { n: 1, key: 'a', value: '1' },
      { n: 2, key: 'a' },
      { n: 3, key: 'a', value: Number.MAX_VALUE },
      { n: 4, key: 'b', value: 1 },
      { n: 5, key: 'a', value: 2 },
      ...(engine === 'native' ? [{ n: 6, key: 'a', value: 2 }] : []),
      { n: 7, key: 'b', value: 3 },
      { n: 8, key: 'b', value: null },
      { n: 9, key: 'c', value: Number.MAX_VALUE },
      { n: 10, key: 'c', value: Number.MAX_VALUE },
    ];
    const run = async (cuts: number[]) => {
      const { parts, rejects } = await chain.run(rows, cuts);
      return { rows: Object.values(parts).flat(), rejects };
    };
    const one = await run([]);
    expect(one.rows.sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1))).toEqual([
      { key: 'a', rows: 1, sum: Number.MAX_VALUE, all: [3], more: true },
      { key: 'b', rows: 2, sum: 3, all: [7, 8], more: true },
    ]);
    expect(one.rejects.map(({ operator, reason, row }) => [(row as { n: number }).n, operator, reason])).toEqual([
      [0, 'groups', expect.stringMatching(/^TypeError: the key is undefined.* \(w\.ts:3\)$/)],
      [1, 'groups', expect.stringMatching(/^TypeError: sum of a string; expected a number or null \(w\.ts:3\)$/)],
      [2, 'groups', expect.stringMatching(/^TypeError: sum of undefined; a row that has no value says null/)],
      [4, 'groups', expect.stringMatching(/^Error: four \(w\.ts:6\)$/)],
      [5, 'groups', expect.stringMatching(/^TypeError/)],
      ...(engine === 'native' ? [[6, 'groups', expect.stringMatching(/^took too long/)]] : []),
      [9, 'groups', expect.stringMatching(/^the result of these rows is no row: .*row\.sum is Infinity/)],
    ]);
    expect(await run([2, 2, 4, 7])).toEqual(one);
  });
});
