import { expect, test } from 'vitest';
import { z } from 'zod';
import { dataset } from './dataset.ts';
import { planStages } from './plan.ts';

const Row = z.object({ id: z.string(), text: z.string() });
const grouped = (fields: Parameters<ReturnType<typeof groups>['aggregate']>[1]) => groups().aggregate('g', fields);
const groups = () => dataset('x', Row).groupBy((row) => row.id);
const joined = (table: readonly { id: string }[]) =>
  dataset('x', Row).join('other', table, { on: (row) => row.id, key: (other) => other.id });
const labelled = (examples: unknown) =>
  dataset('x', Row).classify('c', {
    model: 'm',
    labels: ['a', 'b'],
    text: (row) => row.text,
    examples: examples as never,
  });
const kinds = (operators: Parameters<typeof planStages>[0], fused = true) =>
  planStages(operators, fused).map((stage) => stage.kind);

test('types flow from operator to operator', () => {
  const workflow = dataset('types', Row)
    .map('length', (row) => ({ ...row, length: row.text.length }))
    .classify('mood', { model: 'm', labels: ['glad', 'sad'], text: (row) => row.text })
    .score('quality', { model: 'm', prompt: (row) => `${row.mood}: ${row.text}` })
    .generate('title', { model: 'm', prompt: (row) => row.text })
    .generate('facts', {
      model: 'm',
      prompt: (row) => row.text,
      output: z.object({ who: z.string() }),
      parse: (a) => a.who,
    })
    .filter('all', (row) => {
      const mood: 'glad' | 'sad' = row.mood;
      const all: [number, number, string, string] = [row.length, row.quality, row.title, row.facts];
      // @ts-expect-error there is no such field
      return row.nothing === mood && all.length > 0;
    });
  expect(workflow.operators.map((operator) => operator.name)).toEqual([
    'input',
    'length',
    'mood',
    'quality',
    'title',
    'facts',
    'all',
  ]);
});

test('a group has its key and the types of its aggregates', () => {
  dataset('types', Row)
    .map('more', (row) => ({ ...row, size: row.text.length, tag: 'a' as 'a' | 'b' }))
    .groupBy((row) => ({ tag: row.tag, first: row.text[0] ?? null }))
    .aggregate('groups', (g) => ({
      rows: g.count(),
      mean: g.mean((row) => row.size),
      longest: g.max((row) => row.text),
      tags: g.collect((row) => row.tag),
      seen: g.reduce({ ids: [] as string[] }, (before, row) => ({ ids: [...before.ids, row.id] })),
    }))
    .map('all', (row) => {
      const tag: 'a' | 'b' = row.key.tag;
      const all: [number, number | null, string | null, ('a' | 'b')[], string[]] = [
        row.rows,
        row.mean,
        row.longest,
        row.tags,
        row.seen.ids,
      ];
      // @ts-expect-error there is no such field
      return { all, tag, no: row.text };
    });
  // @ts-expect-error a sum is of numbers
  groups().aggregate('g', (g) => ({ a: g.sum((row) => row.text) }));
});

test('a join adds the other row, or null', () => {
  const people = [{ id: 'a', age: 5 }];
  dataset('types', Row)
    .join('person', people, { on: (row) => row.id, key: (person) => person.id })
    .join('friend', people, { on: (row) => row.text, key: (person) => person.id, how: 'left' })
    .map('all', (row) => {
      const all: [number, number | undefined] = [row.person.age, row.friend?.age];
      // @ts-expect-error a left join may have found none
      return { all, age: row.friend.age };
    });
  // @ts-expect-error the row has a field 'text' already
  dataset('new', Row).join('text', people, { on: (row) => row.id, key: (person) => person.id });
  type Book = { kind: 'book'; title: string; by: string };
  type Author = { kind: 'author'; id: string; born: number };
  dataset<Book | Author>('union')
    .join('author', (row): row is Author => row.kind === 'author', {
      on: (book) => book.by,
      key: (author) => author.id,
    })
    .map('flat', (row) => ({ title: row.title, born: row.author.born }));
});

