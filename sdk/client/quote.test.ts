import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { itemGas, resultGas } from '../../kernel/fees.ts';
import { MAX_STAGE_GAS } from '../../protocol/constants.ts';
import { compileWorkflow } from '../compile/compile.ts';
import { partitionFile } from '../input/partition.ts';
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
    gasPriceWei: 1n,
    prices,
    messageFeeWei: 1_000n,
    loadGas: 300_000n,
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
