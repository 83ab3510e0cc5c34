import { readFileSync } from 'node:fs';
import { tryWorkflow } from 'mizu/testing';
import { expect, test } from 'vitest';

const WORKFLOW = new URL('./workflow.ts', import.meta.url);

type Kind = { word: string; text: string; kind: string };

test('rows that are too short or repeat another one are dropped', async () => {
  const lines = readFileSync(new URL('./rows.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const rows = lines.map((line) => JSON.parse(line) as { word: string; text: string });
  const run = await tryWorkflow<Kind>(WORKFLOW, rows);
  expect(run.operators['has-text']).toEqual({ in: 10, out: 9, rejected: 0 });
  expect(run.operators['same-text']).toEqual({ in: 9, out: 8, rejected: 0 });
  expect(run.rows.find(({ word }) => word === 'otter')?.kind).toBe('animal');
});

test('an answer that the model is not sure of is rejected', async () => {
  const rows = [
    { word: 'otter', text: 'a small animal with brown fur' },
    { word: 'heron', text: 'a grey or white wading bird' },
  ];
  // What the model says in this test, so that it is the same with any model.
  const run = await tryWorkflow<Kind>(WORKFLOW, rows, {
    answers: { answer: ({ prompt }) => ({ kind: 'animal', confidence: prompt.includes('bird') ? 0.4 : 0.9 }) },
  });
  expect(run.rows.map(({ word, kind }) => [word, kind])).toEqual([['otter', 'animal']]);
  expect(run.rejects.map(({ index, operator }) => [index, operator])).toEqual([[1, 'confident']]);
});
