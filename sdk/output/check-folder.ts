// docs/sdk.md#verify: a dataset folder held against its own root: every file is cut into its objects and hashed again.
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MAX_OUTPUT_BYTES, MAX_PARTITIONS, MAX_STAGES } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, type Hex, isHash } from '../../protocol/hex.ts';
import { type DatasetEntry, hashDataset } from '../../protocol/state.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { describeIssues } from '../../service/issues.ts';
import { NAME } from '../workflow/refusal.ts';
import { pathsOf } from './paths.ts';

export type CheckedFolder = {
  readonly run: Hex;
  readonly datasetRoot: Hex;
  readonly chainId: number;
  readonly inbox: Hex;
  readonly rpcUrl: string;
  /** Absent in folders of earlier versions. */
  readonly rollup?: Address | undefined;
  readonly fromBlock?: number | undefined;
  readonly rows: number;
  readonly files: readonly { readonly path: string; readonly stage: number }[];
};

const hash = z.custom<Hex>(isHash, 'expected 0x and 64 hex digits');
const count = z.int().min(0);

const manifestShape = z.object({
  mizu: z.literal('dataset'),
  run: hash,
  datasetRoot: hash,
  rpcUrl: z.url({ protocol: /^https?$/ }),
  chainId: count,
  inbox: z.custom<Address>((value) => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value)),
  rollup: z.custom<Address>((value) => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value)).optional(),
  fromBlock: count.optional(),
  files: z.array(z.object({ name: z.string().regex(NAME), path: z.string().max(200) })).max(MAX_STAGES),
  entries: z
    .array(
      z.object({
        sink: z.string().regex(NAME),
        stage: count.max(MAX_STAGES),
        partition: count,
        root: hash,
        length: count.max(MAX_OUTPUT_BYTES),
      }),
    )
    .max(MAX_STAGES * MAX_PARTITIONS),
});

type Manifest = z.output<typeof manifestShape>;

/** 1,024 partitions of 256 sinks are 50 MB of JSON. */
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** @throws MizuError `sdk/no-manifest`; `verify/folder-changed` naming the file, the offset and the rows in question */
export async function checkFolder(folder: string): Promise<CheckedFolder> {
  const manifest = await readManifest(folder);
  const paths = pathsOf(manifest.files.map(({ name }) => name));
  const files: { path: string; stage: number }[] = [];
  let rows = 0;
  for (const { name, path } of manifest.files) {
    // A manifest from somebody else must not name files outside its folder.
    if (path !== paths.get(name))
      throw changed('manifest.json', `${paths.get(name)} for ${name}`, JSON.stringify(path));
    const entries = manifest.entries.filter((entry) => entry.sink === name);
    files.push({ path, stage: entries[0]?.stage ?? 0 });
    rows += await checkFile(join(folder, path), path, entries);
  }
  // As the kernel lists them: by stage, then by partition.
  const entries = [...manifest.entries].sort((a, b) => a.stage - b.stage || a.partition - b.partition);
  const root = hashDataset(entries);
  if (root !== manifest.datasetRoot) throw changed('manifest.json', `entries with root ${manifest.datasetRoot}`, root);
  const { run, rpcUrl, chainId, inbox, rollup, fromBlock } = manifest;
  return { run, datasetRoot: root, rpcUrl, chainId, inbox, rollup, fromBlock, rows, files };
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
  const file = join(folder, 'manifest.json');
  const size = await stat(file).then(
    (info) => (info.isFile() ? info.size : undefined),
    () => undefined,
  );
  if (size === undefined) throw noManifest(folder, 'no manifest.json');
  if (size > MAX_MANIFEST_BYTES) throw noManifest(folder, `a manifest.json of ${size} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    throw noManifest(folder, 'a manifest.json that is not JSON');
  }
  const parsed = manifestShape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw noManifest(folder, `another manifest.json: ${describeIssues(parsed.error)}`);
}

function noManifest(folder: string, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/no-manifest',
    message: `${folder} is not a dataset of MIZU.`,
    expected: 'a folder with a manifest.json as `mizu dataset get` writes it',
    actual,
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
