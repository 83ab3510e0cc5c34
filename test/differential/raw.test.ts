// docs/vm.md#checks: a little of `npm run fuzz -- --raw`; the seed of a program that differs is in the message.
import { beforeAll, describe, expect, it } from 'vitest';
import { INSTRUCTION_BYTES, OP, SLOT_COUNT } from '../../protocol/isa.ts';
import { createOneStepVerifier, type OneStepVerifier } from '../../prover/osp.ts';
import type { Program } from '../../vm/program.ts';
import { REQUEST } from './compare.ts';
import { createRandom } from './random.ts';
import { writeFields } from './raw-code.ts';
import { compareRaw, type RawCounts } from './raw-compare.ts';
import { compareRawSeed } from './raw-fuzz.ts';
import { minimise } from './raw-minimise.ts';
import { createRawProgram, createRawSubject } from './raw-subject.ts';

/** Half a minute of one core. */
const PROGRAMS = 240;

let verifier: OneStepVerifier;

beforeAll(async () => {
  verifier = await createOneStepVerifier();
});

const NONE = new Uint8Array(0);

function codeOf(...instructions: readonly (readonly [op: number, imm: bigint])[]): Uint8Array {
  const code = new Uint8Array(instructions.length * INSTRUCTION_BYTES);
  instructions.forEach(([op, imm], i) => {
    writeFields(code, i, { op, a: 0, b: 0, c: 0, imm });
  });
  return code;
}

const ENTER_HALT = codeOf([OP.enter, 1n], [OP.halt, 0n]);

function rawProgram(
  parts: Partial<Program>,
  numbers: { globals?: number; entry?: number; pages?: number } = {},
): Program {
  const { globals = 0, entry = 0, pages = 1 } = numbers;
  return createRawProgram(
    { code: ENTER_HALT, memory: NONE, slots: NONE, data: NONE, ...parts },
    { pagesInitial: pages, pagesMax: pages, entry, globals },
  );
}

it('raw programs are the same in reference, step machine and verifier', async () => {
  const counts: RawCounts = { steps: 0, hashes: 0, proofs: 0 };
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const complaint = await compareRawSeed(seed, verifier, counts);
    expect({ seed, complaint }).toEqual({ seed, complaint: undefined });
  }
  // Not only programs that fault at once.
  expect(counts.steps).toBeGreaterThan(PROGRAMS * 100);
  expect(counts.proofs).toBeGreaterThan(PROGRAMS * 3);
}, 300_000);

describe('headers that no lowering makes', () => {
  it.each([0, SLOT_COUNT - 1, SLOT_COUNT, SLOT_COUNT + 1, 2 * SLOT_COUNT, 2 ** 32 - 1])(
    'globals %d: the frame begins at them modulo 65,536',
    async (globals) => {
      const program = rawProgram({}, { globals });
      expect(await compareRaw({ program, request: REQUEST }, verifier, createRandom(1))).toBe(undefined);
    },
  );

  it.each([1, 3, 7, 9, 127, 129, 8 * SLOT_COUNT - 1])('slots of %d bytes: zeros follow', async (length) => {
    const program = rawProgram({ slots: new Uint8Array(length).fill(1) });
    expect(await compareRaw({ program, request: REQUEST }, verifier, createRandom(1))).toBe(undefined);
  });

  it.each([1, 2, 3, 2 ** 31, 2 ** 32 - 1])('entry %d', async (entry) => {
    const program = rawProgram({}, { entry });
    expect(await compareRaw({ program, request: REQUEST }, verifier, createRandom(1))).toBe(undefined);
  });

  it('no code, no memory', async () => {
    const program = rawProgram({ code: NONE }, { pages: 0 });
    expect(await compareRaw({ program, request: REQUEST }, verifier, createRandom(1))).toBe(undefined);
  });
});

it('a program that shows something is made as small as it can be', async () => {
  const subject = createRawSubject(17);
  const smallest = await minimise(subject, async ({ program }) => program.code.length >= INSTRUCTION_BYTES);
  expect(smallest.program.code.length).toBe(INSTRUCTION_BYTES);
  expect(smallest.request).toMatchObject({ gasLimit: 1n, inputs: [] });
  expect(smallest.program).toMatchObject({ memory: NONE, slots: NONE, data: NONE });
});
