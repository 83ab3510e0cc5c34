// docs/sdk.md#verify: a dataset folder held against its own root: every file is cut into its objects and hashed again.
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MAX_OUTPUT_BYTES, MAX_PARTITIONS, MAX_STAGES } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, type Hex, isHash } from '../../protocol/hex.ts';
import { type DatasetEntry, hashDataset } from '../../protocol/state.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { describeZodIssues } from '../../service/http/issues.ts';
import { type ReuseClaim, reuseShape } from '../client/reuse-claim.ts';
import { NAME } from '../workflow/refusal.ts';
import { pathsOf } from './paths.ts';
import { shellWord } from './shell-word.ts';

export type CheckedFolder = {
  readonly run: Hex;
  readonly datasetRoot: Hex;
  readonly chainId: number;
  readonly inbox: Hex;
  readonly rpcUrl: string;
  /** Absent in folders of earlier versions. */
  readonly rollup?: Address | undefined;
  readonly fromBlock?: number | undefined;
  /** Hash of the L1 block `fromBlock`. */
  readonly origin?: Hex | undefined;
  readonly reuses?: ReuseClaim | undefined;
  readonly rows: number;
  readonly files: readonly { readonly path: string; readonly stage: number }[];
};

const NEWLINE = 10;

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
  origin: hash.optional(),
  reuses: reuseShape.optional(),
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

/** Where a file's bytes are not those of the object that it should hold there. */
export type ChangedPlace = {
  /** Below the folder. */
  readonly path: string;
  readonly entry: DatasetEntry;
  readonly offset: number;
  /** Line of the file, from 1. */
  readonly firstRow: number;
};

/** `verify/folder-changed`. */
export class FolderChanged extends MizuError {
  /** Undefined where the object as it was would tell no more. */
  readonly place: ChangedPlace | undefined;
  readonly manifest: Pick<CheckedFolder, 'run' | 'rpcUrl'>;

  constructor(folder: string, manifest: Pick<CheckedFolder, 'run' | 'rpcUrl'>, change: FolderChange) {
    const { where, expected, actual, place } = change;
    super({
      code: 'verify/folder-changed',
      message: `The dataset was changed: ${where}`,
      expected,
      actual,
      hint: `Restore it with: npx mizu dataset get ${manifest.run} --output ${shellWord(folder)}`,
    });
    this.place = place;
    this.manifest = manifest;
  }
}

export type FolderChange = {
  readonly where: string;
  readonly expected: string;
  readonly actual: string;
  readonly place?: ChangedPlace | undefined;
};

/** @throws MizuError `sdk/no-manifest`; FolderChanged naming the file, the offset and the rows in question */
export async function checkFolder(folder: string): Promise<CheckedFolder> {
  const manifest = await readManifest(folder);
  const changed = (change: FolderChange) => new FolderChanged(folder, manifest, change);
  const paths = pathsOf(manifest.files.map(({ name }) => name));
  const files: { path: string; stage: number }[] = [];
  let rows = 0;
  for (const { name, path } of manifest.files) {
    // A manifest from somebody else must not name files outside its folder.
    if (path !== paths.get(name))
      throw changed({
        where: 'manifest.json',
        expected: `${paths.get(name)} for ${name}`,
        actual: JSON.stringify(path),
      });
    const entries = manifest.entries.filter((entry) => entry.sink === name);
    files.push({ path, stage: entries[0]?.stage ?? 0 });
    const found = await checkFile(folder, path, entries, 'manifest.json');
    if (found.change !== undefined) throw changed(found.change);
    rows += found.rows;
  }
  // As the kernel lists them: by stage, then by partition.
  const entries = [...manifest.entries].sort((a, b) => a.stage - b.stage || a.partition - b.partition);
  const root = hashDataset(entries);
  if (root !== manifest.datasetRoot)
    throw changed({
      where: 'manifest.json',
      expected: `dataset root ${manifest.datasetRoot} (its datasetRoot)`,
      actual: `dataset root ${root} (of its entries)`,
    });
  const { run, rpcUrl, chainId, inbox, rollup, fromBlock, origin, reuses } = manifest;
  return { run, datasetRoot: root, rpcUrl, chainId, inbox, rollup, fromBlock, origin, reuses, rows, files };
}

/** A file against the partitions that it should consist of, by their roots; `source` says whose roots they are. */
export async function checkFile(
  folder: string,
  path: string,
  entries: readonly DatasetEntry[],
  source: string,
): Promise<{ rows: number; change?: FolderChange }> {
  const handle = await open(join(folder, path)).catch((cause: unknown) => String((cause as { code?: string }).code));
  if (typeof handle === 'string')
    return { rows: 0, change: { where: path, expected: 'a file', actual: `none that can be read (${handle})` } };
  let rows = 0;
  let offset = 0;
  try {
    for (const entry of entries) {
      const { root, length } = entry;
      const bytes = new Uint8Array(length);
      const { bytesRead } = await handle.read(bytes, 0, length, offset);
      const firstRow = rows + 1;
      rows += countRows(bytes);
      const actual = objectRoot(bytes.subarray(0, bytesRead));
      if (actual !== root) {
        const change = {
          where: `${path}, in rows ${firstRow} to ${Math.max(rows, firstRow)} (bytes ${offset} to ${offset + length})`,
          expected: `object root ${root} (${source})`,
          actual: `object root ${actual} (this file)`,
          place: { path, entry, offset, firstRow },
        };
        return { rows, change };
      }
      offset += length;
    }
    const { size } = await handle.stat();
    if (size === offset) return { rows };
    const where = `${path}, from row ${rows + 1} on: there is more than the dataset has`;
    return {
      rows,
      change: { where, expected: `${offset} bytes (${source})`, actual: `${size} bytes (this file)` },
    };
  } finally {
    await handle.close();
  }
}

function countRows(bytes: Uint8Array): number {
  let rows = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) rows++;
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
  throw noManifest(folder, `another manifest.json: ${describeZodIssues(parsed.error)}`);
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
