// docs/kernel.md: compiles the kernel. The same sources and compiler give the same bytes: its programId is the network's constitution.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const assembly = join(root, 'kernel/assembly');
const compiler = join(root, 'node_modules/assemblyscript');
export const KERNEL_WASM = join(root, 'build', 'kernel.wasm');

// -O2 and not -O3: as fast, and 27 KB of code and not 46. `abort` would be an import of its own: a failed check traps instead.
// `--debug` only adds the names of the functions, which are no part of the program.
// 4 pages are more than most steps use: the engine re-uses an instance whose memory has not grown. At most 64 MiB.
const FLAGS = ['--runtime', 'stub', '-O2', '--debug', '--noAssert', '--use', 'abort=', '--initialMemory', '4'];
const MAX_PAGES = '1024';

/** Writes build/kernel.wasm and returns its path. @throws Error with the compiler's messages */
export function buildKernel() {
  return compile('main', KERNEL_WASM);
}

/** Compiles `assembly/<entry>.ts` as the kernel is compiled, unless the target is newer than all it is made from. */
export function compile(entry, target) {
  if (isCurrent(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  const source = `kernel/assembly/${entry}.ts`;
  // Renamed when whole: several processes may build at once.
  const partial = `${target}.${process.pid}`;
  const asc = [join(compiler, 'bin/asc.js'), source, '-o', partial, ...FLAGS, '--maximumMemory', MAX_PAGES];
  const run = spawnSync(process.execPath, asc, { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`asc failed on ${source}:\n${run.stderr}${run.stdout}`);
  renameSync(partial, target);
  return target;
}

function isCurrent(target) {
  const made = statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(assembly, { recursive: true }).map((name) => join(assembly, name));
  return [fileURLToPath(import.meta.url), compiler, ...sources].every((path) => statSync(path).mtimeMs < made);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(buildKernel());
