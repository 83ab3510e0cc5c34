// docs/vm.md#code: programs and requests for the raw fuzz. The same seed gives the same one.
import { INSTRUCTION_BYTES, MEMORY_PAGES_MAX, SLOT_COUNT } from '../../protocol/isa.ts';
import type { ProgramHeader } from '../../protocol/program.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram, PAGE_BYTES, type Program, SLOT_BYTES } from '../../vm/program.ts';
import { step } from '../../vm/reference/machine.ts';
import { createReferenceState } from '../../vm/reference/state.ts';
import type { ProgramRun } from '../../vm/run.ts';
import { withParts } from './nearly.ts';
import { createRandom, type Random } from './random.ts';
import { randomModule } from './random-module.ts';
import { mutateCode, randomBytes, randomCode, randomInstruction, type Surroundings, writeFields } from './raw-code.ts';
import { edgeProgram } from './raw-edge-code.ts';

export type RawSubject = {
  readonly seed: number;
  /** Which of the generators made it. */
  readonly kind: 'bytes' | 'grown' | 'mutated' | 'edges';
  readonly program: Program;
  readonly request: ProgramRun;
};

/** Instructions that a grown program is mended at, one after another, before it is taken as it is. */
const REPAIRS = 60;
const REPAIRED_STEPS = 400;
const KINDS = ['bytes', 'grown', 'grown', 'mutated', 'mutated', 'edges', 'edges', 'edges', 'edges'] as const;
const EDGE_ITEMS = [1, 1, 4, 60, 120];
const MANY_PAGES = 1025;
const MOST_FIRST_PAGES = 5;

/** `only` chooses the generator. */
export function createRawSubject(seed: number, only?: RawSubject['kind']): RawSubject {
  const random = createRandom(seed);
  const chosen = random.pick(KINDS);
  const kind = only ?? chosen;
  const request = randomRequest(random);
  if (kind === 'mutated') return { seed, kind, program: mutatedProgram(random), request };
  const { pagesInitial, pagesMax } = randomPages(random);
  const instructions = random.pick([1, 2, 5, 20, 40, 40, 60]);
  const data = randomBytes(random, random.pick([0, 1, 128, 129, 400, 400]));
  const around = {
    instructions,
    pages: pagesInitial,
    pagesMax,
    dataLength: data.length,
    inputs: request.inputs.length,
  };
  const code = kind === 'bytes' ? randomBytes(random, instructions * INSTRUCTION_BYTES) : randomCode(random, around);
  const memory = randomBytes(random, imageLength(random, pagesInitial * PAGE_BYTES));
  const globals = random.pick([0, 0, 1, 1, 9, 9, 16, 17, 17, 700, SLOT_COUNT - 20, SLOT_COUNT - 1]);
  const slots = edgeSlots(random, globals);
  const parts = { code, memory, slots, data };
  const numbers = { pagesInitial, pagesMax, globals };
  const draft = draftProgram(parts, numbers);
  if (kind === 'edges') {
    const { code, gasLimit } = edgeProgram(random, draft, request, random.pick(EDGE_ITEMS), seed);
    return { seed, kind, program: createRawProgram({ ...parts, code }, numbers), request: { ...request, gasLimit } };
  }
  const grown = kind === 'grown' ? repair(random, draft, request, around) : code;
  return { seed, kind, program: createRawProgram({ ...parts, code: grown }, numbers), request };
}

function randomPages(random: Random): Pick<ProgramHeader, 'pagesInitial' | 'pagesMax'> {
  // An output can be longer than 64 MiB only if memory is.
  if (random.chance(60)) return { pagesInitial: MANY_PAGES, pagesMax: random.pick([MANY_PAGES, MEMORY_PAGES_MAX]) };
  const pagesMax = random.chance(12) ? MEMORY_PAGES_MAX : random.pick([0, 1, 1, 2, 2, 3, 5]);
  const few = Math.min(pagesMax, MOST_FIRST_PAGES);
  return { pagesInitial: random.chance(3) ? few : random.below(few + 1), pagesMax };
}

