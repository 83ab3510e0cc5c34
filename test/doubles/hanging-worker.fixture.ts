// A thread that never answers: by the job's gas it does not load, does not run, takes memory without end, or throws.
import { parentPort } from 'node:worker_threads';
import type { ToWorker } from '../../node/workers/exec-job.ts';

const kept: number[][] = [];

parentPort?.on('message', ({ id, job }: ToWorker) => {
  if (job.gasLimit === 3n) throw new Error('thrown in the thread');
  if (job.gasLimit === 1n) parentPort?.postMessage({ id, kind: 'loaded' });
  for (;;) if (job.gasLimit === 2n) kept.push(new Array<number>(100_000).fill(kept.length));
});
