import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { type DatasetEntry, hashDataset } from '../../protocol/state.ts';
import { objectRef } from '../../protocol/tree.ts';
import { explainChange } from '../client/changed.ts';
import { checkFolder, type FolderChanged } from './check-folder.ts';
import { writeDatasetFolder } from './folder.ts';

const hash = (byte: string) => `0x${byte.repeat(32)}` as Hex;
const objects = ['{"a":1}\n{"a":2}\n', '{"a":3}\n', '{"a":4}\n', '', '{"index":9}\n', ''].map((text) =>
  new TextEncoder().encode(text),
);
const entries = objects.map(
  (bytes, i): DatasetEntry => ({ ...objectRef(bytes), stage: 3 + Math.floor(i / 2), partition: i % 2 }),
);
const facts = {
  workflowName: 'a test',
  workflow: hash('01'),
  run: hash('02'),
  datasetRoot: hashDataset(entries),
  chainId: 1,
  inbox: `0x${'03'.repeat(20)}` as Hex,
  rpcUrl: 'http://127.0.0.1:1',
  models: ['builtin/small'],
  operators: ['filter a', 'split'],
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-folder-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(): Promise<void> {
  const sinks = ['train', 'test', 'rejects'].map((name, i) => ({ name, entries: entries.slice(2 * i, 2 * i + 2) }));
  const files = await writeDatasetFolder(folder, facts, sinks, async (entry) => objects[entries.indexOf(entry)]!);
  expect(files.map(({ path, rows }) => [path, rows])).toEqual([
    [join('data', 'train.jsonl'), 3],
    [join('data', 'test.jsonl'), 1],
    ['rejects.jsonl', 1],
  ]);
}

test('a dataset is a folder for the Hugging Face hub that checks itself', async () => {
  await write();
  expect(await readFile(join(folder, 'data', 'train.jsonl'), 'utf8')).toBe('{"a":1}\n{"a":2}\n{"a":3}\n');
  const card = await readFile(join(folder, 'README.md'), 'utf8');
  expect(card).toContain('  - split: test\n    path: data/test.jsonl');
  expect(card).toContain('- n<1K');
  expect(await checkFolder(folder)).toMatchObject({ run: facts.run, datasetRoot: facts.datasetRoot, rows: 5 });
});

test('the row and the field that were changed are told by the object as it was, with the command that restores it', async () => {
  await write();
  await writeFile(join(folder, 'data', 'train.jsonl'), '{"a":1}\n{"a":2}\n{"a":"what was 3"}\n');
  const changed = await checkFolder(folder).then(
    () => undefined,
    (error: unknown) => error as FolderChanged,
  );
  expect(changed?.expected).toBe(`object root ${objectRef(objects[1]!).root} (manifest.json)`);
  expect(changed?.actual).toMatch(/^object root 0x[0-9a-f]{64} \(this file\)$/);
  const told = await explainChange(changed!, folder, async ({ root }) => {
    return objects.find((object) => objectRef(object).root === root)!;
  });
  expect(told).toMatchObject({
    code: 'verify/folder-changed',
    message: 'The dataset was changed: data/train.jsonl, row 3, field a',
    expected: `3 (the dataset, by its root ${objectRef(objects[1]!).root})`,
    actual: '"what was 3" (this file)',
    hint: `Restore it with: npx mizu dataset get ${facts.run} --output ${folder}`,
  });
  const gone = async () => {
    throw new MizuError({ code: 'http/unreachable', message: 'x does not answer.' });
  };
  expect((await explainChange(changed!, folder, gone)).message).toBe(
    'The dataset was changed: data/train.jsonl, in rows 3 to 3 (bytes 16 to 24); which row cannot be told: x does not answer.',
  );
});

test('one changed byte, one more byte and a missing file are named', async () => {
  await write();
  await writeFile(join(folder, 'data', 'train.jsonl'), '{"a":1}\n{"a":2}\n{"a":5}\n');
  await expect(checkFolder(folder)).rejects.toMatchObject({
    code: 'verify/folder-changed',
    message: expect.stringContaining('rows 3 to 3 (bytes 16 to 24)'),
  });
  await write();
  await appendFile(join(folder, 'rejects.jsonl'), ' ');
  await expect(checkFolder(folder)).rejects.toMatchObject({
    code: 'verify/folder-changed',
    actual: '13 bytes (this file)',
  });
  await write();
  await rm(join(folder, 'data', 'test.jsonl'));
  await expect(checkFolder(folder)).rejects.toMatchObject({
    code: 'verify/folder-changed',
    actual: 'none that can be read (ENOENT)',
  });
  await expect(checkFolder(join(folder, 'data'))).rejects.toMatchObject({ code: 'sdk/no-manifest' });
});
