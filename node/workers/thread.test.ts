// docs/prover.md#pool: a job's thread may hang, run out of memory, or throw: who asked hears of it, and the thread is gone.
import { expect, test } from 'vitest';
import type { ToWorker } from './exec-job.ts';
import { startThread, ThreadDied } from './thread.ts';

const SCRIPT = new URL('../../test/doubles/hanging-worker.fixture.ts', import.meta.url);
const HEX = `0x${'00'.repeat(32)}` as const;
const LONG_MS = 60_000;

const message = (gasLimit: bigint): ToWorker => ({
  id: 1,
  job: { programId: HEX, seed: HEX, gasLimit, timestampNs: 0n, objects: [], places: [] },
  pages: 0,
  drop: [],
});

test.each([
  ['does not load the program', 0n, { loadMs: 300, runMs: LONG_MS }, 'the thread has not loaded the program in 300 ms'],
  ['does not end the run', 1n, { loadMs: LONG_MS, runMs: 300 }, 'the thread has not run the program in 300 ms'],
  ['takes more heap than it has', 2n, { loadMs: LONG_MS, runMs: LONG_MS }, 'memory limit'],
  ['throws', 3n, { loadMs: LONG_MS, runMs: LONG_MS }, 'thrown in the thread'],
])('a thread that %s', async (_, gasLimit, limits, why) => {
  const thread = startThread(SCRIPT, 64);
  const asked = thread.ask(message(gasLimit), limits);
  await expect(asked).rejects.toThrow(ThreadDied);
  await expect(asked).rejects.toThrow(why);
  expect(thread.dead()).toBe(true);
  await expect(thread.ask(message(gasLimit), limits)).rejects.toThrow(ThreadDied);
  await thread.end();
});
