// docs/vm.md#checks: code that brings an instruction to the edges of what it takes: its arguments are set just before, from the state there.
import { MAX_OUTPUT_BYTES } from '../../protocol/constants.ts';
import {
  IMMEDIATE_BIT,
  INSTRUCTION_BYTES,
  INSTRUCTIONS,
  type Instruction,
  instructionOf,
  NULL_TYPE,
  OP,
  SHAPES,
  SLOT_COUNT,
} from '../../protocol/isa.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { HostExit } from '../../vm/host.ts';
import type { Program } from '../../vm/program.ts';
import { createReferenceState, type State } from '../../vm/reference/state.ts';
import type { ProgramRun } from '../../vm/run.ts';
import type { Random } from './random.ts';
import { type Fields, writeFields } from './raw-code.ts';
import { createObserver } from './raw-coverage.ts';
import { edgesOf } from './raw-edges.ts';
import { BULK } from './raw-goals.ts';

const U32_MAX = 2 ** 32 - 1;
const MOST_STEPS = 12_000;
/** Items that are tried for a fault, which most edges of an instruction are not. */
const FAULT_TRIES = 40;
/** Slots of arguments, relative to the frame. */
const ARGS = 2;
const RESULT = 8;
/** As many as an item may need, and instructions that it may have. */
const ITEM_STEPS = 3_300n;
const ROOM = 8;

/** Where a run may be given up, by what happens there: the number of steps before it. */
type Moments = Map<string, number>;

/** The program's code, and a gas limit that may end it in the middle of something. `turn`: the instructions that fault take turns. */
export function edgeProgram(
  random: Random,
  program: Program,
  request: ProgramRun,
  items: number,
  turn: number,
): { code: Uint8Array; gasLimit: bigint } {
  const room = (items + 1) * ROOM;
  const code = new Uint8Array(room * INSTRUCTION_BYTES);
  const state = createReferenceState({ ...program, code }, { ...request, gasLimit: BigInt(MOST_STEPS) });
  const observer = createObserver(state);
  const moments: Moments = new Map();
  let length = 0;
  // Runs the item; it is put aside again if it should not stay.
  const append = (item: readonly Fields[], stays: (faults: boolean) => boolean): boolean => {
    const { fp, gasLeft } = state;
    for (const [i, fields] of item.entries()) writeFields(code, length + i, fields);
    const end = length + item.length;
    let ended = false;
    let faults = false;
    try {
      while (state.pc < end && !state.halted) {
        const { debt, pc } = state;
        observer.step((goal) => moments.set(`at ${goal}`, steps(state)));
        if (debt > 0n) continue;
        const word = state.code.getUint16(pc * INSTRUCTION_BYTES);
        if (state.debt > 0n) moments.set(`debt ${word}`, steps(state) + random.below(Number(state.debt)));
        if (state.pc === pc) moments.set(`leaf ${word}`, steps(state) + Number(state.debt));
      }
      // All control leads to the next instruction, or out of the code.
      ended = state.halted || state.pc !== end;
    } catch (error) {
      ended = error instanceof HostExit;
      faults = !ended;
    }
    if (ended || stays(faults)) {
      length = end;
      return ended || faults;
    }
    code.fill(0, length * INSTRUCTION_BYTES, end * INSTRUCTION_BYTES);
    Object.assign(state, { pc: length, fp, gasLeft, debt: 0n });
    return false;
  };
  let ended = false;
  for (let left = items; left > 0 && !ended && state.gasLeft > ITEM_STEPS; left--)
    ended = append(edgeItem(random, state, length), (faults) => !faults);
  // A program has one fault at most: it is its last instruction.
  const faulty = FAULT_TURNS[turn % FAULT_TURNS.length]!;
  for (let left = random.chance(4) ? 0 : FAULT_TRIES; left > 0 && !ended; left--)
    ended = append(faultItem(random, faulty, state, length), (faults) => faults);
  const ending = random.below(8);
  if (!ended && ending > 0) {
    const op = ending === 1 ? OP.jump : OP.halt;
    writeFields(code, length, { op, ...NOTHING, imm: BigInt(length + 1) });
    length++;
  }
  return {
    code: code.slice(0, Math.max(1, length) * INSTRUCTION_BYTES),
    gasLimit: BigInt(gasLimit(random, moments, steps(state) + (ended ? 0 : 1))),
  };
}

