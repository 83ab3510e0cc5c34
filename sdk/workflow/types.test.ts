// docs/sdk.md#chain: the row type that each operator yields, and that a field which the row has not is an error. `tsc` judges; what runs are the chains.
import { expectTypeOf, test } from 'vitest';
import { type Chunk, type Dataset, dataset, input, type Judgement, type Message, type Rated, z } from './authoring.ts';

const Row = z.object({ id: z.string(), text: z.string(), words: z.number() });
type Row = z.output<typeof Row>;
type RowOf<Chain> = Chain extends Dataset<infer R> ? R : never;

const rows = dataset('types', Row);
const MODEL = { model: 'builtin/small' } as const;

test('operators of one row', () => {
  expectTypeOf<RowOf<typeof rows>>().toEqualTypeOf<Row>();
  const mapped = rows.map('m', ({ id }) => ({ id, length: id.length }));
  expectTypeOf<RowOf<typeof mapped>>().toEqualTypeOf<{ id: string; length: number }>();
  const flat = rows.flatMap('f', ({ words }) => [{ n: words }]);
  expectTypeOf<RowOf<typeof flat>>().toEqualTypeOf<{ n: number }>();
  const narrowed = dataset<{ kind: 'a'; a: 1 } | { kind: 'b' }>('u').filter('only-a', (row) => row.kind === 'a');
  expectTypeOf<RowOf<typeof narrowed>>().toEqualTypeOf<{ kind: 'a'; a: 1 }>();
  const valid = rows.validate('v', z.object({ at: z.coerce.number() }));
  expectTypeOf<RowOf<typeof valid>>().toEqualTypeOf<{ at: number }>();
  const pieces = rows.chunk('piece', { text: (row) => row.text, size: 10, keep: ({ id }) => ({ id }) });
  expectTypeOf<RowOf<typeof pieces>>().toEqualTypeOf<{ id: string; piece: Chunk }>();

  // What follows is checked, and never runs.
  void (() => {
    // @ts-expect-error the row has no such field
    rows.map('a', (row) => ({ name: row.name }));
    // @ts-expect-error the row has no such field any more
    mapped.filter('b', (row) => row.text !== '');
    // @ts-expect-error a row is an object
    rows.map('c', (row) => row.id);
    // @ts-expect-error rows are frozen
    rows.check('d', (row) => delete row.id);
    // @ts-expect-error a promise is no answer
    rows.filter('e', async (row) => row.id !== '');
    // @ts-expect-error no such option
    rows.check('f', () => true, { onFail: 'skip' });
  });
});

