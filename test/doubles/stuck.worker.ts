// Test: a thread whose checks do what the content says: never end, run out of memory, fail, or be fine.
import { parentPort, workerData } from 'node:worker_threads';
import type { CheckBatch, CheckedBatch } from '../../edge/schema/thread.ts';

const progress = new Int32Array(workerData as SharedArrayBuffer);
const kept: unknown[] = [];

parentPort?.on('message', ({ id, items }: CheckBatch) => {
  const verdicts = items.map(({ content }, i) => {
    Atomics.store(progress, 0, i + 1);
    while (content === 'stuck');
    while (content === 'fat') kept.push(Array.from({ length: 100_000 }, Math.random));
    if (content === 'broken') throw new Error('broken');
    return undefined;
  });
  parentPort?.postMessage({ id, verdicts } satisfies CheckedBatch);
});