function steps(state: State): number {
  return Number(state.request.gasLimit - state.gasLeft);
}

function gasLimit(random: Random, moments: Moments, all: number): number {
  if (random.chance(8)) return all;
  if (!random.chance(3) || moments.size === 0) return MOST_STEPS;
  const kind = random.pick(['debt', 'leaf', 'leaf', 'leaf', 'at']);
  const some = [...moments].filter(([name]) => name.startsWith(kind));
  return some.length === 0 ? random.below(all) : random.pick(some)[1];
}

const GROUPS: readonly (readonly Instruction[])[] = [
  INSTRUCTIONS.filter(({ family }) => family === 'integer'),
  INSTRUCTIONS.filter(({ family }) => family === 'float'),
  INSTRUCTIONS.filter(({ shape }) => shape === 'load' || shape === 'store'),
  INSTRUCTIONS.filter(({ family, shape }) => family === 'memory' && shape !== 'load' && shape !== 'store'),
  INSTRUCTIONS.filter(({ family }) => family === 'host'),
  INSTRUCTIONS.filter(({ family }) => family === 'control'),
];
/** Arithmetic has most of the edges. */
const WEIGHTS = [0, 0, 0, 1, 1, 1, 2, 3, 3, 4, 4, 5];

const FAULTY = INSTRUCTIONS.filter(({ faults, name }) => faults !== '' || name === 'exit');
const OUTPUT = instructionOf(OP.output_write)!;
/** As often as each has ways to fault. */
const FAULT_TURNS = FAULTY.flatMap((instruction) => new Array<Instruction>(turnsOf(instruction)).fill(instruction));

function turnsOf({ name, family, shape }: Instruction): number {
  if (family === 'float') return 10;
  if (BULK.has(name)) return 12;
  if (family === 'control') return 6;
  return shape === 'binary' ? 5 : 3;
}

/** Any instruction behind those that set its arguments. */
function edgeItem(random: Random, state: State, at: number): Fields[] {
  return itemOf(random, random.pick(GROUPS[random.pick(WEIGHTS)]!), state, at, random.chance(60));
}

/** Often one that faults; not the wanted one where memory is longer than an output can be. */
function faultItem(random: Random, wanted: Instruction, state: State, at: number): Fields[] {
  if (random.chance(60)) return [{ op: random.pick([OP.commit + 1, 0x7fff, OP.jump | IMMEDIATE_BIT]), ...NOTHING }];
  return itemOf(random, state.memory.length > MAX_OUTPUT_BYTES ? OUTPUT : wanted, state, at, random.chance(3));
}

/** `ends`: it may lead out of the code or end the run otherwise. */
function itemOf(random: Random, instruction: Instruction, state: State, at: number, ends: boolean): Fields[] {
  switch (instruction.family) {
    case 'integer':
    case 'float':
      return arithmetic(random, instruction, state.fp);
    case 'control':
      return control(random, instruction, state, at, ends);
    default:
      return instruction.shape === 'load' || instruction.shape === 'store'
        ? access(random, instruction, state)
        : bulk(random, instruction, state, ends);
  }
}

const NOTHING = { a: 0, b: 0, c: 0, imm: 0n };
const set = (slot: number, value: bigint | number): Fields => ({
  op: OP.mov | IMMEDIATE_BIT,
  a: slot & (SLOT_COUNT - 1),
  b: 0,
  c: 0,
  imm: BigInt.asUintN(64, BigInt(value)),
});

