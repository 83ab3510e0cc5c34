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

const EMPTY = new Uint8Array(0);
const PARTS: ProgramParts = { header: EMPTY, code: EMPTY, image: EMPTY, slots: EMPTY, data: EMPTY, wasm: EMPTY };

test('a job whose program is still being loaded is refused when its threads are closed, and so is a later one', async () => {
  const workers = createWorkers(1);
  let loaded = (_parts: ProgramParts): void => undefined;
  const running = workers.run(JOB, () => new Promise((resolve) => (loaded = resolve)));
  const refused = expect(running).rejects.toMatchObject({ code: 'prover/worker-crashed', retryable: true });
  await workers.close();
  loaded(PARTS);
  await refused;
  await expect(workers.run(JOB, async () => PARTS)).rejects.toMatchObject({ code: 'prover/worker-crashed' });
}, 30_000);

test('the job of a thread that dies is tried once more, then refused', async () => {
  const workers = createWorkers(1, new URL('./dying-worker.fixture.ts', import.meta.url));
  let loads = 0;
  const load = async (): Promise<ProgramParts> => {
    loads++;
    return PARTS;
  };
  await expect(workers.run(JOB, load)).rejects.toMatchObject({ code: 'prover/worker-crashed', retryable: true });
  expect(loads).toBe(2);
  await workers.close();
}, 30_000);
