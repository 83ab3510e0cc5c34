// docs/sdk.md#retry: rows that are tried again meet those that were kept at the first operator over the whole dataset, as if they stood behind them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCuts, openOracleChain } from '../../test/sdk/oracle.fixture.ts';
import { encodeRowset, type InputRow } from '../input/rowset.ts';
import { type LocalRun, parseLines, type Reject } from './run-local.ts';

type Row = { n: number; key: string };
const anyRow: fc.Arbitrary<Row> = fc.record({ n: fc.nat(30), key: fc.constantFrom('a', 'b', 'c') });
const HEAD = `const others = input<any>('others');`;
const OTHERS = [
  { key: 'a', x: 1 },
  { key: 'c', x: 2 },
  { key: 'a', x: 3 },
];

/** What the stage before the operator has written. */
function keptAt({ stages }: LocalRun, names: readonly string[], met: string): InputRow[] {
  const at = names.findIndex((name) => name.startsWith(`${met}/`));
  const before = stages.slice(0, at).findLast(({ stage }) => ['rows', 'receive', 'apply', 'sort'].includes(stage.kind));
  return before!.outputs.flatMap((bytes) => {
    const [header, ...lines] = parseLines(bytes);
    const { out, input } = header as { out: number; input?: string };
    const live = (input === undefined ? lines.slice(0, out) : []) as [number, object][];
    return live.map(([index, row]): InputRow => ({ kind: 'row', index, row }));
  });
}

const retriedOf = (rejects: readonly Reject[]): InputRow[] =>
  rejects
    .filter(({ operator }) => operator === 'good')
    .map(({ index, row }) => ({ kind: 'row', index, row: row as object }));

const WHOLE = [
  [`.dedupe('met', (r) => r.n, { buckets: 2, onDuplicate: 'reject' })`, []],
  [`.sort('met', (r) => r.key, { buckets: 2 }).limit('few', 9)`, []],
  [`.groupBy((r) => r.key).aggregate('met', (g) => ({ all: g.collect((r: any) => r.n) }))`, []],
  [
    `.join('met', others, { on: (r) => r.key, key: (o) => o.key, how: 'left' }).map('after', (r) => ({ ...r, b: 1 }))`,
    OTHERS,
  ],
] as const;

test.each(WHOLE)('%s', async (whole, others) => {
  const chain = (good: string): string =>
    `.map('up', (r) => ({ ...r, u: r.n + 1 })).check('good', (r) => ${good}).map('mid', (r) => ({ ...r, m: 1 }))${whole}`;
  const first = await openOracleChain(chain('r.n % 3 !== 0'), 'node', HEAD);
  const fixed = await openOracleChain(chain('true'), 'node', HEAD);
  const tail = await openOracleChain(chain('true'), 'node', HEAD, true, 'good');
  expect(tail.bundled.description.meets).toBe('met');
  const names = first.bundled.metadata.stages.map(({ name }) => name);
  const named = others.length === 0 ? [] : [{ name: 'others', rows: others }];
  const joined =
    others.length === 0
      ? []
      : [
          encodeRowset(
            others.map((row, index) => ({ kind: 'row', index, row })),
            { input: 'others' },
          ),
        ];
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { maxLength: 25 }), anyCuts(25), fc.nat(25), async (rows, cuts, place) => {
      const one = await first.run(rows, cuts, named);
      const kept = keptAt(one, names, 'met');
      const inputs = [kept.slice(0, place), kept.slice(place)].map((part) => encodeRowset(part, { at: 'met' }));
      const two = await tail.runInputs([...inputs, encodeRowset(retriedOf(one.rejects)), ...joined]);
      const behind = [...rows.filter(({ n }) => n % 3 !== 0), ...rows.filter(({ n }) => n % 3 === 0)];
      const all = await fixed.run(behind, [], named);
      expect(two.parts).toEqual(all.parts);
      expect(two.rejects.map(({ operator, row }) => [operator, row])).toEqual(
        all.rejects.map(({ operator, row }) => [operator, row]),
      );
    }),
    { numRuns: 6 },
  );
});

describe.each(['node', 'native'] as const)('%s', (engine) => {
  test('models are asked about the rows that are tried again, and about no others before the operator that all meet at', async () => {
    const chain = `.generate('title', { model: 'builtin/small', prompt: (r) => r.t }).dedupe('met', (r) => r.title)`;
    const tail = await openOracleChain(chain, engine, '', true, 'title');
    const kept = [{ kind: 'row' as const, index: 4, row: { t: 'a b', title: 'One.' } }];
    const { parts, stages } = await tail.runInputs([
      encodeRowset(kept, { at: 'met' }),
      encodeRowset([
        { kind: 'row', index: 1, row: { t: 'One. Two.' } },
        { kind: 'row', index: 2, row: { t: 'Two. One.' } },
      ]),
    ]);
    expect(parts.train).toEqual([kept[0]!.row, { t: 'Two. One.', title: 'Two.' }]);
    const asked = stages.find(({ stage }) => stage.kind === 'request')!.outputs;
    expect(asked.map((bytes) => parseLines(bytes)[0])).toEqual([
      { mizu: 'requests', count: 0, model: 'builtin/small' },
      { mizu: 'requests', count: 2, model: 'builtin/small' },
    ]);
    await expect(tail.runInputs([encodeRowset(kept, { at: 'other' })])).rejects.toMatchObject({
      actual: expect.stringContaining("the rows have come to the operator 'other', and not to 'met'"),
    });
  });
});