test('operators that ask a model add a field of their name', () => {
  const text = rows.generate('said', { ...MODEL, prompt: (row) => row.text });
  expectTypeOf<RowOf<typeof text>>().toEqualTypeOf<{ id: string; text: string; words: number; said: string }>();
  const typed = rows.generate('said', { ...MODEL, prompt: (row) => row.text, output: z.object({ n: z.number() }) });
  expectTypeOf<RowOf<typeof typed>['said']>().toEqualTypeOf<{ n: number }>();
  const parsed = rows.generate('said', { ...MODEL, prompt: (row) => row.text, parse: (said) => said.length });
  expectTypeOf<RowOf<typeof parsed>['said']>().toEqualTypeOf<number>();
  const several = rows.classify('kind', { ...MODEL, labels: ['a', 'b'], text: (row) => row.text, n: 3, seed: 1 });
  expectTypeOf<RowOf<typeof several>['kind']>().toEqualTypeOf<('a' | 'b')[]>();
  const embedded = rows.embed('vector', { model: 'datavm/use-lite', text: (row) => row.text });
  expectTypeOf<RowOf<typeof embedded>['vector']>().toEqualTypeOf<number[]>();
  const scored = rows.score('good', { ...MODEL, prompt: (row) => row.text });
  expectTypeOf<RowOf<typeof scored>['good']>().toEqualTypeOf<number>();
  const rated = rows.score('good', { model: 'endpoint/m', prompt: (row) => row.text, rubric: { 1: 'bad', 5: 'good' } });
  expectTypeOf<RowOf<typeof rated>['good']>().toEqualTypeOf<Rated>();
  const judged = rows.judge('better', { ...MODEL, a: (row) => row.id, b: (row) => row.text });
  expectTypeOf<RowOf<typeof judged>['better']>().toEqualTypeOf<Judgement>();
  const walked = rows.simulate('walk', { program: 'walk.wasm', input: (row) => row.text });
  expectTypeOf<RowOf<typeof walked>['walk']>().toEqualTypeOf<string>();
  const counted = rows.simulate('walk', {
    program: 'walk.wasm',
    input: ({ words }) => ({ words }),
    seed: (row) => row.words,
    output: z.object({ n: z.number() }),
  });
  expectTypeOf<RowOf<typeof counted>['walk']>().toEqualTypeOf<{ n: number }>();
  const talk = rows.converse('talk', { ...MODEL, turns: [(row) => row.text] });
  expectTypeOf<RowOf<typeof talk>['talk']>().toEqualTypeOf<Message[]>();

  // What follows is checked, and never runs.
  void (() => {
    // @ts-expect-error a prompt is a text or messages
    rows.generate('a', { ...MODEL, prompt: (row) => row.words });
    // @ts-expect-error the answer has no such field
    typed.map('b', ({ said }) => ({ m: said.m }));
    // @ts-expect-error no such label
    several.filter('c', ({ kind }) => kind[0] === 'c');
    // @ts-expect-error an operator that asks names its model
    rows.generate('d', { prompt: (row) => row.text });
    // @ts-expect-error the row has a field of this name
    rows.generate('text', { ...MODEL, prompt: (row) => row.text });
  });
});

test('operators over the whole dataset', () => {
  const groups = rows
    .groupBy((row) => row.words)
    .aggregate('g', (group) => ({
      rows: group.count(),
      longest: group.max((row) => row.words),
      ids: group.collect((row) => row.id),
    }));
  expectTypeOf<RowOf<typeof groups>>().toEqualTypeOf<{
    key: number;
    rows: number;
    longest: number | null;
    ids: string[];
  }>();
  const prices = input('prices', z.object({ id: z.string(), price: z.number() }));
  const joined = rows.join('price', prices, { on: (row) => row.id, key: (price) => price.id });
  expectTypeOf<RowOf<typeof joined>['price']>().toEqualTypeOf<{ id: string; price: number }>();
  const left = rows.join('price', prices, { on: (row) => row.id, key: (price) => price.id, how: 'left' });
  expectTypeOf<RowOf<typeof left>['price']>().toEqualTypeOf<{ id: string; price: number } | null>();
  const batches = rows.batch('of', { size: 4, key: (row) => row.words });
  expectTypeOf<RowOf<typeof batches>>().toEqualTypeOf<{ key: number; of: Row[] }>();
  const kept = rows
    .dedupe('d', (row) => row.text)
    .sort('s', (row) => row.words)
    .limit('l', 5)
    .sample('p', { fraction: 0.5 });
  expectTypeOf<RowOf<typeof kept>>().toEqualTypeOf<Row>();

  // What follows is checked, and never runs.
  void (() => {
    // @ts-expect-error the row has no such field
    rows.dedupe('a', (row) => row.name);
    // @ts-expect-error an object has no order
    rows.sort('b', (row) => ({ words: row.words }));
    // @ts-expect-error the other side has no such field
    rows.join('c', prices, { on: (row) => row.id, key: (price) => price.sku });
    // @ts-expect-error what is added up is a number
    rows.groupBy((row) => row.id).aggregate('e', (group) => ({ sum: group.sum((row) => row.text) }));
    // @ts-expect-error a split ends the chain
    rows.split({ train: 0.5, test: 0.5 }).map('f', (row: Row) => row);
  });
});
