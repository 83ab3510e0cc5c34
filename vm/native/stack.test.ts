// docs/vm.md#lowering: endless recursion ends at the bound of the slot region and never at that of V8's stack.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { runShapes } from '../../test/modules/recursion.run.ts';

const LOADER = new URL('../../scripts/ts.mjs', import.meta.url).href;

it('ends as a fault of kind `slots` on the main thread', async () => {
  expect(Object.keys(await runShapes(5))).toEqual(['slots']);
});

it('ends as a fault of kind `slots` in a worker thread', async () => {
  const worker = new Worker(new URL('../../test/modules/recursion.worker.ts', import.meta.url), {
    execArgv: ['--import', LOADER],
  });
  const [ends] = (await once(worker, 'message')) as [Record<string, number>];
  await worker.terminate();
  expect(Object.keys(ends)).toEqual(['slots']);
});
