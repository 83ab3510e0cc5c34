// docs/sdk.md#join: a join is that of plain JavaScript, however the rows are cut and the keys are spread.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCuts, anyKey, openOracleChain } from '../../test/sdk/oracle.fixture.ts';
import { canonical } from '../runtime/canonical.ts';

type Row = { n: number; side: 'left' | 'right'; key: unknown };
const anyRow: fc.Arbitrary<Row> = fc.record({ n: fc.nat(999), side: fc.constantFrom('left', 'right'), key: anyKey });

function oracle(rows: readonly Row[], table: readonly Row[], isLeft: boolean, isFirst: boolean): object[] {
  return rows.flatMap((row): object[] => {
    const found = row.key === null ? [] : table.filter(({ key }) => canonical(key) === canonical(row.key));
    if (found.length === 0) return isLeft ? [{ ...row, other: null }] : [];
    return (isFirst ? found.slice(0, 1) : found).map((other) => ({ ...row, other }));
  });
}

const plain = (rows: unknown): unknown => JSON.parse(canonical(rows));

test.each([
  ['inner', 'all', 1],
  ['left', 'all', 3],
  ['left', 'first', 2],
] as const)('%s, %s, %i buckets: rows of one dataset', async (how, matches, buckets) => {
  const options = `{ on: (r) => r.key, key: (r: any) => r.key, how: '${how}', matches: '${matches}', buckets: ${buckets} }`;
  const chain = await openOracleChain(`.join('other', ((r: any) => r.side === 'right') as any, ${options})`);
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { maxLength: 30 }), anyCuts(30), async (rows, cuts) => {
      const left = rows.filter(({ side }) => side === 'left');
      const right = rows.filter(({ side }) => side === 'right');
      const { parts, rejects } = await chain.run(rows, cuts);
      expect(parts.train).toEqual(plain(oracle(left, right, how === 'left', matches === 'first')));
      expect(rejects).toEqual([]);
    }),
    { numRuns: 20 },
  );
});

const TABLE = `const table = [{ id: 'a', x: 1 }, { id: 'b', x: 2 }, { id: 'a', x: 3 }, { id: null, x: 4 }, { id: { z: 1, a: [2] }, x: 5 }];`;
const BY_ID = `{ on: (r) => { if (r.n === 5) throw new Error('five'); return r.id; }, key: (t: any) => t.id`;

describe.each(['node', 'native'] as const)('%s', (engine) => {
  test('a table in the workflow: no exchange, and the same rules', async () => {
    const chain = await openOracleChain(
      `.join('other', table, ${BY_ID}, how: 'left' }).join('first', table, ${BY_ID}, matches: 'first' })`,
      engine,
      TABLE,
    );
    expect(chain.bundled.description.stages.map(({ kind }) => kind)).toEqual(['rows', 'sink', 'rejects']);
    expect(chain.bundled.description.operators.map(({ label }) => label)).toEqual(['join other', 'join first']);
    const rows = [
      { n: 0, id: 'a' },
      { n: 1, id: 'none' },
      { n: 2, id: null },
      { n: 3, id: { a: [2], z: 1 } },
      { n: 4 },
      { n: 5, id: 'a' },
      { n: 6, id: 'a', other: 'mine' },
    ];
    const { parts, rejects, operators } = await chain.run(rows, [3]);
    expect(parts.train!.map((row) => [row.n, (row.other as { x: number }).x, (row.first as { x: number }).x])).toEqual([
      [0, 1, 1],
      [0, 3, 1],
      [3, 5, 5],
    ]);
    expect(operators).toEqual({ other: { in: 7, out: 5, rejected: 3 }, first: { in: 5, out: 3, rejected: 0 } });
    expect(rejects.map(({ index, operator, reason }) => [index, operator, reason])).toEqual([
      [
        4,
        'other',
        expect.stringMatching(/^TypeError: the key is undefined; a row that has none says null \(w\.ts:3\)$/),
      ],
      [5, 'other', expect.stringMatching(/^Error: five \(w\.ts:3\)$/)],
      [6, 'other', expect.stringMatching(/has a field 'other' already: give the operator another name/)],
    ]);
  });

  test('a row whose side or key fails, or that has the field, is rejected; the others are joined', async () => {
    const chain = await openOracleChain(
      `.join('other', ((r: any) => (r.n === 1 ? 'yes' : r.right)) as any, { on: (r) => r.id, key: (r: any) => r.id })
       .map('more', (r) => ({ ...r, more: 1 }))`,
      engine,
    );
    const rows = [
      { n: 0, id: 'a', right: false },
      { n: 1, id: 'a', right: true },
      { n: 2, right: true },
      { n: 3, id: 'a', right: true },
      { n: 4, id: 'a', right: false, other: 1 },
      { n: 5, right: false },
    ];
    const one = await chain.run(rows);
    expect(one.parts.train).toEqual([{ id: 'a', more: 1, n: 0, other: { id: 'a', n: 3, right: true }, right: false }]);
    expect(one.rejects.map(({ index, reason }) => [index, reason])).toEqual([
      [1, expect.stringMatching(/true or false, not a string \(w\.ts:3\)$/)],
      [2, expect.stringMatching(/the key is undefined/)],
      [4, expect.stringMatching(/has a field 'other' already/)],
      [5, expect.stringMatching(/the key is undefined/)],
    ]);
    const two = await chain.run(rows, [1, 3, 5]);
    expect([two.parts, two.rejects]).toEqual([one.parts, one.rejects]);
  });
});
