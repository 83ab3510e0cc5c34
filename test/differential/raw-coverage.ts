// docs/vm.md#checks: what a run shows of the goals of the raw fuzz, step by step in the reference machine.
import { MAX_OUTPUT_BYTES } from '../../protocol/constants.ts';
import {
  IMMEDIATE_BIT,
  INSTRUCTION_BYTES,
  type Instruction,
  instructionOf,
  NULL_TYPE,
  SHAPES,
  SLOT_COUNT,
} from '../../protocol/isa.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import type { Program } from '../../vm/program.ts';
import { step } from '../../vm/reference/machine.ts';
import type { State } from '../../vm/reference/state.ts';
import type { ProgramRun } from '../../vm/run.ts';
import { type Fields, readFields } from './raw-code.ts';
import { edgesOf, operandType } from './raw-edges.ts';
import { BULK, GOALS, headerGoals, KERNEL_ONLY, sidesOf, wrongWord } from './raw-goals.ts';

/** How often each goal was reached. */
export type Coverage = Map<string, number>;
type Reach = (goal: string) => void;

export function reach(coverage: Coverage, goal: string): void {
  coverage.set(goal, (coverage.get(goal) ?? 0) + 1);
}

/** Of each kind of goal how many were reached, and which were not. */
export function summarise(coverage: Coverage): string[] {
  return [...new Set(GOALS.map(kindOf))].map((kind) => {
    const goals = GOALS.filter((goal) => kindOf(goal) === kind);
    const missing = goals.filter((goal) => !coverage.has(goal));
    const named = missing.slice(0, NAMED).join(', ') + (missing.length > NAMED ? ', …' : '');
    return `  ${kind}: ${goals.length - missing.length} of ${goals.length}${missing.length === 0 ? '' : `, not ${named}`}`;
  });
}

const NAMED = 6;

function kindOf(goal: string): string {
  if (goal.includes(': fault: ')) return 'faults';
  if (goal.startsWith('gas: ')) return 'ends of gas';
  if (goal.startsWith('header: ')) return 'limits of headers and requests';
  return / is |: /.test(goal) ? 'edges of instructions' : 'instructions and what is none';
}

export function unreached(coverage: Coverage): string[] {
  return GOALS.filter((goal) => !coverage.has(goal));
}

export type Observer = {
  /** Does the next step of the reference machine, and says what it shows. @throws as the machine does */
  step(reach: Reach): void;
};

const MASK32 = 0xffffffffn;
const READS: Readonly<Partial<Record<string, readonly ('b' | 'c')[]>>> = {
  unary: ['b'],
  binary: ['b', 'c'],
  select: ['b', 'c'],
};

export function createObserver(state: State): Observer {
  let last: { readonly name: string; readonly pc: number } | undefined;
  return {
    step(reach) {
      if (state.gasLeft === 0n) tellGas(state, last, reach);
      const executes = state.gasLeft > 0n && state.debt === 0n;
      if (!executes) {
        step(state);
        return;
      }
      const { pc } = state;
      const instruction = tellFetch(state, reach);
      if (instruction === undefined) {
        step(state);
        return;
      }
      const { name } = instruction;
      const fields = readFields(codeOf(state), pc);
      if (KERNEL_ONLY.has(name)) reach(`${name}: called by a program`);
      else tellOperands(state, instruction, fields, reach);
      try {
        step(state);
      } catch (error) {
        if ((error as Error).message === 'exit') reach(name);
        else if (!KERNEL_ONLY.has(name))
          reach(`${name}: fault: ${(error as Error).message.replace(/^(there is no input) \d+$/, '$1 #')}`);
        throw error;
      } finally {
        last = { name, pc };
      }
      reach(name);
      if (SHAPES[instruction.shape].immediate && (fields.op & IMMEDIATE_BIT) !== 0) reach(`${name}: with an immediate`);
      if (state.halted && state.gasLeft === 0n) reach('gas: ends exactly with the program');
    },
  };
}

