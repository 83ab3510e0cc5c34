import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Hex } from '../../protocol/hex.ts';
import {
  checkVersion,
  copyRuns,
  countLostAnswers,
  nextFolder,
  readVersion,
  retriedRejects,
  runFolder,
  type VersionRun,
  writeVersion,
} from './version.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-version-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const hash = (byte: string) => `0x${byte.repeat(32)}` as Hex;
const run = (byte: string, retries?: string): VersionRun => ({
  run: hash(byte),
  workflow: hash('aa'),
  datasetRoot: hash('bb'),
  ...(retries === undefined ? {} : { retries }),
});

type Reject = readonly [index: number, operator: string, answer?: number];

/** A dataset's folder, as far as a version looks at it. */
async function writeRun(
  target: string,
  parts: Readonly<Record<string, readonly string[]>>,
  rejects: readonly Reject[],
) {
  await mkdir(join(target, 'data'), { recursive: true });
  for (const [part, rows] of Object.entries(parts))
    await writeFile(join(target, 'data', `${part}.jsonl`), rows.map((row) => `{"id":"${row}"}\n`).join(''));
  const lines = rejects.map(
    ([index, operator, answer]) =>
      `{${answer === undefined ? '' : `"answer":${answer},`}"index":${index},"operator":"${operator}","reason":"\u2028","row":{"n":${index}}}\n`,
  );
  await writeFile(join(target, 'rejects.jsonl'), lines.join(''));
  const files = [...Object.keys(parts), 'rejects'].map((name) => ({ name }));
  await writeFile(join(target, 'manifest.json'), JSON.stringify({ mizu: 'dataset', ...run('01'), files }));
}

async function readIndexes(path: string): Promise<Reject[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line)).map(({ index, operator }) => [index, operator]);
}

async function makeVersion(): Promise<{ to: string; runs: VersionRun[] }> {
  const from = join(folder, 'words');
  const to = join(folder, 'words-v2');
  await writeRun(from, { train: ['a', 'b\u2028'], test: [] }, [
    [1, 'answer'],
    [2, 'input'],
    [4, 'answer'],
  ]);
  await copyRuns(from, undefined, to);
  await writeRun(runFolder(to, 1), { train: ['c'], extra: ['d'] }, [[4, 'answer']]);
  const runs = [run('01'), run('02', 'answer')];
  await writeVersion(to, { runs, parts: ['train', 'test', 'extra'] });
  return { to, runs };
}

test('the rows of all runs stand together, and a reject that was tried again is told by its last run alone', async () => {
  const { to, runs } = await makeVersion();
  expect(await readFile(join(to, 'data/train.jsonl'), 'utf8')).toBe('{"id":"a"}\n{"id":"b\u2028"}\n{"id":"c"}\n');
  expect(await readFile(join(to, 'data/extra.jsonl'), 'utf8')).toBe('{"id":"d"}\n');
  expect(await readIndexes(join(to, 'rejects.jsonl'))).toEqual([
    [2, 'input'],
    [4, 'answer'],
  ]);
  const version = await readVersion(to);
  expect(version).toEqual({ runs, parts: ['train', 'test', 'extra'] });
  expect(await checkVersion(to, version!)).toBe(6);
  // Once more, the same.
  await copyRuns(join(folder, 'words'), undefined, to);
  await writeVersion(to, version!);
  expect(await checkVersion(to, version!)).toBe(6);
});

test('an answer that a row lost is not tried again, and stays: the row is in the dataset with the others', async () => {
  const from = join(folder, 'words');
  const to = join(folder, 'words-v2');
  const lost = [
    [1, 'answer', 0],
    [1, 'answer', 2],
  ] as const;
  await writeRun(from, { train: ['a'] }, [...lost, [3, 'answer']]);
  await copyRuns(from, undefined, to);
  const runs = [run('01'), run('02', 'answer')];
  const rows = [];
  for await (const row of retriedRejects([runFolder(to, 0)], runs, 'answer')) rows.push(row);
  expect(rows).toEqual([{ kind: 'row', index: 3, row: { n: 3 } }]);
  expect(await countLostAnswers([runFolder(to, 0)], 'answer')).toBe(2);
  await writeRun(runFolder(to, 1), { train: ['c'] }, []);
  const version = { runs, parts: ['train'] };
  await writeVersion(to, version);
  expect(await readIndexes(join(to, 'rejects.jsonl'))).toEqual([
    [1, 'answer'],
    [1, 'answer'],
  ]);
  expect(await checkVersion(to, version)).toBe(4);
});

