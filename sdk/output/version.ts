// docs/sdk.md#versions: a dataset some of whose rejects were tried again: the datasets of all its runs, and what they are together.
import { constants, createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { MAX_PARTITION_BYTES, MAX_PARTITIONS, MAX_STAGES } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Hex, isHash } from '../../protocol/hex.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { describeZodIssues } from '../../service/http/issues.ts';
import { splitLines } from '../input/lines.ts';
import type { InputRow } from '../input/rowset.ts';
import { NAME } from '../workflow/refusal.ts';
import { makeFolder, writeText, writeWhole } from './folder.ts';
import { pathsOf } from './paths.ts';

/** A run of a version: its dataset lies whole in `runs/N` of the folder. */
export type VersionRun = {
  readonly run: Hex;
  readonly workflow: Hex;
  readonly datasetRoot: Hex;
  /** The operator whose rejects, of all runs before it, it has tried again; undefined of the first one. */
  readonly retries?: string | undefined;
  /** If an operator over the whole dataset follows that operator: what the run has taken over from the runs before it, and what it makes anew. */
  readonly again?: Reprocessed | undefined;
  /** Of the rejects of `input`: the corrected rows that it has read in their place. */
  readonly mended?: readonly ObjectRef[] | undefined;
};

export type Reprocessed = {
  /** The first operator over the whole dataset, those behind it, and the inputs that are joined: all rows have gone through them again. */
  readonly operators: readonly string[];
  /** The run's inputs besides the rejects: rows that were kept, which stand before them, and the inputs that are joined, behind. */
  readonly kept: readonly ObjectRef[];
  readonly joined: readonly ObjectRef[];
};

export type Version = { readonly runs: readonly VersionRun[]; readonly parts: readonly string[] };

export type VersionFile = { readonly name: string; readonly path: string; readonly rows: number };

/** Of one dataset; each has a whole copy of its own. */
export const MAX_RUNS = 100;
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
/** Of a row with its reason: docs/rows.md#limits. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const REJECTS = 'rejects';
const hash = z.custom<Hex>(isHash, 'expected 0x and 64 hex digits');
const name = z.string().regex(NAME);
const refs = z.array(z.object({ root: hash, length: z.int().min(0).max(MAX_PARTITION_BYTES) })).max(MAX_PARTITIONS);
const again = z.object({ operators: z.array(name).min(1).max(MAX_STAGES), kept: refs, joined: refs });
const shape = z.object({
  mizu: z.literal('version'),
  version: z.literal(1),
  runs: z
    .array(
      z.object({
        run: hash,
        workflow: hash,
        datasetRoot: hash,
        retries: name.optional(),
        again: again.optional(),
        mended: refs.optional(),
      }),
    )
    .min(2)
    .max(MAX_RUNS),
  parts: z.array(name).max(MAX_STAGES),
});

export function runFolder(folder: string, place: number): string {
  return join(folder, 'runs', String(place + 1));
}

/** The folder of the next version: `words`, `words-v2`, `words-v3`. */
export function nextFolder(folder: string): string {
  const plain = folder.replace(/[/\\]+$/, '');
  const [, base = plain, number = '1'] = /^(.*)-v([1-9]\d{0,5})$/.exec(plain) ?? [];
  return `${base}-v${Number(number) + 1}`;
}

/** Undefined if the folder is no version, but a dataset or something else. @throws MizuError `verify/version` for a manifest that cannot be read */
export async function readVersion(folder: string): Promise<Version | undefined> {
  const file = join(folder, 'manifest.json');
  const size = await stat(file).then(
    (info) => (info.isFile() ? info.size : 0),
    () => 0,
  );
  if (size === 0 || size > MAX_MANIFEST_BYTES) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
  if ((value as { mizu?: unknown } | null)?.mizu !== 'version') return undefined;
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw badVersion('manifest.json', 'the manifest of a version', describeZodIssues(parsed.error));
  const { runs, parts } = parsed.data;
  const wrong = runs.findIndex(({ retries }, i) => (retries === undefined) !== (i === 0));
  if (runs[0]?.again !== undefined)
    throw badVersion('manifest.json', 'a first run of its own', 'one that goes on with another');
  if (wrong >= 0)
    throw badVersion('manifest.json', 'an operator that each run but the first has tried again', `run ${wrong + 1}`);
  return { runs, parts };
}