test('after a sort, stages are as wide as it has ranges, and the rejects so far are left behind', () => {
  const rows = dataset('plan', Row)
    .filter('a', () => true)
    .sort('order', [{ by: (row) => row.text.length, order: 'descending' }, { by: (row) => row.id }], { buckets: 5 })
    .map('b', (row) => row)
    .dedupe('d', (row) => row.text);
  // @ts-expect-error a list has no order
  dataset('plan', Row).sort('order', (row) => [row.id]);
  const stages = planStages(rows.operators).map(({ kind, width }) => [kind, width]);
  expect(stages).toEqual([
    ['rows', 0],
    ['keys', 0],
    ['send', 0],
    ['rejects', 0],
    ['sort', 5],
    ['rows', 5],
    ['keys', 5],
    ['reduce', 4],
    ['apply', 5],
    ['sink', 5],
    ['rejects', 5],
  ]);
});

test('batches hold rows, chunks what is kept', () => {
  dataset('types', Row)
    .chunk('piece', { text: (row) => row.text, size: 100, keep: ({ id }) => ({ id }) })
    .limit('few', 10)
    .sample('some', { count: 3, by: (row) => row.id })
    .batch('pieces', { size: 4, key: (row) => row.id })
    .batch('all', { size: 2 })
    .map('flat', ({ all }) => {
      const [first] = all;
      const places: number[] = first!.pieces.map(({ piece }) => piece.index + piece.start + piece.source);
      // @ts-expect-error the text is not kept
      return { key: first!.key.length, places, text: first!.pieces[0]!.text };
    });
  const stages = planStages(
    dataset('plan', Row).limit('l', 1).batch('b', { size: 2 }).sample('s', { count: 1 }).operators,
  );
  expect(stages.map(({ kind, width }) => [kind, width])).toEqual([
    ['rows', 0],
    ['keys', 0],
    ['apply', 0],
    ['keys', 0],
    ['apply', 0],
    ['keys', 0],
    ['reduce', 1],
    ['apply', 0],
    ['sink', 0],
    ['rejects', 0],
  ]);
});

test('the field of a model is not one that the row has', () => {
  const options = { model: 'm', prompt: () => 'x' };
  const rows = dataset('new', Row);
  // @ts-expect-error the row has a field 'text' already
  rows.generate('text', options);
  const more = rows.generate('title', options).map('more', (row) => ({ ...row, mood: row.title }));
  // @ts-expect-error the row has a field 'mood' already
  more.score('mood', options);
  // Nothing is known of these rows.
  dataset<{ [field: string]: string }>('record').generate('text', options);
});

test('row operators side by side are one stage; a model is three, a dedupe three or four', () => {
  const rows = dataset('plan', Row)
    .filter('a', () => true)
    .map('b', (row) => row);
  expect(kinds(rows.operators)).toEqual(['rows', 'sink', 'rejects']);
  expect(kinds(rows.operators, false)).toEqual(['rows', 'rows', 'rows', 'sink', 'rejects']);
  const model = rows.generate('g', { model: 'm', prompt: () => 'x' }).check('c', () => true);
  expect(kinds(model.operators)).toEqual(['rows', 'request', 'infer', 'receive', 'sink', 'rejects']);
  const exact = rows.dedupe('d', (row) => row.text, { buckets: 7 });
  expect(kinds(exact.operators)).toEqual(['rows', 'keys', 'reduce', 'apply', 'sink', 'rejects']);
  expect(planStages(exact.operators)[2]).toMatchObject({ width: 7, inputs: [{ stage: 1, mode: 'all' }] });
  const talk = rows
    .converse('t', { model: 'm', turns: [() => 'a', () => 'b'] })
    .judge('j', { model: 'm', a: () => 'a', b: () => 'b' });
  const three = ['request', 'infer', 'receive'];
  expect(kinds(talk.operators)).toEqual(['rows', ...three, ...three, ...three, 'sink', 'rejects']);
  const near = dataset<{ text: string }>('near')
    .dedupe('d', (row) => row.text, { near: 0.8 })
    .split({ train: 0.5, test: 0.5 });
  expect(kinds(near.operators)).toEqual(['keys', 'reduce', 'cluster', 'apply', 'sink', 'sink', 'rejects']);
});

const MODEL = { model: 'm', prompt: () => 'x' };

const simulated = (options: object) =>
  dataset('x', Row).simulate('s', { program: 'a.wasm', input: (row) => row.text, ...options });

