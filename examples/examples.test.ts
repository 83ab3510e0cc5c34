// The three examples on a small slice, on the DataVM, as `mizu dev` runs them.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runLocal } from '../sdk/local/run-local.ts';
import { measureAccuracy } from './gloss-domains/accuracy.ts';
import { extractGlosses } from './gloss-domains/extract.ts';
import { readLicences } from './licences/extract.ts';

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

test('licences: repeated texts are rejected and name the row they repeat', async () => {
  const rows = await readLicences();
  expect(rows.length).toBeGreaterThanOrEqual(700);
  const run = await runLocal(path('licences/workflow.ts'), rows.slice(0, 60));
  const texts = Object.values(run.parts)
    .flat()
    .map((row) => row.text);
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts.length + run.rejects.length).toBe(60);
  const repeated = run.rejects.filter((reject) => reject.step === 'same-text');
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

async function readJsonLines(file: string): Promise<object[]> {
  return (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
}