function imageLength(random: Random, size: number): number {
  if (size > 0 && size <= PAGE_BYTES && random.chance(12)) return size;
  return Math.min(size, random.pick([0, 1, 127, 128, 700, 700]));
}

/** A header over these parts. */
export function createRawProgram(
  parts: Pick<Program, 'code' | 'memory' | 'slots' | 'data'>,
  numbers: Pick<ProgramHeader, 'pagesInitial' | 'pagesMax' | 'globals'>,
): Program {
  return withParts(draftProgram(parts, numbers), {});
}

/** A header without the roots, which no run looks at. */
function draftProgram(
  parts: Pick<Program, 'code' | 'memory' | 'slots' | 'data'>,
  numbers: Pick<ProgramHeader, 'pagesInitial' | 'pagesMax' | 'globals'>,
): Program {
  const unknown = '0x' as const;
  const header = {
    version: 1n,
    codeRoot: unknown,
    memoryRoot: unknown,
    slotsRoot: unknown,
    dataRoot: unknown,
    entry: 0,
    ...numbers,
  };
  return { ...parts, header };
}

function mutatedProgram(random: Random): Program {
  const lower = (): Program => createProgram({ module: loadModule(randomModule(1 + random.below(100_000))) });
  const program = lower();
  const { pagesInitial, pagesMax } = program.header;
  const instructions = program.code.length / INSTRUCTION_BYTES;
  const around = { instructions, pages: pagesInitial, pagesMax, dataLength: program.data.length, inputs: 2 };
  const code = mutateCode(random, program.code, lower().code, around);
  const flipped = Object.fromEntries(IMAGE_PARTS.map((part) => [part, flipBits(random, program[part])]));
  if (!random.chance(4)) return withParts(program, { ...flipped, code });
  const header = { ...program.header, pagesMax: pagesInitial + random.below(3) };
  return withParts({ ...program, ...flipped, header }, { code });
}

const IMAGE_PARTS = ['memory', 'slots', 'data'] as const;

/** A few bits of some of them. */
function flipBits(random: Random, bytes: Uint8Array): Uint8Array {
  const flipped = bytes.slice();
  if (flipped.length > 0)
    for (let flips = random.below(3); flips > 0; flips--)
      flipped[random.below(flipped.length)]! ^= 1 << random.below(8);
  return flipped;
}

/** Values at both ends; between them zeros. */
function edgeSlots(random: Random, globals: number): Uint8Array {
  const slots = new Uint8Array(globals * SLOT_BYTES);
  for (const length of [random.pick([0, 8, 64, 128, 136]), random.pick([0, 0, 8])]) {
    const bytes = randomBytes(random, Math.min(slots.length, length));
    slots.set(bytes, length > 8 ? 0 : slots.length - bytes.length);
  }
  return slots;
}

/** Wherever the run faults, another instruction is put: so it goes on for a while. */
function repair(random: Random, program: Program, request: ProgramRun, around: Surroundings): Uint8Array {
  const code = program.code.slice();
  const grown = { ...program, code };
  for (let repairs = 0; repairs < REPAIRS; repairs++) {
    const state = createReferenceState(grown, { ...request, gasLimit: BigInt(REPAIRED_STEPS) });
    let pc = state.pc;
    try {
      while (!state.halted) {
        pc = state.pc;
        step(state);
      }
    } catch {
      // How it ended is looked at below.
    }
    // A run may also end; then half of the time that is left as it is.
    if (state.gasLeft === 0n || pc >= around.instructions || random.chance(100)) break;
    writeFields(code, pc, randomInstruction(random, around));
  }
  return code;
}

function randomRequest(random: Random): ProgramRun {
  const lengths = random.pick([[], [0], [300, 0], [1, 128, 129, 5000], Array.from({ length: 33 }, (_, i) => i)]);
  return {
    inputs: lengths.map((length) => randomBytes(random, length)),
    gasLimit: random.pick([0n, 1n, 7n, 60n, 300n, 700n, 1500n, 1500n, 1500n, 4000n, 4000n]),
    timestampNs: random.chance(2) ? 1_700_000_000_000_000_000n : 2n ** 64n - 1n,
    seed: new Uint8Array(32).fill(random.below(256)),
  };
}