/** What the program and its request are, before any step. */
export function observeHeader({ header, code, memory, slots, data }: Program, request: ProgramRun): string[] {
  const { globals, pagesInitial, pagesMax } = header;
  const view = new DataView(slots.buffer, slots.byteOffset, slots.byteLength);
  return headerGoals({
    globals,
    lastSlot: slots.length === 0 ? 0n : view.getBigUint64(slots.length - 8),
    pagesInitial,
    pagesMax,
    instructions: code.length / INSTRUCTION_BYTES,
    memory: memory.length,
    data: data.length,
    inputs: request.inputs.map(({ length }) => length),
    timestampNs: request.timestampNs,
  });
}

function codeOf({ code }: State): Uint8Array {
  return new Uint8Array(code.buffer, code.byteOffset, code.byteLength);
}

function tellGas(state: State, last: { name: string; pc: number } | undefined, reach: Reach): void {
  if (state.request.gasLimit === 0n) reach('gas: none at all');
  if (last === undefined) return;
  if (state.debt > 0n) reach(`gas: ends in the debt of ${last.name}`);
  else reach('gas: ends at an instruction');
  if (BULK.has(last.name as never) && last.pc === state.pc) reach(`gas: ends between two leaves of ${last.name}`);
}

/** The instruction, if the machine takes it as one. */
function tellFetch(state: State, reach: Reach): Instruction | undefined {
  const { pc, instructions } = state;
  if (pc >= instructions) {
    reach(pc === instructions ? 'pc at the end of the code' : 'pc far beyond the code');
    return undefined;
  }
  const word = state.code.getUint16(pc * INSTRUCTION_BYTES);
  const instruction = instructionOf(word & ~IMMEDIATE_BIT);
  const wrong = wrongWord(word, instruction);
  if (wrong !== undefined) reach(wrong);
  return wrong === undefined ? instruction : undefined;
}

function tellOperands(state: State, instruction: Instruction, fields: Fields, reach: Reach): void {
  const { name, shape } = instruction;
  const { fp, slots } = state;
  const immediate = (fields.op & IMMEDIATE_BIT) !== 0;
  const wraps = (field: number): boolean => fp + field >= SLOT_COUNT;
  const value = (field: number): bigint => slots[(fp + field) % SLOT_COUNT]!;
  const tell: Reach = (edge) => reach(`${name}: ${edge}`);
  if (SHAPES[shape].a === 'result' && wraps(fields.a)) reach('slot a wraps');
  for (const operand of READS[shape] ?? []) if (!immediate && wraps(fields[operand])) reach(`slot ${operand} wraps`);
  tellEdges(instruction, fields, immediate, value, tell);
  if (shape === 'load' || shape === 'store') tellAccess(state, name, fields, immediate, value, tell);
  const args = Array.from({ length: 4 }, (_, i) => value(fields.a + i));
  if ((BULK.has(name) || name === 'log') && wraps(fields.a + 1)) reach('an argument wraps');
  const [low, high] = [Number(fields.imm & MASK32), Number(fields.imm >> 32n)];
  const word = (field: number): number => Number(value(field) & MASK32);
  const given = immediate ? fields.imm : value(fields.b);
  const record = (): void => {
    const at = fp + fields.a + fields.b;
    if (at === SLOT_COUNT - 1) tell('record in the last slot');
    if (at === SLOT_COUNT) tell('record behind the last slot');
  };
  switch (name) {
    case 'jump':
      if (low === state.instructions) tell('to the end of the code');
      if (low === 2 ** 32 - 1) tell('to 2^32 - 1');
      return;
    case 'br_if':
    case 'br_if_zero':
      tell((word(fields.b) !== 0) === (name === 'br_if') ? 'taken' : 'not taken');
      return;
    case 'br_table': {
      const index = word(fields.b);
      if (low === 0) tell('a count of 0');
      if (index === 2 ** 32 - 1) tell('2^32 - 1');
      tell(index < low ? 'below the count' : index === low ? 'the count' : 'above the count');
      return;
    }
    case 'call':
      record();
      return;
    case 'table_get': {
      const index = word(fields.b);
      if (index === low) tell('the size');
      if (index >= low) return;
      if (high + index >= state.instructions) tell('beyond the code');
      else if (index === 0) tell('the first entry');
      if (index === low - 1) tell('the last entry');
      return;
    }
    case 'call_indirect': {
      const type = Number(value(fields.c) >> 32n);
      if (type === NULL_TYPE && low === NULL_TYPE) tell('an empty entry');
      else if (type === low) record();
      return;
    }
    case 'return': {
      const distance = word(fields.b);
      if (distance === 0) tell('distance 0');
      if (distance === fp) tell('distance fp');
      if (distance === fp + 1) tell('distance fp + 1');
      return;
    }
    case 'enter':
      if (low === 0) tell('0 slots');
      if (fp + low === SLOT_COUNT) tell('up to the last slot');
      if (fp + low === SLOT_COUNT + 1) tell('one slot too many');
      if (low === 2 ** 32 - 1) tell('2^32 - 1 slots');
      return;
    case 'select':
      tell(word(Number(fields.imm & 0xffffn)) !== 0 ? 'if non-zero' : 'if zero');
      return;
    case 'global_get':
    case 'global_set': {
      const slot = name === 'global_get' ? fields.b : fields.a;
      if (slot === 0) tell('the first slot');
      if (slot === SLOT_COUNT - 1) tell('the last slot');
      return;
    }
    case 'memory_grow':
      tellGrow(state, given, tell);
      return;
    case 'random':
      if (args[0] === 0n) tell('0');
      if (args[0] === 2n ** 64n - 1n) tell('2^64 - 1');
      return;
    case 'exit':
      for (const code of [0, 255, 256]) if (Number(args[0]! & MASK32) === code) tell(String(code));
      return;
    case 'log': {
      const [start, size] = args.map((each) => Number(each & MASK32)) as [number, number];
      tell(start + size <= state.memory.length ? 'within memory' : 'beyond memory');
      if (size === 2 ** 32 - 1) tell('2^32 - 1 bytes');
      return;
    }
  }
  if (shape === 'bulk' || shape === 'memoryInit' || shape === 'host') tellBulk(state, name, args, high, low, tell);
}

