// docs/sdk.md#errors, docs/rows.md#limits: rules for single rows, one by one.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleWorkflow } from '../compile/compile.ts';
import { type LocalOptions, type LocalRun, runLocal } from './run-local.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-rules-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
async function write(chain: string, schema = ''): Promise<string> {
  const file = join(folder, `w${files++}.ts`);
  await writeFile(file, `import { dataset, z } from 'mizu';\nexport default dataset<any>('w'${schema})${chain};\n`);
  return file;
}
const run = async (chain: string, rows: readonly object[], options: LocalOptions = {}): Promise<LocalRun> =>
  runLocal(await write(chain), rows, { engine: 'node', ...options });

const told = ({ rejects }: LocalRun) =>
  rejects.map(({ index, operator, reason, row }) => [index, operator, reason, row]);
const says = (content: (n: number) => string) => ({
  name: 'm',
  complete: async ({ messages }: { messages: readonly { content: unknown }[] }) => ({
    content: content(Number(messages[0]!.content)),
    finishReason: 'stop',
    usage: { promptTokens: 1, completionTokens: 1 },
  }),
});

describe.each(['node', 'native'] as const)('%s', (engine) => {
  test('names that are whole numbers stand in canonical order, however deep, after every operator', async () => {
    const rows = [{ n: 1, deep: [{ 10: 1, 9: { 2: 0, 11: 0 } }] }];
    const chain = `
      .generate('said', { model: 'm', prompt: (r) => String(r.n) })
      .map('other', (r) => ({ ...r, 7: 1, 10: 2 }))`;
    const { stages } = await run(chain, rows, { engine, backends: [says((n) => `v${n}`)] });
    const sink = stages.find(({ stage }) => stage.kind === 'sink')!;
    expect(sink.outputs.map((bytes) => new TextDecoder().decode(bytes).trim())).toEqual([
      '{"10":2,"7":1,"deep":[{"10":1,"9":{"11":0,"2":0}}],"n":1,"said":"v1"}',
    ]);
  });

  test('a row is in one of parts and rejects, also when its key of a dedupe or a split fails', async () => {
    const rows = Array.from({ length: 12 }, (_, n) => (n % 4 === 1 ? { n } : { n, key: { text: `w${n % 3}` } }));
    const chain = `
      .dedupe('exact', (r) => r.key?.text, { buckets: 3 })
      .map('other', (r) => (r.n === 0 ? { ...r, key: null } : r))
      .dedupe('none', () => null)
      .split({ train: 0.5, test: 0.3, rest: 0.2 }, { key: (r) => r.key.text })`;
    const result = await run(chain, rows, { engine, partitions: 3 });
    expect(told(result)).toEqual([
      [0, 'split', expect.stringMatching(/^TypeError: .*:6\)$/), { key: null, n: 0 }],
      ...[1, 5, 9].map((n) => [
        n,
        'exact',
        expect.stringMatching(/^TypeError: the key is undefined; a row that has none says null \(w\d+.ts:3\)$/),
        { n },
      ]),
    ]);
    expect(
      Object.values(result.parts)
        .flat()
        .map((row) => row.n)
        .sort(),
    ).toEqual([4, 8].slice(0, 0).concat([2, 4]));
    expect(result.operators).toMatchObject({
      exact: { in: 12, out: 3, rejected: 3 },
      split: { in: 3, out: 2, rejected: 1 },
    });
    const near = await run(`.dedupe('near', (r) => r.key.text, { near: 0.8 })`, rows, { engine, partitions: 3 });
    expect(near.rejects.map(({ index, operator }) => [index, operator])).toEqual([
      [1, 'near'],
      [5, 'near'],
      [9, 'near'],
    ]);
    expect(near.parts.train!.map((row) => row.n)).toEqual([0, 2, 4]);
  });

  test('a row may be as deep as the limit, in every stage', async () => {
    const deep = (levels: number): object => {
      let value: unknown = ['x'];
      for (let i = 2; i < levels; i++) value = i % 2 === 0 ? { z: 1, a: value } : [value, 0];
      return { b: value, '10': 1, '9': 2 };
    };
    const chain = `
      .map('same', (r) => ({ ...r, more: 1 }))
      .validate('shape', z.any() as any)
      .flatMap('two', (r) => [r, { r }])
      .dedupe('key', (r) => r.b)
      .dedupe('near', (r) => r, { near: 0.5 })
      .generate('said', { model: 'm', prompt: () => '1', parse: (_a, r) => r.more })
      .split({ train: 1 }, { key: (r) => r })`;
    const result = await run(chain, [deep(128)], { engine, backends: [says(() => 'x')] });
    expect(told(result).map(([, operator, reason]) => [operator, reason])).toEqual([
      ['two', expect.stringMatching(/^RangeError: a row has at most 128 levels of objects and arrays \(w\d+.ts:5\)$/)],
    ]);
    const [row] = (await run(chain.replace(', { r }', ''), [deep(128)], { engine, backends: [says(() => 'x')] })).parts
      .train!;
    expect(row).toEqual({ ...deep(128), more: 1, said: 1 });
  });
});

test('the field of a model is new: by types, and by the row before anything is asked', async () => {
  let asked = 0;
  const chain = `.generate('note', { model: 'm', prompt: (r) => '1' })`;
  const backend = says(() => {
    asked++;
    return 'said';
  });
  const result = await run(chain, [{ n: 1, note: 'mine' }, { n: 2 }], { backends: [backend] });
  expect(result.parts.train).toEqual([{ n: 2, note: 'said' }]);
  expect(told(result)).toEqual([
    [
      0,
      'note',
      expect.stringMatching(/has a field 'note' already: give the operator another name.* \(w\d+.ts:2\)$/),
      { n: 1, note: 'mine' },
    ],
  ]);
  expect(asked).toBe(1);
});

