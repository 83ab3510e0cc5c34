// docs/kernel.md: compiles the kernel. The same sources and compiler give the same bytes: its programId is the network's constitution.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
export const KERNEL_WASM = join(root, 'build', 'kernel.wasm');

/** Writes build/kernel.wasm and returns its path. @throws Error with the compiler's messages */
export function buildKernel() {
  return compile('main', KERNEL_WASM, ['--maximumMemory', '1024']);
}

/** Compiles `assembly/<entry>.ts` as the kernel is compiled. */
export function compile(entry, target, flags) {
  mkdirSync(dirname(target), { recursive: true });
  const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');
  // -O2 and not -O3: as fast, and 27 KB of code and not 46. `abort` would be an import of its own: a failed check traps instead.
  // 4 pages are more than most steps use: the engine re-uses an instance whose memory has not grown.
  const fixed = ['--runtime', 'stub', '-O2', '--noAssert', '--use', 'abort=', '--initialMemory', '4'];
  const source = `kernel/assembly/${entry}.ts`;
  // Renamed when whole: several processes may build at once.
  const partial = `${target}.${process.pid}`;
  const run = spawnSync(process.execPath, [asc, source, '-o', partial, ...fixed, ...flags], {
    cwd: root,
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`asc failed on ${source}:\n${run.stderr}${run.stdout}`);
  renameSync(partial, target);
  return target;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(buildKernel());
