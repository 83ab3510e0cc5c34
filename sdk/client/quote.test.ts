import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { itemGas, resultGas } from '../../kernel/fees.ts';
import { MAX_STAGE_GAS } from '../../protocol/constants.ts';
import { readHeader } from '../../protocol/rows.ts';
import { compileWorkflow } from '../compile/compile.ts';
import { partitionFile } from '../input/partition.ts';
import { createCompiledEngine } from '../local/model-engine.ts';
import { createLocalNativeEngine } from '../local/native-engine.ts';
import { runPartitions } from '../local/run-local.ts';
import { mix32 } from '../runtime/hash.ts';
import { createQuote } from './quote.ts';
import { surveyInput } from './survey.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-quote-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('what a joined input costs is in the quote, whether the dry run has all of it or its first rows', async () => {
  const file = join(folder, 'j.ts');
  await writeFile(
    file,
    `import { dataset, input } from 'mizu';
export default dataset<{ n: number; key: number }>('j')
  .join('other', input<{ key: number; text: string }>('others'), { on: (r) => r.key, key: (o) => o.key, how: 'left' });
`,
  );
  const [rows, others] = [join(folder, 'j.jsonl'), join(folder, 'o.jsonl')];
  const lines = (count: number, line: (n: number) => object): string =>
    Array.from({ length: count }, (_, n) => `${JSON.stringify(line(n))}\n`).join('');
  await writeFile(
    rows,
    lines(600, (n) => ({ n, key: mix32(n) % 1_500 })),
  );
  await writeFile(
    others,
    lines(1_500, (key) => ({ key, text: `text ${key}` })),
  );
  const workflow = await compileWorkflow(file);
  const engine = createLocalNativeEngine(workflow.program);
  const named = { name: 'others', file: others, options: {} };
  const partitions: Uint8Array[] = [];
  for await (const { bytes } of partitionFile(rows)) partitions.push(bytes);
  for await (const { bytes } of partitionFile(others, {}, undefined, { input: 'others' })) partitions.push(bytes);
  const actual = await runPartitions(workflow, engine, partitions);
  const survey = await surveyInput(rows, 20, {}, [named]);
  const half = { ...survey, others: survey.others.map((one) => ({ ...one, sample: one.sample.slice(0, 750) })) };
  for (const taken of [survey, half]) {
    const quote = await createQuote(workflow, engine, taken, {
      gasPrice: 1n,
      prices: new Map(),
      messageFeeWei: 0n,
      loadGas: () => 0n,
    });
    expect(quote).toMatchObject({ rows: 600, partitions: partitions.length });
    const off = Number(quote.gas.expected) / Number(actual.gasUsed);
    expect(off).toBeGreaterThan(0.75);
    expect(off).toBeLessThan(1.35);
    expect(quote.gas.upper).toBeGreaterThan(actual.gasUsed);
  }
});

