import { expect, test } from 'vitest';
import type { ExecJob, ProgramParts } from './exec-job.ts';
import { createWorkers } from './workers.ts';

const JOB: ExecJob = {
  programId: `0x${'ab'.repeat(32)}`,
  seed: `0x${'00'.repeat(32)}`,
  gasLimit: 1n,
  timestampNs: 0n,
  inputs: [],
};

test('the job of a thread that dies is tried once more, then refused', async () => {
  const workers = createWorkers(1, new URL('./dying-worker.fixture.ts', import.meta.url));
  let loads = 0;
  const load = async (): Promise<ProgramParts> => {
    loads++;
    const empty = new Uint8Array(0);
    return { header: empty, code: empty, image: empty, slots: empty, data: empty, wasm: empty };
  };
  await expect(workers.run(JOB, load)).rejects.toMatchObject({ code: 'prover/worker-crashed', retryable: true });
  expect(loads).toBe(2);
  await workers.close();
}, 30_000);
