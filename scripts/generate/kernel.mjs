// docs/kernel.md: compiles the kernel. The same sources and compiler give the same bytes: its programId is the
// network's constitution.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const assembly = join(root, 'kernel/assembly');
const compiler = join(root, 'node_modules/assemblyscript');

// With -O2 the code is as fast as with -O3, and has 27 KB instead of 46. `abort` would be an import of its own: a
// failed check traps instead. `--debug` only adds the names of the functions, which are no part of the program. Most
// steps use no more than 4 pages: the engine uses an instance again whose memory has not grown. It has at most 64 MiB.
const FLAGS = ['--runtime', 'stub', '-O2', '--debug', '--noAssert', '--use', 'abort=', '--initialMemory', '4'];
const MAX_PAGES = '1024';

/**
 * @returns {{ path: string, content: Buffer }} a generated file, the kernel's module
 * @throws Error with the compiler's messages
 */
export function generateKernel() {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-kernel-'));
  try {
    return {
      path: 'kernel/generated/kernel.wasm',
      content: readFileSync(compile('main', join(folder, 'kernel.wasm'))),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles `assembly/<entry>.ts` as the kernel is compiled, unless the target is newer than all it is made from. */
export function compile(entry, target) {
  if (isCurrent(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  const source = `kernel/assembly/${entry}.ts`;
  // The file is renamed when it is whole: several processes may build at once.
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
