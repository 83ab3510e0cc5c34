// The examples on a small slice, on the DataVM, as `mizu dev` runs them.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import wabt from 'wabt';
import type { Backend } from '../edge/backends/backend.ts';
import { type LocalRun, runLocal } from '../sdk/local/run-local.ts';
import { measureAccuracy } from './gloss-domains/accuracy.ts';
import { extractGlosses } from './gloss-domains/extract.ts';
import { readLicences } from './licences/extract.ts';

/** Classes of WordNet that are one of the kinds of examples/vectors. */
const KIND_OF = new Map([
  ['noun.animal', 'living'],
  ['noun.plant', 'living'],
  ['noun.person', 'living'],
  ['noun.artifact', 'artefact'],
  ['noun.act', 'act'],
  ['verb.motion', 'act'],
  ['verb.contact', 'act'],
  ['verb.possession', 'act'],
  ['adj.all', 'quality'],
  ['noun.attribute', 'quality'],
]);

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

test('gloss-domains: two of three confident domains are the authors’ own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mizu-gloss-'));
  try {
    const { input, truth, rows } = await extractGlosses(folder, 25);
    expect(rows).toBeGreaterThan(550);
    const run = await runLocal(path('gloss-domains/workflow.ts'), await readJsonLines(input), { partitions: 2 });
    const kept = Object.values(run.parts).flat() as { id: string; domain: string }[];
    expect(kept.length + run.rejects.length).toBeLessThanOrEqual(rows);
    expect(kept.length).toBeGreaterThan(300);
    const { accuracy, baseline } = await measureAccuracy(kept, truth);
    expect(accuracy).toBeGreaterThan(0.66);
    expect(accuracy).toBeGreaterThan(baseline);
    expect(run.gasUsed).toBeGreaterThan(0n);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('vectors: most glosses have the label of their kind, and each has a vector', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mizu-vectors-'));
  try {
    const { input, truth } = await extractGlosses(folder, 100);
    const { parts, rejects } = await runLocal(path('vectors/workflow.ts'), await readJsonLines(input));
    const rows = Object.values(parts).flat() as { id: string; kind: string; vector: number[] }[];
    expect(rows.length).toBeGreaterThan(40);
    expect(rejects).toEqual([]);
    for (const { vector } of rows) expect(Math.hypot(...vector)).toBeCloseTo(65_536, -2);
    const labelled = (await readJsonLines(truth)) as { id: string; domain: string }[];
    const kinds = new Map(labelled.map(({ id, domain }) => [id, KIND_OF.get(domain)]));
    const known = rows.filter(({ id }) => kinds.get(id) !== undefined);
    const right = known.filter(({ id, kind }) => kinds.get(id) === kind);
    expect(known.length).toBeGreaterThan(50);
    expect(right.length / known.length).toBeGreaterThan(0.6);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('walks: the program is that of its text, and a walk ends where it did before', async () => {
  const { parseWat } = await wabt();
  const text = await readFile(path('walks/walk.wat'), 'utf8');
  expect(new Uint8Array(await readFile(path('walks/walk.wasm')))).toEqual(
    parseWat('walk.wat', text).toBinary({}).buffer,
  );
  const { parts, rejects } = await runLocal(path('walks/workflow.ts'), await readJsonLines(path('walks/walks.jsonl')));
  expect(parts.train?.slice(0, 2)).toEqual([
    { id: 2, steps: 200, end: 10, furthest: 12 },
    { id: 3, steps: 300, end: 12, furthest: 14 },
  ]);
  expect(rejects.map(({ operator, row }) => [operator, (row as { id: number }).id])).toEqual([
    ['away', 1],
    ['walk', 10],
  ]);
});

test('licences: repeated texts are rejected and name the row they repeat', async () => {
  const rows = await readLicences();
  expect(rows.length).toBeGreaterThanOrEqual(700);
  const run = await runLocal(path('licences/workflow.ts'), rows.slice(0, 60));
  const texts = Object.values(run.parts)
    .flat()
    .map((row) => row.text);
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts.length + run.rejects.length).toBe(60);
  const repeated = run.rejects.filter((reject) => reject.operator === 'same-text');
  expect(repeated.length).toBeGreaterThan(0);
  for (const { reason } of repeated) expect(reason).toMatch(/^duplicate of row \d+$/);
});

test('questions: every answer stands in its context', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mizu-questions-'));
  try {
    const { input } = await extractGlosses(folder, 180);
    const run = await runLocal(path('questions/workflow.ts'), await readJsonLines(input));
    const pairs = Object.values(run.parts).flat() as { context: string; question: string; answer: string }[];
    expect(pairs.length).toBeGreaterThan(20);
    for (const { context, question, answer } of pairs) {
      expect(context.toLowerCase()).toContain(answer.toLowerCase());
      expect(question.length).toBeGreaterThanOrEqual(8);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

describe('instructions', () => {
  const workflow = path('instructions/workflow.ts');
  const read = () => readJsonLines(path('instructions/passages.jsonl'));
  type Picked = { id: string; instruction: string; response: string; verdict: string };
  const pickedOf = ({ parts }: LocalRun) => Object.values(parts).flat() as Picked[];

  test('the built-in model fills every operator; passages of the test set and repeated questions stay out', async () => {
    const run = await runLocal(workflow, await read());
    const picked = pickedOf(run);
    expect(picked.length).toBeGreaterThanOrEqual(8);
    expect(new Set(picked.map(({ instruction }) => instruction)).size).toBe(picked.length);
    expect(new Set(picked.map(({ verdict }) => verdict))).toEqual(new Set(['tie']));
    expect(run.rejects.map(({ index, operator }) => [index, operator])).toEqual([[2, 'passage-not-in-test-set']]);
    expect(run.operators['long-enough']).toEqual({ in: 9, out: 8, rejected: 0 });
    expect(run.operators['same-question']!.in - run.operators['same-question']!.out).toBe(2);
  });

  test('a model that can judge decides, whatever the order, and a test question that it writes is rejected', async () => {
    const asks: Record<string, string> = {
      compass: 'What makes the needle of a compass turn until it points to the north?',
      bees: 'How do bees tell each other where flowers are?',
    };
    const answers = ['They hum.', 'By a dance, whose direction tells where to fly.'];
    const backend: Backend = {
      name: 'builtin/small',
      complete: async ({ messages, mizu }) => {
        const text = String(messages.at(-1)!.content);
        const [, kind = ''] = /(compass|bee)/.exec(text) ?? [];
        const number = mizu?.answer ?? 0;
        const said = text.startsWith('Write one')
          ? { question: `${asks[kind === 'bee' ? 'bees' : kind] ?? `What does ${text.slice(46, 90)} mean`}${number}?` }
          : text.startsWith('Answer')
            ? { answer: answers[number] }
            : { reason: 'so', winner: text.indexOf('By a dance') < text.indexOf('They hum') ? 'first' : 'second' };
        const usage = { promptTokens: 1, completionTokens: 1 };
        return { content: JSON.stringify(said), finishReason: 'stop', usage };
      },
    };
    const rows = (await read()).filter((row) => ['compass', 'bees'].includes((row as { id: string }).id));
    const run = await runLocal(workflow, rows, { engine: 'node', backends: [backend] });
    expect(pickedOf(run)).toMatchObject([{ id: 'bees/0', response: answers[1], verdict: 'b' }]);
    expect(run.rejects.map(({ index, operator }) => [index, operator])).toEqual([
      [0, 'question-not-in-test-set'],
      [0, 'question-not-in-test-set'],
    ]);
  });
});

test('passages: so many of each family, each once, sorted and in batches; the report counts them', async () => {
  const licences = (await readLicences()).filter((_, i) => i % 12 === 0);
  const run = await runLocal(path('passages/workflow.ts'), licences, { partitions: 3 });
  const batches = run.parts.train as { key: string; passages: { family: string; text: string }[] }[];
  const passages = batches.flatMap(({ passages }) => passages);
  expect(passages.length).toBeGreaterThan(20);
  for (const { key, passages: own } of batches) {
    expect(own.length).toBeLessThanOrEqual(5);
    expect(new Set(own.map(({ family }) => family))).toEqual(new Set([key]));
  }
  const families = passages.map(({ family }) => family);
  expect(families).toEqual([...families].sort());
  for (const family of new Set(families))
    expect(families.filter((one) => one === family).length).toBeLessThanOrEqual(12);
  expect(new Set(passages.map(({ text }) => text)).size).toBe(passages.length);
  expect(run.rejects).toEqual([]);

  const report = await runLocal(path('passages/report.ts'), licences, { engine: 'node', partitions: 4 });
  const rows = report.parts.train as { key: string; licences: number; longest: number }[];
  const counts = new Map<string, number>();
  for (const { id } of licences) counts.set(id.split('-')[0]!, (counts.get(id.split('-')[0]!) ?? 0) + 1);
  const expected = [...counts].filter(([, count]) => count >= 2).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  expect(rows.map(({ key, licences: count }) => [key, count])).toEqual(expected.slice(0, 20));
});

async function readJsonLines(file: string): Promise<object[]> {
  return (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
}