test('a parser that makes no JSON, or nothing, of a chatty answer', async () => {
  const backend = says((n) => ['7', 'I think it is seven.', 'none'][n]!);
  const prompt = `prompt: (r) => String(r.n)`;
  const rows = [{ n: 0 }, { n: 1 }, { n: 2 }];
  const number = await run(`.generate('a', { model: 'm', ${prompt}, parse: (a) => Number(a) })`, rows, {
    backends: [backend],
  });
  expect(number.parts.train).toEqual([{ n: 0, a: 7 }]);
  expect(told(number)).toEqual([
    [
      1,
      'a',
      expect.stringMatching(
        /^the parser failed: TypeError: .*row\.a is NaN \(w\d+.ts:2\); the model said: I think it is seven\.$/,
      ),
      { n: 1 },
    ],
    [2, 'a', expect.stringMatching(/^the parser failed: .*; the model said: none$/), { n: 2 }],
  ]);
  const match = await run(
    `.generate('a', { model: 'm', ${prompt}, parse: (a: string) => a.match(/\\d/)?.[0] })`,
    rows,
    { backends: [backend] },
  );
  expect(match.parts.train).toEqual([{ n: 0, a: '7' }]);
  expect(match.rejects[0]!.reason).toMatch(/returned undefined; where there is no value it says null/);
});

test('what a row becomes has a size, and so has a task', async () => {
  const large = await run(
    `.flatMap('many', (r) => Array.from({ length: r.n }, () => ({ text: 'x'.repeat(1_000) }))).map('grow', (r) => (r.n === 0 ? r : { text: r.text.repeat(r.text.length === 1_000 ? 1 : 0) }))`,
    [{ n: 8_000 }, { n: 20_000 }, { n: 3 }],
  );
  expect(large.parts.train).toHaveLength(8_003);
  expect(large.rejects.map(({ index, operator, row }) => [index, operator, row])).toEqual([[1, 'many', { n: 20_000 }]]);
  const full = await run(
    `.map('fill', (r) => ({ n: r.n, text: 'x'.repeat(1_000_000) }))`,
    Array.from({ length: 60 }, (_, n) => ({ n })),
  );
  expect(full.parts.train!.map((row) => row.n)).toEqual(Array.from({ length: 50 }, (_, n) => n));
  expect(full.rejects.map(({ row }) => row)).toEqual(Array.from({ length: 10 }, (_, i) => ({ n: 50 + i })));
  expect(full.rejects[0]!.reason).toMatch(/has no room for this one/);
});

test('an operator that never ends, on the node engine', async () => {
  const result = await run(
    `.map('m', (r) => { let n = r.n; while (n !== 0) n = n + 1 - 1; return { n, ok: true }; })`,
    [{ n: 0 }, { n: 1 }, { n: 0 }],
  );
  expect(result.parts.train).toEqual([
    { n: 0, ok: true },
    { n: 0, ok: true },
  ]);
  expect(told(result)).toEqual([
    [1, 'm', expect.stringMatching(/^took too long: .*\(rowBudget\).* \(w\d+.ts:2\)$/), { n: 1 }],
  ]);
});

test("the budget of a row is the workflow's, counted alike for each row, each number of partitions and each fusion", async () => {
  const chain = `.filter('a', (r) => r.n >= 0).map('m', (r) => { let n = 0; for (let i = 0; i < r.n; i++) n++; return { n }; }).filter('b', () => true)`;
  const rows = Array.from({ length: 60 }, (_, i) => ({ n: 24_700 + 10 * ((i * 37) % 60) }));
  const small = await write(chain, ', undefined, { rowBudget: 50_000 }');
  const kept = async (fused: boolean, partitions: number) => {
    const result = await runLocal(await bundleWorkflow(small, fused), rows, { engine: 'native', partitions });
    expect(result.parts.train!.length + result.rejects.length).toBe(60);
    return result.parts.train!.map((row) => row.n);
  };
  const one = await kept(true, 1);
  expect(one.length).toBeGreaterThan(5);
  expect(one.length).toBeLessThan(55);
  expect(Math.max(...(one as number[]))).toBeLessThan(
    Math.min(...rows.map(({ n }) => n).filter((n) => !one.includes(n))),
  );
  expect(await kept(true, 7)).toEqual(one);
  await expect(bundleWorkflow(await write(chain, ', undefined, { rowBudget: 5 }'))).rejects.toMatchObject({
    code: 'sdk/bad-option',
  });
});

test('a reject is written whatever the row is that its operator has read', async () => {
  const result = await run(
    `.map('odd', (r) => ({ n: r.n, ...(r.n === 0 ? { text: '\\u0001'.repeat(400_000) } : { ['\\ud800']: '\\ud800', '10': { z: 1, a: 2 }, '9': 0 }) })).check('no', () => false).map('end', (r) => r)`,
    [{ n: 0 }, { n: 1 }],
  );
  expect(result.parts.train).toEqual([]);
  expect(result.rejects.map(({ index, operator }) => [index, operator])).toEqual([
    [0, 'no'],
    [1, 'no'],
  ]);
  expect(result.rejects[0]!.row).toEqual({ n: 0, text: '\u0001'.repeat(400_000) });
});
