// docs/sdk.md#output: a finished dataset as a folder in the layout of the Hugging Face hub.
import { constants } from 'node:fs';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import type { DatasetEntry } from '../../protocol/state.ts';
import { createCard } from './card.ts';
import type { DatasetFacts, WrittenFile } from './facts.ts';
import { pathsOf } from './paths.ts';

export type SinkObjects = { readonly name: string; readonly entries: readonly DatasetEntry[] };

/**
 * Streams every sink to `data/NAME.jsonl` (the rejects to `rejects.jsonl`) and writes `manifest.json` and `README.md`. A file
 * appears under its name only when it is whole, and nothing is written outside the folder. `read` returns verified bytes.
 * @throws MizuError `sdk/bad-sink`, `sdk/bad-folder`
 */
export async function writeDatasetFolder(
  folder: string,
  facts: DatasetFacts,
  sinks: readonly SinkObjects[],
  read: (entry: DatasetEntry) => Promise<Uint8Array>,
): Promise<WrittenFile[]> {
  const paths = pathsOf(sinks.map(({ name }) => name));
  await mkdir(folder, { recursive: true });
  await makeFolder(join(folder, 'data'));
  const files: WrittenFile[] = [];
  for (const { name, entries } of sinks) {
    const path = paths.get(name) as string;
    files.push({ name, path: join(path), ...(await writeSink(join(folder, path), entries, read)) });
  }
  const manifest = {
    mizu: 'dataset',
    version: 1,
    ...facts,
    files: files.map(({ name, rows, bytes }) => ({ name, path: paths.get(name), rows, bytes })),
    entries: sinks.flatMap(({ name, entries }) => entries.map((entry) => ({ sink: name, ...entry }))),
  };
  await writeText(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeText(join(folder, 'README.md'), createCard(facts, files));
  return files;
}

async function writeSink(
  path: string,
  entries: readonly DatasetEntry[],
  read: (entry: DatasetEntry) => Promise<Uint8Array>,
): Promise<{ rows: number; bytes: number }> {
  let [rows, bytes] = [0, 0];
  await writeWhole(path, async (file) => {
    for (const entry of entries) {
      const object = await read(entry);
      bytes += object.length;
      for (let at = object.indexOf(10); at >= 0; at = object.indexOf(10, at + 1)) rows++;
      await file.writeFile(object);
    }
  });
  return { rows, bytes };
}

export function writeText(path: string, text: string): Promise<void> {
  return writeWhole(path, (file) => file.writeFile(text));
}

/** What is written of a file before it has its name. */
type Draft = { writeFile(content: string | Uint8Array): Promise<void> };

// A link that lies in wait under the draft's name is not followed: the draft is always a file of our own.
export async function writeWhole(path: string, fill: (file: Draft) => Promise<void>): Promise<void> {
  const draft = `${path}.part`;
  await rm(draft, { force: true });
  const file = await open(
    draft,
    constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0),
  );
  try {
    await fill(file);
    await file.sync();
    await file.close();
    await rename(draft, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw error;
  }
}

// `data` must be a folder of this folder, and not a link to another one.
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  if ((await lstat(path)).isDirectory()) return;
  throw new MizuError({
    code: 'sdk/bad-folder',
    message: `${path} is in the way.`,
    expected: 'a folder, or nothing',
    actual: 'a link or a file',
    hint: 'Remove it, or name another folder with --output.',
  });
}