function tellEdges(
  instruction: Instruction,
  fields: Fields,
  immediate: boolean,
  value: (field: number) => bigint,
  tell: Reach,
): void {
  const type = operandType(instruction);
  if (type === undefined) return;
  const mask = type.endsWith('32') ? MASK32 : 2n ** 64n - 1n;
  const binary = instruction.shape === 'binary';
  const sides: readonly (readonly [string, bigint])[] = [
    ...(binary ? [['left', value(fields.b)] as const] : []),
    immediate
      ? [sidesOf(instruction).at(-1)!, fields.imm]
      : binary
        ? ['right', value(fields.c)]
        : ['operand', value(fields.b)],
  ];
  for (const edge of edgesOf(instruction))
    for (const [side, bits] of sides) if ((bits & mask) === edge.bits) tell(`${side} is ${edge.name}`);
}

function tellAccess(
  state: State,
  name: string,
  { b, imm }: Fields,
  immediate: boolean,
  value: (field: number) => bigint,
  tell: Reach,
): void {
  const bytes = Number(/\d+/.exec(name)![0]) / 8;
  const base = value(b) & MASK32;
  const isStore = name.startsWith('store');
  const address = Number(isStore && immediate ? base + (imm >> 32n) : immediate ? imm : base + imm);
  const end = address + bytes;
  const size = state.memory.length;
  if (address === 0) tell('the first byte');
  if (end === size) tell('the last bytes');
  if (end === size + 1) tell('one byte too far');
  if (end <= size && (address % LEAF_BYTES) + bytes > LEAF_BYTES) tell('over a leaf border');
  if (address >= 2 ** 32) tell('beyond 2^32');
}

function tellGrow(state: State, given: bigint, tell: Reach): void {
  const by = Number(given & MASK32);
  const pages = state.memory.length / 65536;
  const { pagesMax } = state.program.header;
  if (by === 0) tell('by 0');
  if (by > 0 && pages + by === pagesMax) tell('up to pagesMax');
  if (pages + by === pagesMax + 1) tell('one page too many');
  if (by === 2 ** 32 - 1) tell('by 2^32 - 1');
  if (pagesMax === 0) tell('pagesMax 0');
  if (given > MASK32 && pages + by <= pagesMax) tell('only the low half counts');
}

