// docs/sdk.md#batch, docs/sdk.md#sample: batches and exact samples are those of plain JavaScript, however the rows are cut.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCuts, anyKey, openOracleChain } from '../../test/sdk/oracle.fixture.ts';
import { canonical } from '../runtime/canonical.ts';
import { hashText } from '../runtime/hash.ts';

type Row = { n: number; key: unknown };
const anyRows: fc.Arbitrary<Row[]> = fc
  .array(anyKey, { maxLength: 40 })
  .map((keys) => keys.map((key, n) => ({ n, key: key === 0 ? 0 : key })));
const plain = (rows: unknown): unknown => JSON.parse(canonical(rows));

function cut<T>(rows: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size));
}

function byKey(rows: readonly Row[]): [string, Row[]][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(canonical(row.key), [...(groups.get(canonical(row.key)) ?? []), row]);
  return [...groups];
}

test.each([1, 3, 30])('batches of %i', async (size) => {
  const chain = await openOracleChain(`.batch('list', { size: ${size} })`);
  await fc.assert(
    fc.asyncProperty(anyRows, anyCuts(40), async (rows, cuts) => {
      const { parts, operators } = await chain.run(rows, cuts);
      expect(parts.train).toEqual(plain(cut(rows, size).map((list) => ({ list }))));
      expect(operators.list).toEqual({ in: rows.length, out: parts.train!.length, rejected: 0 });
    }),
    { numRuns: 20 },
  );
});

test.each([1, 3])('batches of one key, %i buckets', async (buckets) => {
  const chain = await openOracleChain(`.batch('list', { size: 2, key: (r) => r.key, buckets: ${buckets} })`);
  await fc.assert(
    fc.asyncProperty(anyRows, anyCuts(40), async (rows, cuts) => {
      const batches = byKey(rows).flatMap(([key, own]) => cut(own, 2).map((list) => ({ key: JSON.parse(key), list })));
      batches.sort((a, b) => a.list[0]!.n - b.list[0]!.n);
      expect((await chain.run(rows, cuts)).parts.train).toEqual(plain(batches));
    }),
    { numRuns: 20 },
  );
});

test.each([0, 7, 1000])('the first %i rows', async (count) => {
  const chain = await openOracleChain(`.filter('odd', (r) => r.n % 2 === 1).limit('first', ${count})`);
  await fc.assert(
    fc.asyncProperty(anyRows, anyCuts(40), async (rows, cuts) => {
      const odd = rows.filter(({ n }) => n % 2 === 1);
      expect((await chain.run(rows, cuts)).parts.train).toEqual(plain(odd.slice(0, count)));
    }),
    { numRuns: 10 },
  );
});

function drawn(rows: readonly Row[], count: number): Row[] {
  const hashes = new Map(rows.map((row) => [row, hashText(`sample some 7\n${row.n}/0`, 0x6d697a75)] as const));
  const order = [...rows].sort((a, b) => {
    const [x, y] = [hashes.get(a)!, hashes.get(b)!];
    return x[0]! - y[0]! || x[1]! - y[1]!;
  });
  return order.slice(0, count);
}

/** Largest remainders; of equal ones the stratum whose first row comes first. */
function shares(totals: readonly number[], count: number): number[] {
  const total = totals.reduce((a, b) => a + b, 0);
  if (total <= count) return [...totals];
  const exact = totals.map((own) => (own * count) / total);
  const taken = exact.map(Math.floor);
  const order = totals.map((own, i) => ({ i, rest: (own * count) % total })).sort((a, b) => b.rest - a.rest);
  for (const { i } of order.slice(0, count - taken.reduce((a, b) => a + b, 0))) taken[i]!++;
  return taken;
}

