import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Output } from './output.ts';
import { nothingThrough, sayRejects, sumRejects, sumRejectsFile } from './rejects.ts';

const REJECTS = [
  { index: 0, operator: 'input', reason: 'body: expected string\ngot nothing', row: {} },
  { index: 1, operator: 'triage', reason: 'the model has said nothing', row: {} },
  { index: 2, operator: 'triage', reason: 'the answer is cut', row: {} },
];

test('rejects are told by operator, the most first, with the reason of the first on one line', async () => {
  const expected = [
    { operator: 'triage', rows: 2, reason: 'the model has said nothing' },
    { operator: 'input', rows: 1, reason: 'body: expected string got nothing' },
  ];
  expect(sumRejects(REJECTS)).toEqual(expected);
  const folder = await mkdtemp(join(tmpdir(), 'mizu-rejects-'));
  const file = join(folder, 'rejects.jsonl');
  await writeFile(file, REJECTS.map((reject) => `${JSON.stringify(reject)}\n`).join(''));
  expect(await sumRejectsFile(file)).toEqual(expected);
  // U+2028 stands in JSON as it is, and ends no line.
  await writeFile(file, `${JSON.stringify({ operator: 'a', reason: 'b\u2028c', row: {} })}\n`);
  expect(await sumRejectsFile(file)).toEqual([{ operator: 'a', rows: 1, reason: 'b\ufffdc' }]);
  await writeFile(file, '');
  expect(await sumRejectsFile(file)).toEqual([]);
  await rm(folder, { recursive: true });
});

test('single answers, whose rows go on, are told apart from rows', () => {
  const lost = (operator: string, answer: number) => ({ operator, reason: 'it is cut', answer });
  const told = sumRejects([lost('a', 0), { operator: 'a', reason: 'no' }, lost('a', 2), lost('b', 1)]);
  expect(told).toEqual([
    { operator: 'a', rows: 3, answers: 2, reason: 'it is cut' },
    { operator: 'b', rows: 1, answers: 1, reason: 'it is cut' },
  ]);
  const said: string[] = [];
  sayRejects({ say: (line: string) => said.push(stripVTControlCharacters(line)) } as unknown as Output, told, 20);
  expect(said).toEqual([
    'rejected  1 of 20 and 2 answers by a, the first: it is cut',
    'rejected  1 answer by b, the first: it is cut',
  ]);
});

test('each reject counts once, whatever the order', () => {
  const reject = fc.record({ operator: fc.constantFrom('a', 'b', 'c', '__proto__'), reason: fc.string() });
  fc.assert(
    fc.property(fc.array(reject), (rejects) => {
      const told = sumRejects(rejects);
      expect(told.reduce((sum, { rows }) => sum + rows, 0)).toBe(rejects.length);
      expect(told.map(({ operator }) => operator).sort()).toEqual(
        [...new Set(rejects.map(({ operator }) => operator))].sort(),
      );
      expect(told.map(({ rows }) => rows)).toEqual(told.map(({ rows }) => rows).sort((a, b) => b - a));
    }),
  );
});

test('a dry run that nothing comes through says which operator rejects, or that the operators drop all', () => {
  expect(nothingThrough(20, sumRejects(REJECTS))).toMatchObject({
    code: 'sdk/nothing-through',
    actual: "none; operator 'triage' rejects 2: the model has said nothing",
  });
  expect(nothingThrough(20, []).actual).toBe('none: the operators drop them all');
  expect(nothingThrough(0, []).actual).toBe('none: the input has no whole row');
});
