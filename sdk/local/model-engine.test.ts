// docs/models.md#stage: a workflow whose model is a program gives what it gives by a gateway, in both engines, and is deployed with the program.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../models/model.ts';
import { objectsOfDefinition } from '../../protocol/definition.ts';
import { ZERO_HASH } from '../../protocol/hex.ts';
import { objectRef } from '../../protocol/tree.ts';
import { bundleWorkflow, compileWorkflow } from '../compile/compile.ts';
import { operatorCodes } from '../compile/operator-code.ts';
import { tryWorkflow } from '../testing.ts';
import { type LocalRun, runLocal } from './run-local.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-model-'));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
async function write(operators: string): Promise<string> {
  const file = join(folder, `w${count++}.ts`);
  const head = "import { dataset, z } from 'mizu';\nexport default dataset<{ text: string }>('w')\n";
  await writeFile(file, `${head}${operators};\n`);
  return file;
}

const ROWS = [
  'a small animal that lives in water and eats fish; it swims',
  'an act of moving from one place to another',
  'Otters sleep in the water. They hold hands while they sleep at night.',
  '',
].map((text) => ({ text }));

const OPERATORS: Readonly<Record<string, (model: string) => string>> = {
  generate: (model) => `.generate('said', { model: '${model}', prompt: (row) => row.text })`,
  several: (model) => `.generate('said', { model: '${model}', n: 3, seed: 1, prompt: (row) => row.text,
    output: z.strictObject({ question: z.string(), answer: z.string() }) })`,
  classify: (model) => `.classify('kind', { model: '${model}', labels: ['animal', 'act'], text: (row) => row.text })`,
  score: (model) => `.score('score', { model: '${model}', prompt: (row) => row.text })`,
  judge: (model) => `.judge('better', { model: '${model}', question: () => 'which animal eats fish',
    a: (row) => row.text, b: () => 'a stone' })`,
  converse: (model) => `.converse('talk', { model: '${model}', turns: [(row) => row.text, () => 'Go on. And on.'] })`,
  cut: (model) =>
    `.generate('said', { model: '${model}', maxTokens: 2, onTruncated: 'keep', prompt: (row) => row.text })`,
};

const strip = ({ parts, rejects, operators, inputTokens, outputTokens }: LocalRun) => ({
  parts,
  rejects,
  operators,
  inputTokens,
  outputTokens,
});

describe.each(Object.entries(OPERATORS))('%s', (_name, operator) => {
  it('is the same by a program and by a gateway', async () => {
    const [asked, proven] = [await write(operator('builtin/small')), await write(operator('datavm/small'))];
    const expected = strip(await runLocal(asked, ROWS, { partitions: 2 }));
    expect(expected.parts.train?.length).toBeGreaterThan(0);
    const native = await runLocal(proven, ROWS, { partitions: 2 });
    expect(strip(native)).toEqual(expected);
    const stage = native.stages.find(({ stage }) => stage.kind === 'model');
    expect(stage?.gasUsed).toBeGreaterThan(1_000_000n);
    expect(strip(await runLocal(proven, ROWS, { partitions: 2, engine: 'node' }))).toEqual(expected);
  });
});

it('is deployed as a program of the workflow, once for all operators that ask it', async () => {
  const file = await write(
    [OPERATORS.classify, OPERATORS.score, OPERATORS.generate]
      .map((one, i) => one?.(i === 2 ? 'builtin/small' : 'datavm/small'))
      .join('\n'),
  );
  const { definition, objects, metadata, models } = await compileWorkflow(file, { cacheFolder: join(folder, 'cache') });
  const { built, manifest } = await loadModel('datavm/small');
  expect(definition.programs).toHaveLength(2);
  expect(definition.programs[1]).toEqual(built.entry);
  expect(objects.map(objectRef)).toEqual(objectsOfDefinition(definition));
  const kinds = metadata.stages.map(({ name }, i) => {
    const { kind, program, model } = definition.stages[i]!;
    return `${name} ${kind} ${program} ${model === ZERO_HASH ? '' : 'asks'}`;
  });
  expect(kinds.slice(0, 9)).toEqual([
    'kind/request exec 0 ',
    'kind/model exec 1 ',
    'kind/receive exec 0 ',
    'score/request exec 0 ',
    'score/model exec 1 ',
    'score/receive exec 0 ',
    'said/request exec 0 ',
    'said/infer infer 0 asks',
    'said/receive exec 0 ',
  ]);
  expect(metadata.provable).toEqual({ 'datavm/small': manifest.programId });
  expect(models.map(({ name }) => name)).toEqual(['datavm/small']);
  // A program that begins with its answers leaves it out.
  const answered = await compileWorkflow(file, { begin: { operators: 0, answered: true } });
  expect(answered.definition.programs).toHaveLength(2);
  const behind = await compileWorkflow(file, { begin: { operators: 1, answered: true } });
  expect(behind.definition.programs).toHaveLength(1);
});

it('is part of what an operator depends on', async () => {
  const file = await write(OPERATORS.classify!('datavm/small'));
  const { description, bundle } = await bundleWorkflow(file);
  const codesOf = async (program: string) =>
    (
      await operatorCodes(
        file,
        description.operators.map((one) => ({ ...one, settings: { ...one.settings, program } })),
        bundle,
      )
    ).operators[0];
  const { manifest } = await loadModel('datavm/small');
  expect(description.operators[0]?.settings).toMatchObject({ model: 'datavm/small', program: manifest.programId });
  expect((await codesOf('one'))?.code).not.toBe((await codesOf('other'))?.code);
});

it('refuses a model that is not there, and says which there are', async () => {
  const file = await write(OPERATORS.classify!('datavm/none'));
  await expect(bundleWorkflow(file)).rejects.toMatchObject({
    code: 'sdk/no-model',
    expected: 'one of datavm/small, datavm/use-lite, datavm/use-lite-int8',
    actual: 'datavm/none',
  });
});

it('answers in a test where the test does not', async () => {
  const operators = OPERATORS.classify!('datavm/small') + OPERATORS.score!('datavm/small');
  const file = await write(operators);
  const { rows, questions } = await tryWorkflow(file, ROWS.slice(0, 2), {
    answers: { kind: () => ({ label: 'act' }) },
  });
  expect(rows).toMatchObject([{ kind: 'act' }, { kind: 'act' }]);
  expect(questions.map(({ operator, model }) => `${operator} ${model}`)).toEqual([
    'kind datavm/small',
    'kind datavm/small',
    'score datavm/small',
    'score datavm/small',
  ]);
  expect(rows).toMatchObject((await runLocal(file, ROWS.slice(0, 2))).parts.train!.map(({ score }) => ({ score })));
});