test.each([
  ['count: 5', (rows: Row[]) => drawn(rows, 5)],
  ['each: 2, by: (r) => r.key', (rows: Row[]) => byKey(rows).flatMap(([, own]) => drawn(own, 2))],
  [
    'count: 9, by: (r) => r.key',
    (rows: Row[]) => {
      const groups = byKey(rows);
      const taken = shares(
        groups.map(([, own]) => own.length),
        9,
      );
      return groups.flatMap(([, own], i) => drawn(own, taken[i]!));
    },
  ],
])('a sample of %s', async (options, oracle) => {
  const chain = await openOracleChain(`.sample('some', { ${options}, seed: '7' })`);
  await fc.assert(
    fc.asyncProperty(anyRows, anyCuts(40), async (rows, cuts) => {
      const { parts, operators } = await chain.run(rows, cuts);
      expect(parts.train).toEqual(plain(oracle(rows).sort((a, b) => a.n - b.n)));
      expect(operators.some).toEqual({ in: rows.length, out: parts.train!.length, rejected: 0 });
      if (options === 'count: 5') expect(parts.train).toHaveLength(Math.min(5, rows.length));
    }),
    { numRuns: 20 },
  );
});

const OPERATORS = `
  .chunk('piece', { text: (r) => r.text, size: 2, overlap: 1, keep: (r) => (r.n === 4 ? ({ piece: 1 } as any) : { n: r.n }) })
  .sample('some', { count: 12, by: (r) => r.n < 3 || (r.n === 5 ? r.none : 'rest') })
  .batch('pair', { size: 2, key: (r) => (r.n === 6 ? Symbol() : r.n) })
  .batch('all', { size: 3 })
  .limit('few', 4)`;

describe.each(['node', 'native'] as const)('%s', (engine) => {
  test('chunks, a stratified sample, batches and the first rows, with what fails', async () => {
    const chain = await openOracleChain(OPERATORS, engine);
    const rows = [
      { n: 0, text: 'one two three four' },
      { n: 1, text: 'ein Wort, zwei Wörter' },
      { n: 2, text: '' },
      { n: 3, text: 7 },
      { n: 4, text: 'one two' },
      { n: 5, text: 'one two' },
      { n: 6, text: '私は日本' },
      ...Array.from({ length: 12 }, (_, i) => ({ n: 7 + (i % 4), text: `word ${i}` })),
    ];
    const one = await chain.run(rows);
    expect(one.rejects.map(({ index, operator, reason }) => [index, operator, reason])).toEqual([
      [3, 'piece', expect.stringMatching(/^TypeError: the text is a string, not a number \(w\.ts:4\)$/)],
      [4, 'piece', expect.stringMatching(/^TypeError: what is kept has a field 'piece'/)],
      [5, 'some', expect.stringMatching(/^TypeError: the key is undefined/)],
      ...one.rejects
        .filter(({ operator }) => operator === 'pair')
        .map(() => [6, 'pair', expect.stringMatching(/w\.ts:6/)]),
    ]);
    const batches = one.parts.train! as { all: { key: number; pair: { n: number; piece: object }[] }[] }[];
    expect(one.operators.some!.out).toBe(12);
    expect(batches.length).toBe(Math.min(4, Math.ceil(one.operators.pair!.out / 3)));
    for (const { key, pair } of batches.flatMap(({ all }) => all)) {
      expect(pair.map(({ n }) => n)).toEqual(pair.map(() => key));
      for (const { piece } of pair)
        expect(piece).toEqual({
          index: expect.any(Number),
          of: expect.any(Number),
          source: expect.any(Number),
          start: expect.any(Number),
          text: expect.any(String),
        });
    }
    if (engine === 'node') {
      const many = await chain.run(rows, [1, 1, 6, 9, 15]);
      expect([many.parts, many.rejects, many.operators]).toEqual([one.parts, one.rejects, one.operators]);
    } else {
      const node = await (await openOracleChain(OPERATORS)).run(rows, [8]);
      expect([node.parts, node.rejects, node.operators]).toEqual([one.parts, one.rejects, one.operators]);
    }
  });
});
