import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mix32 } from '../runtime/hash.ts';
import { type LocalOptions, type LocalRun, runLocal } from './run-local.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-local-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
async function run(chain: string, rows: readonly object[], options: LocalOptions = {}): Promise<LocalRun> {
  const file = join(folder, `w${files++}.ts`);
  await writeFile(file, `import { dataset, z } from 'mizu';\nexport default dataset('w')${chain};\n`);
  return runLocal(file, rows, { engine: 'node', ...options });
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n, word: `w${mix32(n) % 40}` }));

test('every row operator does what it says, and what it rejects says why', async () => {
  const result = await run(
    `
  .filter('even', (r: any) => r.n % 2 === 0)
  .map('double', (r: any) => { if (r.n === 4) throw new Error('four'); return { ...r, d: 2 * r.n }; })
  .check('small', (r: any) => r.d < 30)
  .flatMap('twice', (r: any) => [r, { ...r, copy: true }])
  .validate('shape', z.object({ n: z.number().max(10), d: z.number(), copy: z.boolean().default(false) }))`,
    numbers(20),
  );
  expect(result.parts.train!.map((row) => [row.n, row.d, row.copy])).toEqual(
    [0, 2, 6, 8, 10].flatMap((n) => [
      [n, 2 * n, false],
      [n, 2 * n, true],
    ]),
  );
  expect(result.rejects.map(({ index, operator, reason }) => [index, operator, reason])).toEqual([
    [4, 'double', expect.stringMatching(/^Error: four \(w\d+\.ts:4\)$/)],
    [12, 'shape', 'n: Too big: expected number to be <=10'],
    [12, 'shape', 'n: Too big: expected number to be <=10'],
    [14, 'shape', 'n: Too big: expected number to be <=10'],
    [14, 'shape', 'n: Too big: expected number to be <=10'],
    [16, 'small', 'the check failed'],
    [18, 'small', 'the check failed'],
  ]);
  expect(result.operators).toMatchObject({
    even: { in: 20, out: 10, rejected: 0 },
    double: { in: 10, out: 9, rejected: 1 },
    small: { in: 9, out: 7, rejected: 2 },
    twice: { in: 7, out: 14, rejected: 0 },
    shape: { in: 14, out: 10, rejected: 4 },
  });
});

test('the number of partitions and the engine change nothing', async () => {
  const chain = `
  .dedupe('word', (r: any) => r.word, { onDuplicate: 'reject' })
  .sample('half', { fraction: 0.5 })
  .map('more', (r: any) => ({ ...r, text: 'a b c ' + r.n }))
  .split({ train: 0.7, test: 0.3 })`;
  const rows = numbers(200);
  const [one, seven, native] = [
    await run(chain, rows),
    await run(chain, rows, { partitions: 7 }),
    await run(chain, rows, { partitions: 3, engine: 'native' }),
  ];
  expect(one.parts.train!.length + one.parts.test!.length).toBeGreaterThan(5);
  expect(seven.parts).toEqual(one.parts);
  expect(native.parts).toEqual(one.parts);
  expect(seven.rejects).toEqual(one.rejects);
  expect(native.rejects).toEqual(one.rejects);
});

test('exact dedupe keeps what a naive loop keeps', async () => {
  const rows = numbers(500);
  const first = new Map<string, number>();
  for (const { n, word } of rows) if (!first.has(word)) first.set(word, n);
  const result = await run(`.dedupe('d', (r: any) => r.word, { onDuplicate: 'reject', buckets: 5 })`, rows, {
    partitions: 4,
  });
  expect(result.parts.train!.map((row) => row.n)).toEqual([...first.values()]);
  for (const { row, reason } of result.rejects) {
    expect(reason).toBe(`duplicate of row ${first.get((row as { word: string }).word)}`);
  }
  expect(result.rejects).toHaveLength(500 - first.size);
});