/** Copies the datasets of the runs before; the new run's own is fetched into `runFolder` of the last place. @throws MizuError `sdk/bad-folder` */
export async function copyRuns(from: string, old: Version | undefined, to: string): Promise<void> {
  await assertOurs(to);
  await mkdir(to, { recursive: true });
  await makeFolder(join(to, 'runs'));
  const folders = old === undefined ? [from] : old.runs.map((_, i) => runFolder(from, i));
  for (const [i, folder] of folders.entries()) {
    const target = runFolder(to, i);
    await rm(target, { recursive: true, force: true });
    await copyFiles(folder, target);
  }
}

/** Writes the files of the version from those of its runs; the manifest comes last. */
export async function writeVersion(folder: string, { runs, parts }: Version): Promise<VersionFile[]> {
  await makeFolder(join(folder, 'data'));
  const files: VersionFile[] = [];
  for (const [part, path] of pathsOf([...parts, REJECTS])) {
    let rows = 0;
    await writeWhole(join(folder, path), async (file) => {
      for await (const line of linesOf(folder, runs, part)) {
        rows++;
        await file.writeFile(`${line}\n`);
      }
    });
    files.push({ name: part, path, rows });
  }
  await writeText(join(folder, 'README.md'), describeVersion(runs, files));
  await writeText(
    join(folder, 'manifest.json'),
    `${JSON.stringify({ mizu: 'version', version: 1, runs, parts }, null, 2)}\n`,
  );
  return files;
}

/** That the files of the version are what its runs make them, line by line. @throws MizuError `verify/version` */
export async function checkVersion(folder: string, { runs, parts }: Version): Promise<number> {
  let rows = 0;
  for (const [part, path] of pathsOf([...parts, REJECTS])) {
    const isFile = await stat(join(folder, path)).then(
      (info) => info.isFile(),
      () => false,
    );
    if (!isFile) throw badVersion(path, 'a file', 'none');
    const found = readLines(join(folder, path));
    let line = 0;
    for await (const expected of linesOf(folder, runs, part)) {
      line++;
      const { value } = await found.next();
      if (value !== expected) throw badVersion(`${path}, line ${line}`, brief(expected), brief(value ?? undefined));
    }
    const more = await found.next();
    if (!more.done) throw badVersion(`${path}, line ${line + 1}`, 'the end of the file', brief(more.value));
    rows += line;
  }
  return rows;
}

type RejectLine = { readonly answer?: number; readonly index: number; readonly row: object; readonly operator: string };

// Of a reject that is one of several answers the row is in the dataset, with the others.
function isWhole({ answer }: RejectLine): boolean {
  return answer === undefined;
}

type Later = Pick<VersionRun, 'retries' | 'again'>;

/** A later run has tried it again, or has sent all rows through its operator again. */
function isSuperseded(reject: RejectLine, later: readonly Later[]): boolean {
  const { operator } = reject;
  return later.some(
    (run) => (run.retries === operator && isWhole(reject)) || run.again?.operators.includes(operator) === true,
  );
}

/** What a run that tries an operator again reads: its rejects of all runs before it, whose datasets lie in `folders`, that none between has tried. */
export async function* retriedRejects(
  folders: readonly string[],
  runs: readonly Later[],
  retries: string | undefined,
): AsyncGenerator<InputRow> {
  for (const [i, folder] of folders.entries()) {
    const between = runs.slice(i + 1, folders.length);
    for await (const line of readLines(join(folder, 'rejects.jsonl'))) {
      const reject = JSON.parse(line) as RejectLine;
      const { index, row, operator } = reject;
      if (operator === retries && isWhole(reject) && !isSuperseded(reject, between)) yield { kind: 'row', index, row };
    }
  }
}

