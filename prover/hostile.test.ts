// docs/vm.md#total, docs/vm.md#weight: programs made to stop whoever runs them. Each has the result of the step machine, in bounded time and memory.
import { afterAll, describe, expect, test } from 'vitest';
import { MizuError } from '../protocol/errors.ts';
import { createRandom } from '../test/differential/random.ts';
import { randomModule } from '../test/differential/random-module.ts';
import { encodeModule, HOSTILE, sleb } from '../vm/hostile-modules.fixture.ts';
import { loadModule } from '../vm/load.ts';
import { createStepMachine } from '../vm/step/step-machine.ts';
import { type BuiltProgram, programOf } from './programs.fixture.ts';
import { createWorkers } from './workers.ts';

const reasons = new Map<string, string>();
const workers = createWorkers(1, { onStepped: (programId, reason) => reasons.set(programId, reason) });
afterAll(() => workers.close());

const REQUEST = { timestampNs: 7n, seed: new Uint8Array(32) };
const SEED = `0x${'00'.repeat(32)}` as const;

/** Through the pool's threads, and by the step machine here: the same, and why it was not run natively, if it was not. */
async function both({ parts, programId, program }: BuiltProgram, gasLimit: bigint, inputs: readonly Uint8Array[] = []) {
  const job = { programId, seed: SEED, gasLimit, timestampNs: 7n, inputs };
  const outcome = await workers.run(job, async () => parts);
  const { status, output, gasUsed } = createStepMachine({ ...REQUEST, program, inputs, gasLimit }).runToEnd();
  expect(outcome).toEqual({ status, output, gasUsed });
  return { status, gasUsed, why: reasons.get(programId) };
}

const I32 = 0x7f;
const I64 = 0x7e;

test('a function of 450,000 calls, which is beyond what V8 takes when it is rewritten, is stepped', async () => {
  const bomb = programOf(encodeModule(HOSTILE['calls of an empty function']!(900_000)));
  expect(await both(bomb, 10_000_000n)).toMatchObject({
    status: 0,
    gasUsed: 1_350_004n,
    why: expect.stringContaining('size'),
  });
}, 60_000);

/** Common subexpressions that V8 keeps alive over a recursive call: its stack ends before the slots do, or not, by the tier of the moment. */
function recursion(values: number, warm: number, depth: number): BuiltProgram {
  const stores = (base: number): number[] =>
    Array.from({ length: values }, (_, k) => [
      ...[0x41, 0, 0x20, 1, 0x42, ...sleb(2 * k + 1_000_003), 0x7e, 0x42, ...sleb(77 + k), 0x85],
      ...[0x37, 3, ...offset(base + 8 * k)],
    ]).flat();
  const offset = (value: number): number[] => (value < 128 ? [value] : [(value & 0x7f) | 0x80, value >> 7]);
  const call = [0x42, 5, 0x10, 1];
  const main = [
    ...[0x41, ...sleb(warm), 0x21, 0, 0x03, 0x40, 0x41, 20, ...call],
    ...[0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x41, ...sleb(depth), ...call],
  ];
  const deeper = [0x20, 0, 0x04, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x20, 1, 0x42, 1, 0x7c, 0x10, 1, 0x0b];
  return programOf(
    encodeModule({
      types: [
        [[], []],
        [[I32, I64], []],
      ],
      functions: [
        { type: 0, locals: [[1, I32]], code: main },
        { type: 1, code: [...stores(0), ...deeper, ...stores(8 * values)] },
      ],
      memory: [4, 4],
    }),
  );
}

test.each([
  [300, 1],
  [300, 1500],
  [600, 400],
])(
  '%i values alive over a recursion, called %i times before: V8 may have no stack for them, the result is the same',
  async (values, warm) => {
    expect((await both(recursion(values, warm, 2_600), 1n << 34n)).status).toBe(0);
  },
  60_000,
);

describe.each(Object.entries(HOSTILE))('%s', (_, shape) => {
  test.each([3_000, 60_000])(
    'in a module of about %i bytes',
    async (bytes) => {
      const wasm = encodeModule(shape(bytes));
      const from = process.cpuUsage();
      let program: BuiltProgram | undefined;
      try {
        program = programOf(wasm);
      } catch (error) {
        if (!(error instanceof MizuError) || error.code !== 'vm/too-large') throw error;
      }
      const { user, system } = process.cpuUsage(from);
      // Refused before the work is done, or done in time linear in the bytes.
      expect((user + system) / 1e6).toBeLessThan(0.5 + wasm.length * 20e-6);
      if (program !== undefined) await both(program, 3_000_000n);
    },
    60_000,
  );
});

test('what is refused is refused before V8 sees it: validation of wide branches takes gigabytes', () => {
  const before = process.resourceUsage().maxRSS;
  for (const shape of Object.values(HOSTILE)) {
    try {
      loadModule(encodeModule(shape(300_000)));
    } catch (error) {
      expect(error).toMatchObject({ code: 'vm/too-large' });
    }
  }
  expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(500);
}, 120_000);

test('random programs have one result in the threads and in the step machine, whatever the gas and the memory', async () => {
  const random = createRandom(8);
  for (let seed = 1; seed <= 60; seed++) {
    const gasLimit = BigInt(1 + random.below(20_000));
    await both(programOf(randomModule(seed)), gasLimit, [new Uint8Array(0), new Uint8Array(300).fill(seed)]);
  }
}, 120_000);
