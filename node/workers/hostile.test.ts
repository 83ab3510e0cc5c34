// docs/vm.md#total, docs/vm.md#weight: programs made to stop whoever runs them. Each has the result of the step machine, in bounded time and memory.
import { afterAll, describe, expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import { createRandom } from '../../test/differential/random.ts';
import { randomModule } from '../../test/differential/random-module.ts';
import { encodeParts } from '../../test/modules/encode-module.fixture.ts';
import { deepRecursion, growsByNothing, HOSTILE } from '../../test/modules/hostile-modules.fixture.ts';
import { type TestProgram, testProgram } from '../../test/modules/programs.fixture.ts';
import { loadModule } from '../../vm/load.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { createWorkers } from './workers.ts';

const reasons = new Map<string, string>();
const workers = createWorkers(1, { onStepped: (programId, reason) => reasons.set(programId, reason) });
afterAll(() => workers.close());

const REQUEST = { timestampNs: 7n, seed: new Uint8Array(32) };
const SEED = `0x${'00'.repeat(32)}` as const;

/**
 * Runs a program in the pool's threads and on the step machine here. Gives the result, which must be the same, and why
 * it was not run natively, if so.
 */
async function both({ parts, programId, program }: TestProgram, gasLimit: bigint, inputs: readonly Uint8Array[] = []) {
  const job = { programId, seed: SEED, gasLimit, timestampNs: 7n, inputs };
  const outcome = await workers.run(job, async () => parts);
  const { status, output, gasUsed } = createStepMachine({ ...REQUEST, program, inputs, gasLimit }).runToEnd();
  expect(outcome).toEqual({ status, output, gasUsed });
  return { status, gasUsed, why: reasons.get(programId) };
}

test('a function of 450,000 calls, which is beyond what V8 takes when it is rewritten, is stepped', async () => {
  const bomb = testProgram(encodeParts(HOSTILE['calls of an empty function']!(900_000)));
  expect(await both(bomb, 10_000_000n)).toMatchObject({
    status: 0,
    gasUsed: 1_350_004n,
    why: expect.stringContaining('size'),
  });
});

test.each([
  [300, 1],
  [300, 1500],
  [600, 400],
])(
  '%i values alive over a recursion, called %i times before: V8 may have no stack for them, the result is the same',
  async (values, warm) => {
    expect((await both(testProgram(deepRecursion(values, warm, 2_600)), 1n << 34n)).status).toBe(0);
  },
);

describe.each(Object.entries(HOSTILE))('%s', (_, shape) => {
  test.each([3_000, 60_000])('in a module of about %i bytes', async (bytes) => {
    const wasm = encodeParts(shape(bytes));
    const from = process.cpuUsage();
    let program: TestProgram | undefined;
    try {
      program = testProgram(wasm);
    } catch (error) {
      if (!(error instanceof MizuError) || error.code !== 'vm/too-large') throw error;
    }
    const { user, system } = process.cpuUsage(from);
    // Refused before the work is done, or done in time linear in the bytes: ten times what a slow machine takes, where
    // squares take minutes.
    expect((user + system) / 1e6).toBeLessThan(5 + wasm.length * 200e-6);
    if (program !== undefined) await both(program, 3_000_000n);
  });
});

test('what is refused is refused before V8 sees it: validation of wide branches takes gigabytes', () => {
  const before = process.resourceUsage().maxRSS;
  for (const shape of Object.values(HOSTILE)) {
    try {
      loadModule(encodeParts(shape(300_000)));
    } catch (error) {
      expect(error).toMatchObject({ code: 'vm/too-large' });
    }
  }
  expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(500);
});

test('random programs have one result in the threads and in the step machine, whatever the gas and the memory', async () => {
  const random = createRandom(8);
  for (let seed = 1; seed <= 60; seed++) {
    const gasLimit = BigInt(1 + random.below(20_000));
    await both(testProgram(randomModule(seed)), gasLimit, [new Uint8Array(0), new Uint8Array(300).fill(seed)]);
  }
});

test('memory.grow(0) on 1 GiB copies nothing, natively or stepped', async () => {
  const { parts, programId } = testProgram(growsByNothing(16_384, 20));
  const job = { programId, seed: SEED, gasLimit: 1n << 30n, timestampNs: 0n, inputs: [] };
  const native = await workers.run(job, async () => parts);
  const other = createWorkers(1);
  const before = other.stepped();
  const stepped = await other.run(job, async () => ({ ...parts, wasm: new Uint8Array(0) }));
  expect(other.stepped()).toBe(before + 1);
  await other.close();
  expect(stepped).toEqual(native);
});

test('64 inputs that are one object of 32 MiB are there once for each thread', async () => {
  const big = new Uint8Array(32 << 20).fill(1);
  const read = `(module (import "mizu" "input_count" (func $n (result i32))) (import "mizu" "input_size" (func $s (param i32) (result i64)))
    (import "mizu" "exit" (func $e (param i32)))
    (func (export "_start") (call $e (i32.and (i64.eq (call $s (i32.const 63)) (i64.const 33554432)) (i32.eq (call $n) (i32.const 64))))))`;
  const before = process.resourceUsage().maxRSS;
  expect((await both(testProgram(read), 1_000n, new Array<Uint8Array>(64).fill(big))).status).toBe(1);
  expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(300);
});
