// docs/sdk.md#embed, docs/sdk.md#examples: vectors and labels by examples, from the program of datavm/use-lite.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../edge/backends/backend.ts';
import { loadModel } from '../../models/model.ts';
import { padHeader, readHeader } from '../../protocol/rows.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { bundleWorkflow } from '../compile/compile.ts';
import { type LocalRun, runLocal } from './run-local.ts';

const MODEL = 'datavm/use-lite';

let folder: string;
let backend: Backend;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-embed-'));
  backend = await programBackend();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The program, behind the interface of a backend: one request object for each request. */
async function programBackend(): Promise<Backend> {
  const { program, wasm } = (await loadModel(MODEL)).built;
  const engine = createNativeEngine();
  const loaded = engine.load({ ...program, wasm, fromImage: true });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  return {
    name: MODEL,
    complete: async (request) => {
      const text = `${padHeader({ mizu: 'requests', count: 1, model: MODEL })}${JSON.stringify([0, request])}\n`;
      const inputs = [new Uint8Array(0), new TextEncoder().encode(text)];
      const { output } = engine.run(loaded, {
        inputs,
        gasLimit: 10n ** 11n,
        timestampNs: 0n,
        seed: new Uint8Array(32),
      });
      const [, result] = JSON.parse(new TextDecoder().decode(output.subarray(readHeader(output)!.sizeBytes)));
      const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = result.usage;
      return { content: result.content, finishReason: result.finish_reason, usage: { promptTokens, completionTokens } };
    },
  };
}

async function run(name: string, operators: string, rows: readonly object[]): Promise<LocalRun> {
  const file = join(folder, `${name}.ts`);
  await writeFile(
    file,
    `import { dataset } from 'mizu';\nexport default dataset<{ t: string }>('${name}')\n${operators};\n`,
  );
  return runLocal(await bundleWorkflow(file), rows, { engine: 'node', backends: [backend] });
}

test('the vector of a text is 512 whole numbers, and near texts have a large product', async () => {
  const texts = ['how do I change my password', 'I want to reset the password', 'the weather in June', ''];
  const { parts, rejects } = await run(
    'vectors',
    `.embed('vector', { model: '${MODEL}', text: (row) => row.t })
     .map('size', (row) => ({ ...row, size: row.vector.reduce((sum, x) => sum + x * x, 0) / 2 ** 32 }))`,
    texts.map((t) => ({ t })),
  );
  expect(rejects).toEqual([]);
  const rows = parts.train as { t: string; vector: number[]; size: number }[];
  expect(rows.map(({ t }) => t)).toEqual(texts);
  for (const { vector, size } of rows) {
    expect(vector).toHaveLength(512);
    expect(Math.abs(size - 1)).toBeLessThan(2e-4);
  }
  const product = (a: number, b: number) => rows[a]!.vector.reduce((sum, x, i) => sum + x * rows[b]!.vector[i]!, 0);
  expect(product(0, 1)).toBeGreaterThan(product(0, 2) * 2);
});

test('a text gets the label of the nearest example', async () => {
  const { parts, rejects } = await run(
    'nearest',
    `.classify('mood', { model: '${MODEL}', labels: ['+', '-'], text: (row) => row.t, examples: [
       { text: 'a wonderful film', label: '+' }, { text: 'a terrible bore', label: '-' } ] })`,
    [{ t: 'I loved this movie\n\nGreat acting' }, { t: 'an awful waste of time, so boring' }],
  );
  expect(rejects).toEqual([]);
  expect((parts.train as { mood: string }[]).map(({ mood }) => mood)).toEqual(['+', '-']);
});

test('a text that is none is rejected', async () => {
  const { rejects } = await run('none', `.embed('vector', { model: '${MODEL}', text: (row) => (row as any).u })`, [
    { t: 'a' },
  ]);
  expect(rejects.map(({ operator, reason }) => [operator, reason])).toEqual([
    ['vector', expect.stringContaining('text is a string, not undefined')],
  ]);
});
