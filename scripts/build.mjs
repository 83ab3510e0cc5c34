// CONTRIBUTING.md#starts: bundles what a network starts, unless its bundle is up to date.
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleOf } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const STARTED = [
  'bin/main.ts',
  'node/workers/exec-worker.ts',
  'node/workers/step-worker.ts',
  'dispute/trace/trace-thread.ts',
];

export async function build() {
  for (const entry of STARTED) await bundleOf(join(root, entry));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await build();