/** Answers that rows of these datasets have lost at the operator, and go on without. */
export async function countLostAnswers(folders: readonly string[], operator: string): Promise<number> {
  let lost = 0;
  for (const folder of folders) {
    for await (const line of readLines(join(folder, 'rejects.jsonl'))) {
      const reject = JSON.parse(line) as RejectLine;
      if (reject.operator === operator && !isWhole(reject)) lost++;
    }
  }
  return lost;
}

/**
 * Of all runs in their order; a reject that a later run has tried again is left out, whatever became of it there. A run that has taken over
 * what was kept has the rows of all before it.
 */
async function* linesOf(folder: string, runs: readonly VersionRun[], part: string): AsyncGenerator<string> {
  const first =
    part === REJECTS
      ? 0
      : Math.max(
          0,
          runs.findLastIndex((run) => run.again !== undefined),
        );
  for (let i = first; i < runs.length; i++) {
    const own = runFolder(folder, i);
    const path = await fileOf(own, part);
    if (path === undefined) continue;
    const later = part === REJECTS ? runs.slice(i + 1) : [];
    for await (const line of readLines(join(own, path)))
      if (later.length === 0 || !isSuperseded(JSON.parse(line) as RejectLine, later)) yield line;
  }
}

// A run of a workflow that was changed may have other parts.
async function fileOf(folder: string, part: string): Promise<string | undefined> {
  return pathsOf((await readRunManifest(folder)).files.map((file) => file.name)).get(part);
}

const runShape = z.object({
  run: hash,
  workflow: hash,
  datasetRoot: hash,
  files: z.array(z.object({ name })).max(MAX_STAGES),
});

/** What the manifest of a checked dataset says of its run. */
export async function readRunManifest(folder: string): Promise<z.output<typeof runShape>> {
  const parsed = runShape.safeParse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  if (parsed.success) return parsed.data;
  throw badVersion(join(folder, 'manifest.json'), 'the manifest of a dataset', describeZodIssues(parsed.error));
}

// Node's own reader also takes U+2028 for the end of a line, which stands in rows as it is.
async function* readLines(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const { bytes } of splitLines(createReadStream(path), MAX_LINE_BYTES)) yield decoder.decode(bytes);
}

async function copyFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = relative(from, join(entry.parentPath, entry.name));
    await mkdir(dirname(join(to, path)), { recursive: true });
    await copyFile(join(from, path), join(to, path), constants.COPYFILE_FICLONE);
  }
}

async function assertOurs(folder: string): Promise<void> {
  const info = await lstat(folder).catch(() => null);
  if (info === null) return;
  const names = info.isDirectory() ? await readdir(folder) : undefined;
  if (names !== undefined && (names.length === 0 || names.includes('runs'))) return;
  throw new MizuError({
    code: 'sdk/bad-folder',
    message: `${folder} is in the way: the next version of the dataset goes there.`,
    expected: 'nothing, an empty folder, or this version',
    actual: names === undefined ? 'a link or a file' : `a folder with ${names.slice(0, 5).join(', ')}`,
    hint: 'Move it away.',
  });
}

function describeVersion(runs: readonly VersionRun[], files: readonly VersionFile[]): string {
  return `# Version ${runs.length}

Rows of ${runs.length} runs: the first one, and one for each time that the rejects of an operator were tried again. The dataset of each lies whole in \`runs\`.

| file | rows |
|---|---|
${files.map(({ path, rows }) => `| ${path} | ${rows} |`).join('\n')}

| run | tried again |
|---|---|
${runs.map(({ run, retries }) => `| \`${run}\` | ${retries ?? ''} |`).join('\n')}

To check it: \`mizu verify\` with this folder.
`;
}

function brief(text: string | undefined): string {
  return text === undefined ? 'the end of the file' : text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

function badVersion(where: string, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'verify/version',
    message: `The version was changed: ${where}`,
    expected,
    actual,
    hint: 'Its runs lie in `runs`; the same `mizu run … --retry-rejects` writes it again.',
  });
}