function arithmetic(random: Random, instruction: Instruction, fp: number): Fields[] {
  const edge = (): bigint => {
    const { bits } = random.pick(edgesOf(instruction));
    // The upper half of a 32-bit operand does not count.
    return bits < 2n ** 32n && random.chance(4) ? bits | (BigInt(random.u32()) << 32n) : bits;
  };
  const { op, shape } = instruction;
  const immediate = random.chance(2);
  // Slots that wrap, or a few that all share.
  const b = random.chance(30) ? SLOT_COUNT - fp + random.below(Math.max(1, fp)) : random.below(14);
  const c = random.chance(30) ? SLOT_COUNT - 1 - random.below(4) : 14 + random.below(4);
  const a = random.chance(30) ? SLOT_COUNT - 1 : random.below(18);
  const slots = { a, b: b & (SLOT_COUNT - 1), c };
  if (shape === 'unary')
    return immediate
      ? [{ op: op | IMMEDIATE_BIT, ...slots, imm: edge() }]
      : [set(slots.b, edge()), { op, ...slots, imm: BigInt(random.u32()) }];
  return immediate
    ? [set(slots.b, edge()), { op: op | IMMEDIATE_BIT, ...slots, imm: edge() }]
    : [set(slots.b, edge()), set(slots.c, edge()), { op, ...slots, imm: 0n }];
}

function access(random: Random, { name, op, shape }: Instruction, state: State): Fields[] {
  const bytes = Number(/\d+/.exec(name)![0]) / 8;
  const size = state.memory.length;
  const leaf = random.below(8) * LEAF_BYTES;
  const address = Math.max(
    0,
    random.pick([
      0,
      size - bytes,
      size - bytes + 1,
      leaf,
      leaf + LEAF_BYTES - 1,
      leaf + LEAF_BYTES - bytes + 1,
      2 ** 32,
    ]),
  );
  const immediate = random.chance(2);
  const value = set(ARGS + 1, BigInt(random.u32()) * 0x1_0000_0001n);
  const slots = { a: RESULT, b: ARGS, c: ARGS + 1 };
  if (immediate && shape === 'load') return [{ op: op | IMMEDIATE_BIT, ...slots, imm: BigInt(address) }];
  // The address is the sum of base and offset.
  const base = random.pick([0, Math.min(address, U32_MAX), Math.floor(address / 2)]);
  const offset = BigInt(Math.min(address - base, U32_MAX));
  const first = set(ARGS, BigInt(Math.max(base, address > U32_MAX ? U32_MAX : 0)));
  if (immediate) {
    const imm = (offset << 32n) | BigInt(random.u32());
    return [first, { op: op | IMMEDIATE_BIT, ...slots, imm }];
  }
  return [first, value, { op, ...slots, imm: offset }];
}

/** An address and a number of bytes at the borders of leaves and at the end of so many bytes. */
function span(random: Random, size: number): readonly [at: number, n: number] {
  const leaf = random.below(Math.max(1, Math.min(6, Math.floor(size / LEAF_BYTES)))) * LEAF_BYTES;
  const n = random.pick([0, 1, 127, 128, 129, 256, 300]);
  return random.pick([
    [leaf, n],
    [leaf + 1 + random.below(LEAF_BYTES), n],
    [leaf + 28, 100],
    [Math.max(0, size - n), Math.min(n, size)],
    [Math.max(0, size - n), n + 1],
    [size, 0],
    [size + 1, 0],
    [leaf, 2 ** 31],
    [U32_MAX, U32_MAX],
  ] as const);
}

