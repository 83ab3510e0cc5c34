import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { Progress, StageProgress } from '../sdk/client/watch.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import { render } from './progress.ts';

const stage = (
  name: string,
  kind: string,
  operators: readonly string[],
  rows = { in: 0, out: 0, rejected: 0 },
): StageProgress => ({ name, kind, operators, done: 1, width: 4, rows, gasUsed: 1_500_000n, underway: undefined });

const progress: Progress = {
  run: `0x${'ab'.repeat(32)}`,
  workflow: `0x${'cd'.repeat(32)}`,
  workflowName: 'gloss-domains',
  status: 'running',
  stages: [
    stage('has-text', 'rows', ['validate input', 'filter has-text'], { in: 14711, out: 14600, rejected: 0 }),
    stage('near-dup', 'keys', ['dedupe near-dup'], { in: 9, out: 9, rejected: 0 }),
    stage('near-dup', 'apply', ['dedupe near-dup'], { in: 14600, out: 14000, rejected: 3 }),
    stage('label', 'receive', ['generate label', 'check confident'], { in: 14000, out: 12000, rejected: 2000 }),
    stage('train', 'sink', []),
  ],
  tasksDone: 5,
  tasks: 20,
  gasUsed: 7_500_000n,
  inputTokens: 181_388,
  outputTokens: 8_023,
  spentWei: 10n ** 18n,
  elapsedSeconds: 12,
  tasksPerSecond: 0.4,
  secondsLeft: 36,
  datasetRoot: undefined,
  batches: [],
  voided: undefined,
  error: undefined,
  failure: undefined,
};

test.each([60, 80, 120])('a screen of %i columns has no line that wraps, and tells the time left', (columns) => {
  const lines = render(progress, columns).map((line) => stripVTControlCharacters(line));
  for (const line of lines) expect(line.length).toBeLessThan(columns);
  expect(lines.join('\n')).toContain('about 36 s left');
  expect(lines[0]).toContain('gloss-domains running 0xab');
});

test('a run of which items were voided says so', () => {
  const told = (items: number) =>
    render({ ...progress, voided: { items, at: 1 } }, 200)
      .map((line) => stripVTControlCharacters(line))
      .join('\n');
  expect(told(1)).toContain('L1 has voided an item: what had used it runs again');
  expect(told(3)).toContain('L1 has voided 3 items: what had used it runs again');
});

test('each stage of an operator says what it does; keys are not counted as rows', () => {
  const lines = render(progress, 120).map((line) => stripVTControlCharacters(line).trim());
  expect(lines.slice(1, 6)).toEqual([
    'validate input · filter has-text   █████░░░░░░░░░░░░░░░    1 of 4  14,711 → 14,600 rows  1.50 M gas',
    'dedupe near-dup: keys              █████░░░░░░░░░░░░░░░    1 of 4  1.50 M gas',
    'dedupe near-dup: result            █████░░░░░░░░░░░░░░░    1 of 4  14,600 → 14,000 rows  3 rejected  1.50 M gas',
    'generate label: results · check c… █████░░░░░░░░░░░░░░░    1 of 4  14,000 → 12,000 rows  2,000 rejected  1.50 M gas',
    'train: write                       █████░░░░░░░░░░░░░░░    1 of 4  1.50 M gas',
  ]);
});

test('a path with a space is quoted in commands to type', () => {
  expect(shellWord('examples/a-b/workflow.ts')).toBe('examples/a-b/workflow.ts');
  expect(shellWord('my rows.jsonl')).toBe("'my rows.jsonl'");
  expect(shellWord("it's")).toBe("'it'\\''s'");
});
