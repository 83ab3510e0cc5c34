// docs/sdk.md#output: a finished dataset as a folder in the layout of the Hugging Face hub.
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Hex } from '../../protocol/hex.ts';
import type { DatasetEntry } from '../../protocol/state.ts';
import { createCard } from './card.ts';

export type DatasetFacts = {
  readonly workflowName: string;
  readonly workflow: Hex;
  readonly run: Hex;
  readonly datasetRoot: Hex;
  readonly inputsHash?: Hex | undefined;
  readonly chainId: number;
  readonly inbox: Hex;
  readonly rpcUrl: string;
  readonly models: readonly string[];
  /** Steps in order, as labels. */
  readonly steps: readonly string[];
};

export type SinkObjects = { readonly name: string; readonly entries: readonly DatasetEntry[] };

export type WrittenFile = {
  readonly name: string;
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
};

/**
 * Streams every sink to `data/NAME.jsonl` (the rejects to `rejects.jsonl`) and writes `manifest.json` and `README.md`. A file
 * appears under its name only when it is whole. `read` returns verified bytes.
 */
export async function writeDatasetFolder(
  folder: string,
  facts: DatasetFacts,
  sinks: readonly SinkObjects[],
  read: (entry: DatasetEntry) => Promise<Uint8Array>,
): Promise<WrittenFile[]> {
  await mkdir(join(folder, 'data'), { recursive: true });
  const files: WrittenFile[] = [];
  for (const { name, entries } of sinks) {
    const path = name === 'rejects' ? 'rejects.jsonl' : join('data', `${name}.jsonl`);
    files.push({ name, path, ...(await writeSink(join(folder, path), entries, read)) });
  }
  const manifest = {
    mizu: 'dataset',
    version: 1,
    ...facts,
    files: files.map(({ name, path, rows, bytes }) => ({ name, path: path.replaceAll('\\', '/'), rows, bytes })),
    entries: sinks.flatMap(({ name, entries }) => entries.map((entry) => ({ sink: name, ...entry }))),
  };
  await writeWhole(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await writeWhole(join(folder, 'README.md'), createCard(facts, files));
  return files;
}

async function writeSink(
  path: string,
  entries: readonly DatasetEntry[],
  read: (entry: DatasetEntry) => Promise<Uint8Array>,
): Promise<{ rows: number; bytes: number }> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.part`;
  const file = createWriteStream(draft, { flush: true });
  let [rows, bytes] = [0, 0];
  try {
    for (const entry of entries) {
      const object = await read(entry);
      bytes += object.length;
      for (let at = object.indexOf(10); at >= 0; at = object.indexOf(10, at + 1)) rows++;
      if (!file.write(object)) await new Promise<void>((resolve) => file.once('drain', () => resolve()));
    }
    file.end();
    await finished(file);
    await rename(draft, path);
  } catch (error) {
    file.destroy();
    await rm(draft, { force: true });
    throw error;
  }
  return { rows, bytes };
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text, { flush: true });
  await rename(`${path}.part`, path);
}