test('near dedupe finds seeded near duplicates and leaves the others', async () => {
  const base = Array.from({ length: 150 }, (_, i) =>
    Array.from({ length: 60 }, (_, j) => `t${mix32(i * 64 + j) % 3000}`),
  );
  const rows = base.flatMap((words, i) => [
    { id: `a${i}`, text: words.join(' ') },
    // One word of 60 in the middle: 3 of 58 shingles on each side, a similarity of 0.9.
    { id: `b${i}`, text: words.map((word, j) => (j === 30 ? 'changed' : word)).join(' ') },
    // A third of the words: a similarity below 0.5.
    { id: `c${i}`, text: words.map((word, j) => (j < 22 ? `x${i}y${j}` : word)).join(' ') },
  ]);
  const result = await run(`.dedupe('d', (r: any) => r.text, { near: 0.8 })`, rows, { partitions: 5 });
  const kept = new Set(result.parts.train!.map((row) => String(row.id)));
  const count = (letter: string) => [...kept].filter((id) => id.startsWith(letter)).length;
  expect(count('a')).toBe(150);
  expect(count('b')).toBeLessThanOrEqual(2);
  expect(count('c')).toBe(150);
});

test('a model answers, and a row whose prompt or answer is bad is rejected with the reason', async () => {
  const chain = `
  .generate('pick', { model: 'm', prompt: (r: any) => { if (r.n === 1) throw new Error('no prompt'); return 'number ' + r.n; },
    output: z.object({ value: z.number() }), parse: (a: any) => a.value * 2 })`;
  const backend = {
    name: 'm',
    complete: async ({ messages }: { messages: readonly { content: unknown }[] }) => {
      const n = Number(String(messages[0]!.content).split(' ')[1]);
      const content = n === 2 ? 'not json' : JSON.stringify({ value: n === 3 ? 'three' : n });
      return { content, finishReason: 'stop', usage: { promptTokens: 2, completionTokens: 1 } };
    },
  };
  const result = await run(chain, numbers(6), { backends: [backend], partitions: 2 });
  expect(result.parts.train!.map((row) => [row.n, row.pick])).toEqual([
    [0, 0],
    [4, 8],
    [5, 10],
  ]);
  expect(result.rejects.map(({ index, reason }) => [index, reason])).toEqual([
    [1, expect.stringMatching(/^the prompt failed: Error: no prompt \(w\d+\.ts:3\)$/)],
    [2, expect.stringMatching(/^the model gave no answer: edge\/schema: not JSON.*; the model said: not json$/)],
    [3, expect.stringMatching(/^the model gave no answer: edge\/schema: .*; the model said: \{"value":"three"\}$/)],
  ]);
  expect([result.inputTokens, result.outputTokens]).toEqual([10, 5]);
});

test('an operator cannot change its row, return a promise, or reach a clock through a back door', async () => {
  const result = await run(
    `
  .filter('write', (r: any) => { if (r.n === 0) r.n = 9; return true; })
  .filter('async', ((r: any) => r.n === 1 ? Promise.resolve(true) : true) as any)
  .map('clock', (r: any) => r.n === 2 ? { t: (globalThis as any)['Da' + 'te'].now() } : r)
  .map('json', (r: any) => r.n === 3 ? { m: new Map() } : r)`,
    numbers(5),
    { engine: 'native' },
  );
  expect(result.parts.train!.map((row) => row.n)).toEqual([4]);
  expect(result.rejects.map(({ operator }) => operator)).toEqual(['write', 'async', 'clock', 'json']);
  expect(result.rejects[1]!.reason).toContain('a promise is not allowed in an operator: operators are synchronous');
  expect(result.rejects[2]!.reason).toContain('Date.now is not allowed in an operator');
  expect(result.rejects[3]!.reason).toContain('an instance of Map');
});

test('a check can stop the run', async () => {
  await expect(run(`.check('never', (r: any) => r.n < 3, { onFail: 'stop' })`, numbers(5))).rejects.toMatchObject({
    code: 'sdk/task-failed',
    actual: expect.stringContaining("the check 'never' failed on row 3"),
  });
});

test('the gas of a row does not grow with the number of rows', async () => {
  const chain = `.map('m', (r: any) => ({ ...r, twice: r.n * 2 })).dedupe('d', (r: any) => r.n)`;
  const perRow = async (count: number) =>
    Number((await run(chain, numbers(count), { engine: 'native' })).gasUsed) / count;
  const [small, large] = [await perRow(1_000), await perRow(8_000)];
  expect(large / small).toBeLessThan(1.2);
});
