import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tryWorkflow } from './testing.ts';

const TEXT = `import { dataset, z } from 'mizu';
export default dataset('kinds', z.object({ text: z.string() }))
  .generate('kind', {
    model: 'endpoint/llama3.2',
    prompt: (row) => 'What is it? ' + row.text,
    output: z.object({ kind: z.enum(['animal', 'plant']) }),
  })
  .generate('note', { model: 'endpoint/llama3.2', prompt: (row) => row.kind.kind, n: 2, temperature: 1 })
  .classify('area', { model: 'builtin/small', labels: ['animal', 'plant'], text: (row) => row.text });
`;

let folder = '';
let file = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-testing-'));
  file = join(folder, 'workflow.ts');
  await writeFile(file, TEXT);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const kind = ({ prompt }: { prompt: string }) => ({ kind: prompt.includes('oak') ? 'plant' : 'animal' });

for (const engine of ['node', 'native'] as const)
  test(`answers are those of the test, by operator; the built-in model answers for itself (${engine})`, async () => {
    const run = await tryWorkflow<{ text: string; note: string[]; area: string }>(
      pathToFileURL(file),
      [{ text: 'an otter, an animal with fur' }, { text: 'an oak tree' }],
      { engine, partitions: 2, answers: { kind, note: ({ prompt, answer }) => `${prompt} ${answer}` } },
    );
    expect(run.rejects).toEqual([]);
    expect(run.rows.map(({ note }) => note)).toEqual([
      ['animal 0', 'animal 1'],
      ['plant 0', 'plant 1'],
    ]);
    expect(run.rows.map(({ area }) => area)).toEqual(['animal', 'plant']);
    expect(run.questions.map(({ operator, model }) => `${operator} ${model}`)).toEqual([
      'kind endpoint/llama3.2',
      'kind endpoint/llama3.2',
      ...Array.from({ length: 4 }, () => 'note endpoint/llama3.2'),
      'area builtin/small',
      'area builtin/small',
    ]);
  });

test('an answer that fails, that is none, or that does not fit, rejects its row alone', async () => {
  const said: Record<string, () => unknown> = {
    a: () => {
      throw new Error('no such thing');
    },
    b: () => undefined,
    c: () => ({ kind: 'stone' }),
    d: () => ({ kind: 'plant' }),
  };
  const run = await tryWorkflow(
    file,
    ['a', 'b', 'c', 'd'].map((text) => ({ text })),
    {
      answers: { kind: ({ prompt }) => said[prompt.at(-1) as string]?.(), note: () => 'so' },
    },
  );
  expect(run.rows).toHaveLength(1);
  expect(run.rejects.map(({ index, operator }) => [index, operator])).toEqual([
    [0, 'kind'],
    [1, 'kind'],
    [2, 'kind'],
  ]);
  expect(run.rejects[0]?.reason).toContain('no such thing');
});

test('a model that nobody stands in for, and an answer for an operator that asks none, are told before anything runs', async () => {
  await expect(tryWorkflow(file, [], { answers: { kind } })).rejects.toMatchObject({
    code: 'sdk/unanswered',
    expected: 'answers for note',
  });
  await expect(tryWorkflow(file, [], { answers: { kind, notes: kind } })).rejects.toMatchObject({
    code: 'sdk/no-operator',
    actual: 'notes',
  });
});
