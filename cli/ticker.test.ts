import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Metadata } from '../sdk/compile/definition.ts';
import { createTicker, type Ticker, tellProgress } from './ticker.ts';

const folder = mkdtempSync(join(tmpdir(), 'mizu-ticker-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MAX_WAIT_MS = 600_000;

/** This thread computes until the file has it, as an operator does that does not end. */
function holdUntil(file: string, words: string): void {
  const end = Date.now() + MAX_WAIT_MS;
  while (!readFileSync(file, 'utf8').includes(words)) if (Date.now() > end) throw new Error(`nobody said ${words}`);
}

async function within(columns: number | undefined, use: (ticker: Ticker, file: string) => void): Promise<string> {
  const file = join(folder, `${columns}`);
  const fd = openSync(file, 'a');
  const ticker = createTicker({ fd, everyMs: 5, columns });
  try {
    use(ticker, file);
  } finally {
    await ticker.end();
    await ticker.end();
    closeSync(fd);
  }
  return readFileSync(file, 'utf8');
}

test('lines come while the thread of the command computes', async () => {
  const text = await within(undefined, ({ tell }, file) => {
    tell('types');
    tell('generate answer: answers', ', 3 of 20 rows');
    holdUntil(file, 'generate answer: answers, 3 of 20 rows, ');
  });
  expect(text).toMatch(/^(?:types, \d+ s\n)*(?:generate answer: answers, 3 of 20 rows, \d+ s\n)+$/);
});

test('on a terminal it is one line, no longer than the terminal, and gone at the end', async () => {
  const text = await within(12, ({ tell }, file) => {
    tell('a long name of a stage');
    holdUntil(file, 'a long name');
  });
  expect(text).toContain('\r\x1b[2Ka long name');
  expect(text).not.toContain('\n');
  expect(text).not.toContain('a long name ');
  expect(text.endsWith('\r\x1b[2K')).toBe(true);
});

test('progress is told by the operators of the stage', () => {
  const told: [string, string?][] = [];
  const ticker = { tell: (...words: [string, string?]) => void told.push(words), end: async () => undefined };
  const stages = [
    { name: 'rows', kind: 'rows', operators: ['filter has-text', 'map up'], sink: null },
    { name: 'answer/infer', kind: 'infer', operators: ['generate answer'], sink: null },
  ] as const;
  const tell = tellProgress(ticker, { stages } as unknown as Metadata);
  tell({ stage: 0, partition: 2, width: 4 });
  tell({ stage: 1, partition: 0, width: 1, answered: { done: 3, of: 20 } });
  expect(told).toEqual([
    ['filter has-text · map up, task 3 of 4', ''],
    ['generate answer: answers', ', 3 of 20 rows'],
  ]);
});
