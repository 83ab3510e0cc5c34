// Builds the kernel, and bundles what a network starts. Skips what is up to date (build/stamps.json holds the hash of the kernel's inputs).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleOf } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const TARGETS = [
  {
    name: 'kernel',
    inputs: ['kernel/assembly', 'kernel/build.mjs', 'package-lock.json'],
    output: 'build/kernel.wasm',
    run: async () => (await import('../kernel/build.mjs')).buildKernel(),
  },
];

const STARTED = [
  'bin/main.ts',
  'node/workers/exec-worker.ts',
  'node/workers/step-worker.ts',
  'dispute/trace/trace-thread.ts',
];

export async function build({ force = false } = {}) {
  mkdirSync(join(root, 'build'), { recursive: true });
  const file = join(root, 'build/stamps.json');
  const stamps = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  for (const target of TARGETS) {
    const hash = hashInputs(target.inputs);
    if (!force && stamps[target.name] === hash && existsSync(join(root, target.output))) continue;
    console.log(`Building ${target.output}...`);
    await target.run();
    stamps[target.name] = hash;
    writeFileSync(file, `${JSON.stringify(stamps, null, 2)}\n`);
  }
  for (const entry of STARTED) await bundleOf(join(root, entry));
}

function hashInputs(paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesBelow))
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

function filesBelow(path) {
  if (/\.\w+$/.test(path)) return [path];
  return readdirSync(join(root, path), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(`${path}/${entry.name}`) : [`${path}/${entry.name}`]));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await build({ force: true });