test('a run that has taken over what was kept has the rows of all before it, and the rejects from the operator on that all met at', async () => {
  const { to, runs } = await makeVersion();
  const again = { operators: ['met', 'late'], kept: [{ root: hash('cc'), length: 7 }], joined: [] };
  await writeRun(runFolder(to, 0), { train: ['a'], test: [] }, [
    [1, 'answer'],
    [2, 'input'],
    [3, 'late', 0],
    [4, 'met'],
  ]);
  await writeRun(runFolder(to, 2), { train: ['x'], test: ['y'] }, [[9, 'late']]);
  const version = { runs: [...runs, { ...run('03', 'first'), again }], parts: ['train', 'test'] };
  await writeVersion(to, version);
  expect(await readVersion(to)).toEqual(version);
  expect(await readFile(join(to, 'data/train.jsonl'), 'utf8')).toBe('{"id":"x"}\n');
  expect(await readFile(join(to, 'data/test.jsonl'), 'utf8')).toBe('{"id":"y"}\n');
  expect(await readIndexes(join(to, 'rejects.jsonl'))).toEqual([
    [2, 'input'],
    [4, 'answer'],
    [9, 'late'],
  ]);
  expect(await checkVersion(to, version)).toBe(5);
  const late = [];
  const folders = [0, 1, 2].map((place) => runFolder(to, place));
  for await (const row of retriedRejects(folders, version.runs, 'late')) late.push(row);
  expect(late).toEqual([{ kind: 'row', index: 9, row: { n: 9 } }]);
});

test('an operator may be tried again and again: each run reads what none before it has tried', async () => {
  const { to, runs } = await makeVersion();
  const read = async (count: number, operator: string) => {
    const rows = [];
    const folders = runs.slice(0, count).map((_, i) => runFolder(to, i));
    for await (const row of retriedRejects(folders, runs, operator)) rows.push(row);
    return rows;
  };
  const row = (index: number) => ({ kind: 'row', index, row: { n: index } });
  expect(await read(1, 'answer')).toEqual([row(1), row(4)]);
  expect(await read(2, 'answer')).toEqual([row(4)]);
  expect(await read(2, 'input')).toEqual([row(2)]);
  expect(await read(2, 'none')).toEqual([]);
  const third = join(folder, 'words-v3');
  await copyRuns(to, (await readVersion(to))!, third);
  await writeRun(runFolder(third, 2), { train: ['e'] }, []);
  const version = { runs: [...runs, run('03', 'answer')], parts: ['train', 'test', 'extra'] };
  await writeVersion(third, version);
  expect(await readIndexes(join(third, 'rejects.jsonl'))).toEqual([[2, 'input']]);
  expect(await readFile(join(third, 'data/train.jsonl'), 'utf8')).toContain('{"id":"e"}');
  expect(await checkVersion(third, version)).toBe(6);
});

test.each([
  ['data/train.jsonl', (text: string) => text.replace('"a"', '"x"'), 'data/train.jsonl, line 1'],
  ['data/train.jsonl', (text: string) => text.slice(0, text.indexOf('\n') + 1), 'data/train.jsonl, line 2'],
  ['data/train.jsonl', (text: string) => `${text}{"id":"more"}\n`, 'data/train.jsonl, line 4'],
  ['rejects.jsonl', () => '', 'rejects.jsonl, line 1'],
  [
    'manifest.json',
    (text: string) => text.replace('"retries": "answer"', '"retries": "input"'),
    'rejects.jsonl, line 1',
  ],
])('a change of %s is found', async (path, change, where) => {
  const { to } = await makeVersion();
  await writeFile(join(to, path), change(await readFile(join(to, path), 'utf8')));
  await expect(readVersion(to).then((version) => checkVersion(to, version!))).rejects.toMatchObject({
    code: 'verify/version',
    message: expect.stringContaining(where),
  });
});

test('what is no version is not taken for one, and a broken one is refused', async () => {
  expect(await readVersion(folder)).toBeUndefined();
  await writeFile(join(folder, 'manifest.json'), '{"mizu":"dataset"}');
  expect(await readVersion(folder)).toBeUndefined();
  for (const manifest of [
    { mizu: 'version', version: 1, runs: [run('01')], parts: [] },
    { mizu: 'version', version: 1, runs: [run('01'), run('02')], parts: [] },
    { mizu: 'version', version: 1, runs: [run('01', 'a'), run('02', 'a')], parts: [] },
    { mizu: 'version', version: 1, runs: [run('01'), run('02', '../x')], parts: ['../../x'] },
  ]) {
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    await expect(readVersion(folder)).rejects.toMatchObject({ code: 'verify/version' });
  }
});

test('the next version stands beside, and nothing that is there is written over', async () => {
  expect(['words', 'words/', 'words-v2', 'a/b-v9', 'x-v'].map(nextFolder)).toEqual([
    'words-v2',
    'words-v2',
    'words-v3',
    'a/b-v10',
    'x-v-v2',
  ]);
  const to = join(folder, 'taken');
  await mkdir(to);
  await writeFile(join(to, 'thesis.txt'), 'mine');
  await expect(copyRuns(folder, undefined, to)).rejects.toMatchObject({ code: 'sdk/bad-folder' });
});