test.each([
  ['a name is mandatory', () => dataset('x', Row).map('', (row) => row), 'sdk/bad-name'],
  [
    'a name is unique',
    () =>
      dataset('x', Row)
        .map('a', (row) => row)
        .filter('a', () => true),
    'sdk/duplicate-name',
  ],
  ['reserved names', () => dataset('x', Row).map('rejects', (row) => row), 'sdk/bad-option'],
  ['split adds up', () => dataset('x', Row).split({ train: 0.9, test: 0.2 }), 'sdk/bad-option'],
  ['near is a share', () => dataset('x', Row).dedupe('d', (row) => row.id, { near: 2 }), 'sdk/bad-option'],
  [
    'no shingle of nothing',
    () => dataset('x', Row).dedupe('d', (r) => r.id, { near: 0.8, shingle: 0 }),
    'sdk/bad-option',
  ],
  ['no shingle of 9', () => dataset('x', Row).dedupe('d', (r) => r.id, { near: 0.8, shingle: 9 }), 'sdk/bad-option'],
  ['no half tokens', () => dataset('x', Row).dedupe('d', (r) => r.id, { near: 0.8, shingle: 2.5 }), 'sdk/bad-option'],
  ['shingles are for near', () => dataset('x', Row).dedupe('d', (r) => r.id, { shingle: 3 }), 'sdk/bad-option'],
  ['tokens are for near', () => dataset('x', Row).dedupe('d', (r) => r.id, { tokens: 'words' }), 'sdk/bad-option'],
  [
    'no other tokens',
    () => dataset('x', Row).dedupe('d', (r) => r.id, { near: 0.8, tokens: 'lines' as never }),
    'sdk/bad-option',
  ],
  [
    'two labels',
    () => dataset('x', Row).classify('c', { model: 'm', labels: ['one'], text: (row) => row.text }),
    'sdk/bad-option',
  ],
  [
    'a program embeds',
    () => dataset('x', Row).embed('v', { model: 'builtin/small', text: (row) => row.text }),
    'sdk/bad-option',
  ],
  [
    'a text is embedded',
    () => dataset('x', Row).embed('v', { model: 'datavm/use-lite', text: 'text' as never }),
    'sdk/bad-option',
  ],
  ['examples have labels', () => labelled([{ text: 'a', label: 'c' }]), 'sdk/bad-option'],
  ['examples have texts', () => labelled([{ text: 1, label: 'a' }]), 'sdk/bad-option'],
  ['127 examples', () => labelled(Array(128).fill({ text: 'a', label: 'a' })), 'sdk/bad-option'],
  ['a simulator has a program', () => simulated({ program: '' }), 'sdk/bad-option'],
  ['a program is no address', () => simulated({ program: 'https://example.com/a.wasm' }), 'sdk/bad-option'],
  ['a program has no place of one machine', () => simulated({ program: '/tmp/a.wasm' }), 'sdk/bad-option'],
  ['an input is a function', () => simulated({ input: 'x' as never }), 'sdk/bad-option'],
  ['a seed is an integer', () => simulated({ seed: 0.5 }), 'sdk/bad-option'],
  ['a seed is exact', () => simulated({ seed: 2 ** 53 }), 'sdk/bad-option'],
  ['an output is a schema', () => simulated({ output: {} as never }), 'sdk/bad-option'],
  ['gas is a number', () => simulated({ gasLimit: 0 }), 'sdk/bad-option'],
  ['gas has a bound', () => simulated({ gasLimit: 1_000_000_001 }), 'sdk/bad-option'],
  ['no group without a field', () => grouped(() => ({})), 'sdk/bad-option'],
  ["'key' is the group's", () => grouped((g) => ({ key: g.count() })), 'sdk/bad-option'],
  ['fields are aggregates', () => grouped(() => ({ a: 5 as never })), 'sdk/bad-option'],
  ['nothing is collected', () => grouped((g) => ({ a: g.collect((r) => r, { limit: 0 }) })), 'sdk/bad-option'],
  ['a reduce begins with JSON', () => grouped((g) => ({ a: g.reduce(5n, (a) => a) })), 'sdk/bad-option'],
  ['a sum is of something', () => grouped((g) => ({ a: g.sum('x' as never) })), 'sdk/bad-option'],
  [
    'too many buckets',
    () =>
      dataset('x', Row)
        .groupBy((r) => r.id, { buckets: 65 })
        .aggregate('g', (g) => ({ n: g.count() })),
    'sdk/bad-option',
  ],
  ['a table is a list', () => joined({} as never), 'sdk/bad-option'],
  ['a table is of rows', () => joined([5 as never]), 'sdk/bad-option'],
  ['each row of a table has a key', () => joined([{ id: undefined as never }]), 'sdk/bad-option'],
  ['a table of 1 MiB', () => joined([{ id: 'x'.repeat(600_000) }, { id: 'y'.repeat(600_000) }]), 'sdk/bad-option'],
  ['a sort has a value', () => dataset('x', Row).sort('s', []), 'sdk/bad-option'],
  [
    'a sort goes up or down',
    () => dataset('x', Row).sort('s', (r) => r.id, { order: 'up' as never }),
    'sdk/bad-option',
  ],
  ['a batch has a size', () => dataset('x', Row).batch('b', { size: 0 }), 'sdk/bad-option'],
  [
    'a chunk goes on',
    () => dataset('x', Row).chunk('c', { text: (r) => r.text, size: 2, overlap: 2 }),
    'sdk/bad-option',
  ],
  ['one way to sample', () => dataset('x', Row).sample('s', { count: 1, fraction: 0.5 } as never), 'sdk/bad-option'],
  ['a sample of something', () => dataset('x', Row).sample('s', { count: 0 }), 'sdk/bad-option'],
  ['each of what', () => dataset('x', Row).sample('s', { each: 1 } as never), 'sdk/bad-option'],
  ['a limit is a number', () => dataset('x', Row).limit('l', 1.5), 'sdk/bad-option'],
  ['no answer at all', () => dataset('x', Row).generate('g', { ...MODEL, n: 0 }), 'sdk/bad-option'],
  ['17 answers', () => dataset('x', Row).generate('g', { ...MODEL, n: 17 }), 'sdk/bad-option'],
  [
    'more good answers than answers',
    () => dataset('x', Row).score('g', { ...MODEL, n: 2, minAnswers: 3 }),
    'sdk/bad-option',
  ],
  ['good answers of one', () => dataset('x', Row).generate('g', { ...MODEL, minAnswers: 1 }), 'sdk/bad-option'],
  [
    'answers that are all one',
    () => dataset('x', Row).generate('g', { ...MODEL, n: 2, temperature: 0 }),
    'sdk/bad-option',
  ],
  [
    'seeds without room',
    () => dataset('x', Row).generate('g', { ...MODEL, n: 2, seed: Number.MAX_SAFE_INTEGER }),
    'sdk/bad-option',
  ],
  ['a rubric of one', () => dataset('x', Row).score('g', { ...MODEL, rubric: { 1: 'good' } }), 'sdk/bad-option'],
  [
    'a rubric of halves',
    () => dataset('x', Row).score('g', { ...MODEL, rubric: { 0.5: 'a', 1: 'b' } }),
    'sdk/bad-option',
  ],
  [
    'a rubric with a maximum',
    () => dataset('x', Row).score('g', { ...MODEL, max: 3, rubric: { 1: 'a', 2: 'b' } }),
    'sdk/bad-option',
  ],
  [
    'a rubric for the built-in model',
    () => dataset('x', Row).score('g', { ...MODEL, model: 'builtin/small', rubric: { 1: 'bad', 2: 'good' } }),
    'sdk/bad-option',
  ],
  ['a judge of one', () => dataset('x', Row).judge('j', { model: 'm', a: () => 'a' } as never), 'sdk/bad-option'],
  ['no turns', () => dataset('x', Row).converse('c', { model: 'm', turns: [] }), 'sdk/bad-option'],
  [
    'nine turns',
    () => dataset('x', Row).converse('c', { model: 'm', turns: Array(9).fill(() => 'x') }),
    'sdk/bad-option',
  ],
  [
    'a turn and an operator of one name',
    () =>
      dataset('x', Row)
        .map('c-2', (row) => row)
        .converse('c', { model: 'm', turns: [() => 'a', () => 'b'] }),
    'sdk/duplicate-name',
  ],
  ['functions', () => dataset('x', Row).map('a', 'row' as never), 'sdk/bad-option'],
])('refuses: %s', (_name, build, code) => {
  expect(build).toThrow(expect.objectContaining({ code }));
});
