import { expect, test } from 'vitest';
import { testProgram } from '../../test/modules/programs.fixture.ts';
import type { ExecJob, ProgramParts } from './exec-job.ts';
import { createWorkers, ModuleRefused } from './workers.ts';

const JOB: ExecJob = {
  programId: `0x${'ab'.repeat(32)}`,
  seed: `0x${'00'.repeat(32)}`,
  gasLimit: 1n,
  timestampNs: 0n,
  inputs: [],
};

const EMPTY = new Uint8Array(0);
const PARTS: ProgramParts = {
  header: new Uint8Array(152),
  code: EMPTY,
  image: EMPTY,
  slots: EMPTY,
  data: EMPTY,
  wasm: EMPTY,
};

test('a job whose program is still being loaded is refused when its threads are closed, and so is a later one', async () => {
  const workers = createWorkers(1);
  let loaded = (_parts: ProgramParts): void => undefined;
  const running = workers.run(JOB, () => new Promise((resolve) => (loaded = resolve)));
  const refused = expect(running).rejects.toMatchObject({ code: 'prover/worker-crashed', retryable: true });
  await workers.close();
  loaded(PARTS);
  await refused;
  await expect(workers.run(JOB, async () => PARTS)).rejects.toMatchObject({ code: 'prover/worker-crashed' });
});

const SIZE = {
  code: 1_000,
  image: 1900 * 65_536,
  slots: 0,
  data: 0,
  wasm: 1_000,
  paidWasm: 1_000,
  pagesInitial: 2_000,
  pagesMax: 2_600,
  inputs: 0,
};

const DYING = new URL('../../test/doubles/dying-worker.fixture.ts', import.meta.url);

test('the job of a native thread that dies runs on the step machine, and so do all later ones of that program', async () => {
  const told: string[] = [];
  const options = { nativeScript: DYING, onStepped: (_: string, reason: string) => told.push(reason) };
  const workers = createWorkers(1, options);
  const { parts, programId } = testProgram('(module (func (export "_start")))');
  const job = { ...JOB, programId, gasLimit: 100n };
  const outcome = { status: 0, output: EMPTY, gasUsed: 4n };
  expect(await workers.run(job, async () => parts)).toEqual(outcome);
  expect(await workers.run(job, async () => parts)).toEqual(outcome);
  expect(told).toEqual(['the thread ended with exit code 7']);
  expect(workers.stepped()).toBe(2);
  await workers.close();
});

test('a module by which a thread dies while it loads is refused, so that another one is tried; one that has fitted is not', async () => {
  const workers = createWorkers(1, { nativeScript: DYING });
  const { parts, programId } = testProgram('(module (func (export "_start")))');
  const module = { root: JOB.seed, fits: false, onFit: () => Promise.reject(new Error('it does not fit')) };
  const job = { ...JOB, programId, gasLimit: 100n };
  const refused = await workers.run({ ...job, module }, async () => parts).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ModuleRefused);
  expect(refused).toMatchObject({ verdict: 'unfit', message: 'the thread ended with exit code 7' });
  const absent = workers.run({ ...job, module: { ...module, fits: true } }, async () => ({ ...parts, wasm: EMPTY }));
  await expect(absent).rejects.toMatchObject({ verdict: 'absent' });
  expect(workers.stepped()).toBe(0);
  for (const other of [{ ...module, fits: true }, null])
    expect(await workers.run({ ...job, module: other }, async () => parts)).toMatchObject({ status: 0, gasUsed: 4n });
  expect(workers.stepped()).toBe(2);
  await workers.close();
});

test('a thread keeps a program with a large image for its next job, and is ended if the memory of a large one grew', async () => {
  const loadsOf = async (body: string) => {
    const { parts, programId } = testProgram(`(module (memory 2000 2600) (func (export "_start") ${body}))`);
    const image = new Uint8Array(1900 * 65_536).fill(1);
    const workers = createWorkers(1, { memoryBytes: 2 ** 30 });
    let loads = 0;
    for (let i = 0; i < 2; i++) {
      const load = async () => {
        loads++;
        return { ...parts, image };
      };
      expect(await workers.run({ ...JOB, programId, gasLimit: 10_000_000n }, load, SIZE)).toMatchObject({ status: 0 });
    }
    expect(workers.stepped()).toBe(0);
    await workers.close();
    return loads;
  };
  expect(await loadsOf('(i32.store (i32.const 9) (i32.const 8))')).toBe(1);
  expect(await loadsOf('(drop (memory.grow (i32.const 500)))')).toBe(2);
});

test('if the step machine cannot run either, the job is refused, and may be asked for again', async () => {
  const workers = createWorkers(1, { nativeScript: DYING, stepScript: DYING });
  await expect(workers.run(JOB, async () => PARTS)).rejects.toMatchObject({
    code: 'prover/worker-crashed',
    retryable: true,
  });
  await workers.close();
});

test("bytes that a job is given stay the caller's, Buffers of one pool too", async () => {
  const workers = createWorkers(1);
  const { parts, programId } = testProgram('(module (func (export "_start")))');
  const pooled = Object.fromEntries(
    Object.entries(parts).map(([name, bytes]) => [name, Buffer.from(bytes)]),
  ) as unknown as ProgramParts;
  const input = Buffer.from('abc');
  const job = { ...JOB, programId, gasLimit: 100n, inputs: [input, input, new Uint8Array(2)] };
  for (const wasm of [pooled.wasm, Buffer.from('no module')])
    expect(await workers.run(job, async () => ({ ...pooled, wasm }))).toMatchObject({ status: 0, gasUsed: 4n });
  expect(input.toString()).toBe('abc');
  expect(Buffer.from(pooled.header).equals(parts.header)).toBe(true);
  await workers.close();
});
