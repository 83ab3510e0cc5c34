// docs/operations.md#path: the whole path of another commit and of this one, one after the other on the same machine,
// with the same rows.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Milliseconds for a bench; a fresh clone also installs its packages, which takes a minute or two. */
const LIMIT_MS = 20 * 60 * 1000;

type Row = { readonly part: string } & Readonly<Record<string, number | string>>;

/**
 * One row for each commit and one for the ratios: the other commit's path bench runs in a clone in a temporary folder,
 * then this commit's runs here, each in a process of its own. The clone uses this folder's packages if both lockfiles
 * name the same ones. @@ @throws Error if git has no such commit, or if a part of it fails, whose output is printed
 */
export async function benchPathAgainst(commit: string): Promise<object[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-against-'));
  const clone = join(folder, 'clone');
  try {
    call(ROOT, 'git', ['clone', '--quiet', '--no-checkout', '--shared', '.', clone]);
    call(clone, 'git', ['checkout', '--quiet', '--detach', call(ROOT, 'git', ['rev-parse', `${commit}^{commit}`])]);
    if (hasSamePackages(ROOT, clone)) {
      symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'), 'junction');
      call(clone, process.execPath, ['-e', "import('./scripts/build.mjs').then(({ build }) => build())"]);
    } else call(clone, process.execPath, ['scripts/install.mjs']);
    const [old, own] = [rowOf(measure(clone)), rowOf(measure(ROOT))];
    const ratio = (name: string) => (own[name] as number) / (old[name] as number);
    const names = Object.keys(own).filter((name) => typeof own[name] === 'number');
    return [
      old,
      own,
      { part: 'this one / the other', ...Object.fromEntries(names.map((name) => [name, ratio(name)])) },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the path bench of the sources in this folder, whose result file stays as it was. */
function measure(root: string): { commit: string; whole: Row; cpuSeconds: number } {
  const commit = call(root, 'git', ['rev-parse', '--short', 'HEAD']);
  console.log(`path of ${commit}`);
  const file = join(root, 'bench/results/path.json');
  const before = existsSync(file) ? readFileSync(file) : undefined;
  try {
    call(root, process.execPath, [...benchArguments(root), 'path']);
    const { rows } = JSON.parse(readFileSync(file, 'utf8')) as { rows: Row[] };
    const parts = rows.filter(({ part, share }) => share !== undefined && part !== 'client');
    const cpuSeconds = parts.reduce((sum, row) => sum + (row.cpuSeconds as number), 0);
    return { commit, whole: rows[0] as Row, cpuSeconds };
  } finally {
    if (before === undefined) rmSync(file, { force: true });
    else writeFileSync(file, before);
  }
}

/**
 * The arguments with which `npm run bench` starts node in this folder: the place of the program differs between
 * commits.
 */
function benchArguments(root: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { bench: string } };
  return scripts.bench.split(' ').slice(1);
}

function rowOf({ commit, whole, cpuSeconds }: ReturnType<typeof measure>): Row {
  const { rows, rowsPerSecond, rowsPerSecondOnNetwork, datasetSeconds, confirmedSeconds, gasPerRow, batches } = whole;
  const figures = { rows, rowsPerSecond, rowsPerSecondOnNetwork, datasetSeconds, confirmedSeconds, gasPerRow, batches };
  return { part: commit, ...(figures as Record<string, number>), cpuSeconds };
}

/** Whether each package of the clone's lockfile is in ours, in the same version. */
function hasSamePackages(root: string, clone: string): boolean {
  const read = (folder: string) =>
    (JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as { packages: Record<string, Row> }).packages;
  const own = read(root);
  return Object.entries(read(clone)).every(([path, { version }]) => path === '' || own[path]?.version === version);
}

function call(cwd: string, command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return stdout.trim();
  console.error(stdout, stderr);
  throw new Error(`${command} ${args.join(' ')} has failed in ${cwd}: ${error?.message ?? `exit code ${status}`}`);
}
