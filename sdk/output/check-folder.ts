// docs/sdk.md#verify: a dataset folder held against its own root: every file is cut into its objects and hashed again.
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import { type Hex, isHash } from '../../protocol/hex.ts';
import { type DatasetEntry, hashDataset } from '../../protocol/state.ts';
import { objectRoot } from '../../protocol/tree.ts';

export type CheckedFolder = {
  readonly run: Hex;
  readonly datasetRoot: Hex;
  readonly chainId: number;
  readonly inbox: Hex;
  readonly rpcUrl: string;
  readonly rows: number;
  readonly files: readonly { readonly path: string; readonly stage: number }[];
};

type Manifest = {
  readonly mizu: 'dataset';
  readonly run: Hex;
  readonly datasetRoot: Hex;
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly inbox: Hex;
  readonly files: readonly { readonly name: string; readonly path: string }[];
  readonly entries: readonly (DatasetEntry & { readonly sink: string })[];
};

/** @throws MizuError `sdk/no-manifest`; `verify/folder-changed` naming the file, the offset and the rows in question */
export async function checkFolder(folder: string): Promise<CheckedFolder> {
  const manifest = await readManifest(folder);
  const files: { path: string; stage: number }[] = [];
  let rows = 0;
  for (const { name, path } of manifest.files) {
    const entries = manifest.entries.filter((entry) => entry.sink === name);
    files.push({ path, stage: entries[0]?.stage ?? 0 });
    rows += await checkFile(join(folder, path), path, entries);
  }
  // As the kernel lists them: by stage, then by partition.
  const entries = [...manifest.entries].sort((a, b) => a.stage - b.stage || a.partition - b.partition);
  const root = hashDataset(entries);
  if (root !== manifest.datasetRoot) throw changed('manifest.json', `entries with root ${manifest.datasetRoot}`, root);
  const { run, rpcUrl, chainId, inbox } = manifest;
  return { run, datasetRoot: root, rpcUrl, chainId, inbox, rows, files };
}

async function checkFile(file: string, name: string, entries: readonly DatasetEntry[]): Promise<number> {
  const handle = await open(file).catch((cause: unknown) => {
    throw changed(name, 'a file', String((cause as { code?: string }).code));
  });
  let rows = 0;
  let offset = 0;
  try {
    for (const { root, length } of entries) {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await handle.read(bytes, 0, length, offset);
      const firstRow = rows + 1;
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) rows++;
      const actual = objectRoot(bytes.subarray(0, bytesRead));
      if (actual !== root)
        throw changed(
          `${name}, rows ${firstRow} to ${rows} (bytes ${offset} to ${offset + length})`,
          `object ${root}`,
          actual,
        );
      offset += length;
    }
    const { size } = await handle.stat();
    if (size !== offset) throw changed(name, `${offset} bytes`, `${size} bytes`);
  } finally {
    await handle.close();
  }
  return rows;
}

async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => null);
  let manifest: Partial<Manifest> | null = null;
  try {
    manifest = text === null ? null : (JSON.parse(text) as Partial<Manifest>);
  } catch {
    manifest = null;
  }
  const good =
    manifest?.mizu === 'dataset' &&
    isHash(manifest.run) &&
    isHash(manifest.datasetRoot) &&
    Array.isArray(manifest.files) &&
    Array.isArray(manifest.entries);
  if (good) return manifest as Manifest;
  throw new MizuError({
    code: 'sdk/no-manifest',
    message: `${folder} is not a dataset of MIZU.`,
    expected: 'a folder with a manifest.json as `mizu dataset get` writes it',
    actual: text === null ? 'no manifest.json' : 'another manifest.json',
    hint: 'Give the folder that --output named, or the id of a run.',
  });
}

function changed(where: string, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'verify/folder-changed',
    message: `The dataset was changed: ${where}`,
    expected,
    actual,
    hint: 'Fetch it again with: npx mizu dataset get RUN',
  });
}
