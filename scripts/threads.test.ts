// CONTRIBUTING.md#threads: what a thread loads has no `await` at its top level.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const THREADS = [
  'cli/ticker-thread.mjs',
  'dispute/trace/trace-thread.ts',
  'edge/backends/simulator-thread.ts',
  'edge/schema/thread.ts',
  'node/workers/exec-worker.ts',
  'node/workers/step-worker.ts',
  'test/doubles/stuck.worker.ts',
  'test/modules/recursion.worker.ts',
];

/** esbuild refuses an `await` at the top level in CommonJS, wherever in the graph it stands. */
const bundled = (entry: object): Promise<unknown> =>
  build({
    ...entry,
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    logLevel: 'silent',
  });

test.each(THREADS)('%s and what it imports', async (file) => {
  await expect(bundled({ entryPoints: [file] })).resolves.toBeDefined();
});

test('one would be found', async () => {
  const contents = 'export const one = await 1;';
  await expect(bundled({ stdin: { contents, resolveDir: '.' } })).rejects.toThrow(/[Tt]op-level await/);
});