function bulk(random: Random, { name, op, shape }: Instruction, state: State, ends: boolean): Fields[] {
  const size = state.memory.length;
  const { inputs } = state.request;
  // Now and then the arguments lie at both ends of the slots.
  const a = random.chance(20) ? (SLOT_COUNT - 1 - state.fp) & (SLOT_COUNT - 1) : ARGS;
  const call = { op, a, b: a, c: 0, imm: 0n };
  const args = (...values: (number | bigint)[]): Fields[] => values.map((value, i) => set(a + i, value));
  const [at, n] = span(random, size);
  switch (name) {
    case 'memory_size':
      return [{ ...call, a: RESULT }];
    case 'memory_grow': {
      const left = state.program.header.pagesMax - size / 65536;
      // A large growth has more debt than a run has steps.
      const by = random.pick([0, left <= 4 ? left : 1, left + 1, U32_MAX, 1]);
      const given = random.chance(2) ? BigInt(by) : BigInt(by) + 2n ** 40n;
      return random.chance(2)
        ? [set(ARGS, given), { ...call, a: RESULT, b: ARGS }]
        : [{ ...call, op: op | IMMEDIATE_BIT, a: RESULT, imm: given }];
    }
    case 'memory_fill':
      return [...args(at, random.u32(), n), call];
    case 'memory_copy': {
      const other = random.pick([
        at,
        at + 1,
        at + 40,
        Math.max(0, at - 1),
        Math.max(0, at - 40),
        span(random, size)[0],
      ]);
      const [dst, src] = random.chance(2) ? [at, other] : [other, at];
      return [...args(dst, src, n), call];
    }
    case 'dot_i8': {
      const other = random.pick([at, at + 1, at + LEAF_BYTES, span(random, size)[0]]);
      const [left, right] = random.chance(2) ? [at, other] : [other, at];
      return [...args(random.u32(), left, right, n), call];
    }
    case 'memory_init': {
      const data = state.program.data.length;
      const offset = random.pick([0, 1, 28, 100, 128, Math.floor(data / 2), data]);
      const length = random.pick([0, 28, 100, 128, Math.max(0, data - offset), Math.max(0, data - offset), 5_000]);
      const src = random.pick([0, 1, Math.floor(length / 2), length]);
      const size = random.pick([n, Math.max(0, length - src), Math.max(0, length - src) + 1]);
      const lengthSlot = random.below(4);
      const imm = (BigInt(lengthSlot) << 32n) | BigInt(offset);
      // The length is set first: its slot is an absolute one.
      const first: Fields = { op: OP.global_set | IMMEDIATE_BIT, a: lengthSlot, b: 0, c: 0, imm: BigInt(length) };
      return [first, ...args(at, src, size), { ...call, imm }];
    }
    case 'input_size':
      return [...args(random.pick([0, inputs.length - 1, inputs.length, U32_MAX])), call];
    case 'input_read': {
      const index = random.chance(6) ? inputs.length : random.below(Math.max(1, inputs.length));
      const length = inputs[index]?.length ?? 0;
      const offset = Math.min(length, random.pick([0, 1, 100, length, Math.floor(length / 2)]));
      const rest = Math.max(0, length - offset);
      const many = random.pick([n, Math.min(rest, 400), rest + 1, 0]);
      const from = random.chance(4) ? random.pick([2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) : BigInt(offset);
      const to = random.chance(2) ? at : Math.max(0, size - many);
      return [...args(to, index, from, many), call];
    }
    case 'output_write':
      // So much memory have few programs only.
      return size > MAX_OUTPUT_BYTES ? [...args(0, MAX_OUTPUT_BYTES + 1), call] : [...args(at, n), call];
    case 'log':
      return [...args(at, random.pick([n, U32_MAX])), call];
    case 'random':
      return [...args(random.pick([0n, 2n ** 64n - 1n, BigInt(random.u32())])), call];
    case 'exit':
      // It ends the run.
      return ends ? [...args(random.pick([0, 255, 256, 2 ** 31])), call] : [{ ...call, op: OP.clock }];
    case 'preimage':
    case 'exec':
    case 'ecrecover':
    case 'commit':
      return ends ? [...args(1024, 0, 0), call] : [{ ...call, op: OP.input_count }];
    default:
      return shape === 'host' ? [call] : [...args(at, n), call];
  }
}

/** Each way leads to the instruction behind the item, which begins at instruction `at`. */
function control(random: Random, instruction: Instruction, state: State, at: number, ends: boolean): Fields[] {
  const { name, op } = instruction;
  const { fp } = state;
  const call = { op, a: 0, b: ARGS, c: 0, imm: 0n };
  const condition = set(ARGS, random.pick([0n, 1n, 2n ** 32n, 2n ** 63n + 1n]));
  const target = (next: number): bigint =>
    BigInt(ends ? random.pick([state.instructions, U32_MAX, state.instructions + 1]) : next);
  switch (name) {
    case 'trap':
    case 'entry':
    case 'halt':
      return ends ? [call] : [condition];
    case 'jump':
      return [{ ...call, imm: target(at + 1) | (random.chance(2) ? 2n ** 40n : 0n) }];
    case 'br_if':
    case 'br_if_zero':
      return [condition, { ...call, imm: target(at + 2) }];
    case 'br_table': {
      const count = random.pick([0, 1, 3]);
      const index = random.pick([0, count - 1, count, count + 1, U32_MAX]) >>> 0;
      const padding = Array.from({ length: count }, () => set(RESULT, 1));
      return [set(ARGS, index), { ...call, imm: BigInt(count) }, ...padding];
    }
    case 'call':
    case 'call_indirect': {
      const record = random.below(8);
      const most = SLOT_COUNT - 1 - fp - record;
      const frame = random.chance(4) ? Math.max(0, most + random.below(2)) : random.below(Math.min(40, most + 1));
      if (name === 'call') return [{ ...call, a: frame, b: record, imm: target(at + 1) }];
      const type = random.chance(6) ? NULL_TYPE : random.below(3);
      const wanted = random.chance(6) ? type + 1 : type;
      const entry = (BigInt(type) << 32n) | target(at + 2);
      return [set(ARGS, entry), { ...call, a: frame, b: record, c: ARGS, imm: BigInt(wanted) }];
    }
    case 'table_get': {
      // A table of two entries stands behind a jump over it.
      const size = random.pick([2, 2, 3]);
      const base = random.chance(8) ? random.pick([state.instructions - 1, U32_MAX]) : at + 2;
      const entry = { op: OP.entry, ...NOTHING, imm: BigInt(random.u32()) };
      const jump = { ...call, op: OP.jump, imm: BigInt(at + 4) };
      const index = random.pick([0, 1, size - 1, size, size + 1]);
      const imm = (BigInt(base) << 32n) | BigInt(size);
      return [set(ARGS, index), jump, entry, entry, { ...call, a: RESULT, imm }];
    }
    case 'return': {
      const distance = random.pick([0, 0, fp, fp + 1, U32_MAX]);
      return [set(ARGS, (target(at + 2) << 32n) | BigInt(distance)), call];
    }
    case 'enter': {
      const left = SLOT_COUNT - fp;
      return [{ ...call, imm: BigInt(random.pick([0, 1, 64, 700, left, left + 1, U32_MAX])) }];
    }
    case 'mov':
      return [condition, random.chance(2) ? { ...call, a: RESULT } : set(RESULT, random.u32())];
    case 'select':
      return [condition, { ...call, a: RESULT, b: random.below(20), c: random.below(20), imm: BigInt(ARGS) }];
    case 'global_get':
      return [{ ...call, a: RESULT, b: random.pick([0, 1, SLOT_COUNT - 1]) }];
    case 'global_set': {
      const slot = random.pick([0, 1, SLOT_COUNT - 1]);
      return random.chance(2)
        ? [{ ...call, a: slot, b: RESULT }]
        : [{ ...call, op: op | IMMEDIATE_BIT, a: slot, imm: BigInt(random.u32()) }];
    }
    default:
      throw new Error(`${name} is no control instruction (${SHAPES[instruction.shape].imm})`);
  }
}
