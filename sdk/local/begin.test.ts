// docs/sdk.md#reuse: a program that begins with what another has made gives what the whole one gives.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../edge/backends/backend.ts';
import { concatBytes } from '../../protocol/hex.ts';
import { cutPoints } from '../client/cut-points.ts';
import { type BundledWorkflow, bundleWorkflow } from '../compile/compile.ts';
import { encodeRowset, type InputRow } from '../input/rowset.ts';
import type { Start } from '../workflow/tail.ts';
import { createLocalEngine, type LocalRun, runPartitions } from './run-local.ts';

const TEXT = `import { dataset, z } from 'mizu';
export default dataset('begin', z.object({ id: z.int(), text: z.string() }))
  .flatMap('twice', (row) => (row.id % 3 === 0 ? [row, { ...row, text: row.text + '!' }] : [row]))
  .generate('answer', { model: 'm', prompt: (row) => row.text, n: 2, temperature: 1 })
  .check('even', (row) => row.id % 2 === 0)
  .dedupe('same', (row) => row.answer[0])
  .classify('kind', { model: 'm', labels: ['a', 'b'], text: (row) => row.text })
  .map('last', (row) => ({ id: row.id, kind: row.kind, answer: row.answer }))
  .sort('order', (row) => row.answer[0])
  .check('late', (row) => row.id !== 8)
  .split({ train: 0.5, test: 0.5 });
`;

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-begin-'));
  file = join(folder, 'w.ts');
  await writeFile(file, TEXT);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let asked = 0;
/** Of some rows it refuses to answer, and some answers are the same. */
const model: Backend = {
  name: 'm',
  complete: async (request) => {
    asked++;
    const text = JSON.stringify(request.messages.at(-1));
    const number = Number(/\d+/.exec(text)?.[0]);
    const content =
      request.response_format === undefined
        ? `said ${number % 9}`
        : JSON.stringify({ label: number === 10 ? 'c' : number % 4 ? 'a' : 'b' });
    const finishReason = number % 7 === 0 ? 'length' : 'stop';
    return { content, finishReason, usage: { promptTokens: 1, completionTokens: 1 } };
  },
};

const rows = Array.from({ length: 40 }, (_, index): InputRow => {
  if (index === 5) return { kind: 'broken', index, text: '{', reason: 'no JSON' };
  return { kind: 'row', index, row: index === 6 ? { id: 'x' } : { id: index, text: `row ${index}` } };
});
const partitions = [rows.slice(0, 12), rows.slice(12, 13), rows.slice(13)].map((some) => encodeRowset(some));
const made = ({ parts, rejects, operators }: LocalRun) => ({ parts, rejects, operators });

/** Each is bundled once, for both engines. */
const bundles = new Map<string, Promise<BundledWorkflow>>();
function bundle(start: Start): Promise<BundledWorkflow> {
  const key = JSON.stringify(start);
  const known = bundles.get(key) ?? bundleWorkflow(file, true, start);
  bundles.set(key, known);
  return known;
}

test.each(['node', 'native'] as const)('at each place, in %s', async (engine) => {
  const run = async (start: Start, inputs: readonly Uint8Array[]) => {
    const bundled = await bundle(start);
    const local = await createLocalEngine(bundled, { engine });
    return { bundled, result: await runPartitions(bundled, local, inputs, { backends: [model] }) };
  };
  const { bundled, result } = await run({}, partitions);
  expect(result.rejects.map(({ operator }) => operator)).toEqual(
    expect.arrayContaining(['input', 'answer', 'even', 'kind', 'late']),
  );
  const points = cutPoints(bundled.metadata);
  expect(points.map(({ begin: { operators, answered } }) => `${operators}${answered ? ' answered' : ''}`)).toEqual([
    '2',
    '2 answered',
    '4',
    '5',
    '5 answered',
    '7',
  ]);
  for (const { begin, rows: from, results } of engine === 'node' ? points.slice(1, 5) : points.slice(1, 2)) {
    const inputs = result.stages[from]!.outputs.map((rowset, i) =>
      results === undefined ? rowset : concatBytes([result.stages[results]!.outputs[i]!, rowset]),
    );
    asked = 0;
    const rest = await run({ begin }, inputs);
    expect(made(rest.result), JSON.stringify(begin)).toEqual(made(result));
    const models =
      begin.operators < 2 || (begin.operators === 2 && !begin.answered)
        ? 2
        : begin.operators < 5 || (begin.operators === 5 && !begin.answered)
          ? 1
          : 0;
    expect(rest.result.stages.filter(({ stage }) => stage.kind === 'infer')).toHaveLength(models);
    expect(asked > 0).toBe(models > 0);
  }
});