test('twenty rows tell what two thousand cost', async () => {
  const file = join(folder, 'w.ts');
  await writeFile(
    file,
    `import { dataset, z } from 'mizu';
export default dataset('w', z.object({ n: z.number(), text: z.string() }))
  .filter('third', (r) => r.n % 3 !== 0)
  .dedupe('near', (r) => r.text, { near: 0.8 })
  .generate('title', { model: 'builtin/small', prompt: (r) => r.text })
  .map('short', (r) => ({ n: r.n, title: r.title }));
`,
  );
  const input = join(folder, 'rows.jsonl');
  const text = (n: number): string =>
    Array.from({ length: 10 + (mix32(n) % 20) }, (_, i) => `w${mix32(n * 64 + i) % 900}`).join(' ');
  await writeFile(input, Array.from({ length: 2_000 }, (_, n) => `${JSON.stringify({ n, text: text(n) })}\n`).join(''));
  const workflow = await compileWorkflow(file);
  const engine = createLocalNativeEngine(workflow.program);
  const prices = new Map([['builtin/small', { active: true, inputWei: 3n, outputWei: 5n }]]);
  const quote = await createQuote(workflow, engine, await surveyInput(input, 20), {
    gasPrice: 1n,
    prices,
    messageFeeWei: 1_000n,
    loadGas: () => 300_000n,
  });
  const partitions: Uint8Array[] = [];
  for await (const { bytes } of partitionFile(input)) partitions.push(bytes);
  const actual = await runPartitions(workflow, engine, partitions);
  expect(quote).toMatchObject({ rows: 2_000, partitions: 2, sampledRows: 20 });
  const off = Number(quote.gas.expected) / Number(actual.gasUsed);
  expect(off).toBeGreaterThan(0.75);
  expect(off).toBeLessThan(1.25);
  expect(quote.gas.upper).toBeGreaterThan(actual.gasUsed);
  expect(Number(quote.inputTokens.expected) / actual.inputTokens).toBeCloseTo(1, 0);
  // What a gateway would tell of each partition, and what the kernel would charge for it.
  const results = actual.stages.find(({ stage }) => stage.kind === 'infer')!.outputs;
  const told = results.map((bytes) => {
    const { inputTokens, outputTokens } = JSON.parse(new TextDecoder().decode(bytes).split('\n')[0]!);
    return 3n * BigInt(inputTokens) + 5n * BigInt(outputTokens) + resultGas(BigInt(bytes.length));
  });
  const sum = told.reduce((total, wei) => total + wei, 0n);
  expect(told.every((wei) => wei <= quote.itemWei)).toBe(true);
  expect([sum <= quote.inferenceWei, quote.inferenceWei < 4n * sum, quote.itemWei < 4n * sum]).toEqual(
    Array(3).fill(true),
  );
  const kept = results.map(({ length }) => itemGas({ sink: false, signatures: 8, items: 1, resultLength: length }));
  expect(quote.gas.upper).toBeGreaterThan(actual.gasUsed + kept.reduce((total, gas) => total + gas, 0n));
  const cost = actual.gasUsed + 3n * BigInt(actual.inputTokens) + 5n * BigInt(actual.outputTokens);
  expect(quote.costWei.upper).toBeGreaterThan(cost);
  const largest = Math.max(...actual.stages.map((stage) => Number(stage.gasUsed) / stage.outputs.length));
  expect(Number(quote.taskGasLimit)).toBeGreaterThan(1.5 * largest);
  // The sample says nothing of what a bucket of the whole dataset takes.
  expect(quote.taskGasLimit).toBe(MAX_STAGE_GAS);
  expect(quote.gas.upper).toBeGreaterThan(2_000n * 100_000n);
});

test('an input is cut into so many partitions that no task uses too much gas at a dear model', async () => {
  const file = join(folder, 'm.ts');
  await writeFile(
    file,
    `import { dataset } from 'mizu';
export default dataset<{ text: string }>('m').generate('said', { model: 'datavm/small', prompt: (r) => r.text });
`,
  );
  const input = join(folder, 'm.jsonl');
  await writeFile(input, Array.from({ length: 500 }, (_, n) => `${JSON.stringify({ text: `text ${n}.` })}\n`).join(''));
  const workflow = await compileWorkflow(file);
  const own = createCompiledEngine(workflow);
  const place = workflow.description.stages.findIndex(({ kind }) => kind === 'model');
  const quoteAt = async (rowGas: bigint) =>
    createQuote(
      workflow,
      {
        exec: (task) => {
          const rows = BigInt((readHeader(task.inputs[0]!)!.header.count ?? 0) as number);
          const result = own.exec(task);
          return task.stage === place ? { ...result, gasUsed: 20_000_000n + rows * rowGas } : result;
        },
      },
      await surveyInput(input, 20),
      { gasPrice: 1n, prices: new Map(), messageFeeWei: 0n, loadGas: (stage) => (stage === place ? 7_000_000n : 0n) },
    );
  const cheap = await quoteAt(2_000_000n);
  expect([cheap.partitions, cheap.survey.mostRows]).toEqual([1, 500]);
  // Half of 2^34 gas has room for 39 rows.
  const dear = await quoteAt(215_000_000n);
  expect([dear.partitions, dear.survey.mostRows, dear.rows]).toEqual([16, 32, 500]);
  expect(dear.gas.expected).toBeGreaterThan(500n * 215_000_000n + 16n * 27_000_000n);
  expect(dear.gas.expected).toBeLessThan(501n * 215_000_000n + 16n * 60_000_000n);
  expect([dear.taskGasLimit, dear.inferenceWei, dear.itemWei]).toEqual([MAX_STAGE_GAS, 0n, 0n]);
  // A small difference of the gas makes no other partitions.
  expect((await quoteAt(200_000_000n)).survey.inputsHash).toBe(dear.survey.inputsHash);
  expect((await surveyInput(input, 20, { partitionRows: 32 })).inputsHash).toBe(dear.survey.inputsHash);
  await expect(surveyInput(input, 20, { partitionRows: 0 })).rejects.toMatchObject({ code: 'sdk/input-options' });
});