function tellBulk(state: State, name: string, args: readonly bigint[], high: number, low: number, tell: Reach): void {
  const [first, second, third] = args.map((each) => Number(each & MASK32)) as [number, number, number];
  const { inputs } = state.request;
  switch (name) {
    case 'memory_fill':
      tellSpan(state, first, third, tell);
      tellLeaves(first, third, tell);
      return;
    case 'memory_copy':
      tellSpan(state, first, third, (edge) => tell(`target: ${edge}`));
      tellSpan(state, second, third, (edge) => tell(`source: ${edge}`));
      if (Math.max(first, second) + third > state.memory.length) return;
      tellLeaves(first, third, tell);
      if (first === second) tell('onto itself');
      if (first < second && second < first + third) tell('forward over itself');
      if (second < first && first < second + third) tell('backward over itself');
      if ((first - second) % LEAF_BYTES !== 0) tell('alignments differ');
      return;
    case 'memory_init': {
      tellSpan(state, first, third, tell);
      tellLeaves(first, third, tell);
      const length = Number(state.slots[high % SLOT_COUNT]!);
      const end = low + second + third;
      const most = state.program.data.length;
      if (second + third === length && end <= most) tell('up to the length');
      if (second + third === length + 1 && end <= most) tell('one byte above the length');
      if (second + third <= length && end === most && third > 0) tell('up to the end of the data');
      if (second + third <= length && end > most) tell('beyond the data');
      return;
    }
    case 'dot_i8': {
      const n = Number(args[3]! & MASK32);
      tellSpan(state, second, n, (edge) => tell(`left: ${edge}`));
      tellSpan(state, third, n, (edge) => tell(`right: ${edge}`));
      if (Math.max(second, third) + n > state.memory.length) return;
      tellLeaves(second, n, tell);
      if (second === third) tell('left is right');
      if ((second - third) % LEAF_BYTES !== 0) tell('alignments differ');
      if (n % 8 !== 0) tell('a length that is no multiple of 8');
      return;
    }
    case 'input_size':
      if (first === inputs.length - 1) tell('the last input');
      if (first === inputs.length) tell('one behind it');
      if (first === 2 ** 32 - 1) tell('index 2^32 - 1');
      return;
    case 'input_read': {
      const size = Number(args[3]! & MASK32);
      const offset = args[2]!;
      tellSpan(state, first, size, tell);
      if (first + size > state.memory.length) return;
      tellLeaves(first, size, tell);
      const length = inputs[second]?.length;
      if (length === undefined) return;
      const end = offset + BigInt(size);
      if (end === BigInt(length)) tell(size === 0 ? '0 bytes at the end of the input' : 'up to the end of the input');
      if (end === BigInt(length) + 1n) tell('one byte beyond the input');
      if (offset > 2n ** 53n) tell('an offset above 2^53');
      if (end >= 2n ** 64n) tell('offset and size above 2^64');
      if (length === 0) tell('an empty input');
      return;
    }
    case 'output_write':
      tellSpan(state, first, second, tell);
      if (first + second > state.memory.length) return;
      tellLeaves(first, second, tell);
      if (state.outputLength % LEAF_BYTES !== 0) tell('an output that ends within a leaf');
      if (state.outputLength + second > MAX_OUTPUT_BYTES) tell('above 64 MiB');
  }
}

function tellSpan(state: State, address: number, n: number, tell: Reach): void {
  const size = state.memory.length;
  if (n === 0 && address === size) tell('0 bytes at the end');
  if (n === 0 && address > size) tell('0 bytes beyond the end');
  if (n > 0 && address + n === size) tell('up to the end');
  if (n > 0 && address + n === size + 1) tell('one byte too many');
  if (n >= 2 ** 31) tell('2^31 bytes');
}

function tellLeaves(address: number, n: number, tell: Reach): void {
  const start = address % LEAF_BYTES;
  if (start === 0 && n > 0) tell('from a leaf border');
  if (n > 0 && (start + n) % LEAF_BYTES === 0) tell('to a leaf border');
  if (start + n > LEAF_BYTES) tell('over a leaf border');
}
