// docs/vm.md#checks: what the raw fuzz is to reach: each instruction, each of its faults, its edges, and the limits of a header.
import {
  IMMEDIATE_BIT,
  INSTRUCTIONS,
  type Instruction,
  MEMORY_PAGES_MAX,
  type OpName,
  SHAPES,
  SLOT_COUNT,
} from '../../protocol/isa.ts';
import { edgesOf } from './raw-edges.ts';

const SPAN = 'memory access out of bounds';
const DEPTH = 'The calls are nested too deeply.';
const ZERO = 'divide by zero';
const OVERFLOW = 'divide result unrepresentable';
const NAN = 'invalid conversion of NaN to integer';
const RANGE = 'float unrepresentable in integer range';
const SEGMENT = 'data segment is out of bounds';
const NO_INPUT = 'there is no input #';
const MISMATCH = 'null function or function signature mismatch';

/** The faults of an instruction by what the reference machine says, numbers left out. */
function faultsOf({ name, shape, effect }: Instruction): readonly string[] {
  if (name in FAULTS) return FAULTS[name]!;
  if (shape === 'load' || shape === 'store') return [SPAN];
  if (/_div_s$/.test(name)) return [ZERO, OVERFLOW];
  if (/^i.*_div_u$/.test(name)) return [ZERO];
  if (/_rem_/.test(name)) return ['remainder by zero'];
  return effect === 'truncate' ? [NAN, RANGE] : [];
}

const FAULTS: Readonly<Partial<Record<OpName, readonly string[]>>> = {
  trap: ['unreachable'],
  entry: ['a table entry was executed'],
  call: [DEPTH],
  table_get: ['table index is out of bounds', 'no table entry'],
  call_indirect: [MISMATCH, DEPTH],
  return: ['no such caller'],
  enter: [DEPTH],
  memory_fill: [SPAN],
  memory_copy: [SPAN],
  memory_init: [SPAN, SEGMENT],
  dot_i8: [SPAN],
  input_size: [NO_INPUT],
  input_read: [SPAN, NO_INPUT, 'beyond the end of the input'],
  output_write: [SPAN, 'The output is too long.'],
};

/** Only a kernel may: what they do for it is the matter of step-cases.test.ts and kernel-step.test.ts. */
export const KERNEL_ONLY = new Set<OpName>(['preimage', 'exec', 'ecrecover', 'commit']);
export const BULK = new Set<OpName>([
  'memory_fill',
  'memory_copy',
  'memory_init',
  'dot_i8',
  'input_read',
  'output_write',
]);
/** Beside those whose price is above 1. */
const DEBT_BY_OPERAND = new Set<OpName>(['enter', 'memory_grow']);

const SPANS = ['0 bytes at the end', '0 bytes beyond the end', 'up to the end', 'one byte too many', '2^31 bytes'];
const LEAVES = ['from a leaf border', 'to a leaf border', 'over a leaf border'];
const ACCESS = ['the first byte', 'the last bytes', 'one byte too far', 'beyond 2^32'];

const EDGES: Readonly<Partial<Record<OpName, readonly string[]>>> = {
  jump: ['to the end of the code', 'to 2^32 - 1'],
  br_if: ['taken', 'not taken'],
  br_if_zero: ['taken', 'not taken'],
  br_table: ['below the count', 'the count', 'above the count', '2^32 - 1', 'a count of 0'],
  call: ['record in the last slot', 'record behind the last slot'],
  table_get: ['the first entry', 'the last entry', 'the size', 'beyond the code'],
  call_indirect: ['an empty entry', 'record in the last slot', 'record behind the last slot'],
  return: ['distance 0', 'distance fp', 'distance fp + 1'],
  enter: ['0 slots', 'up to the last slot', 'one slot too many', '2^32 - 1 slots'],
  select: ['if non-zero', 'if zero'],
  global_get: ['the first slot', 'the last slot'],
  global_set: ['the first slot', 'the last slot'],
  memory_grow: ['by 0', 'up to pagesMax', 'one page too many', 'by 2^32 - 1', 'pagesMax 0', 'only the low half counts'],
  memory_fill: [...SPANS, ...LEAVES],
  memory_copy: [
    ...SPANS.flatMap((edge) => [`target: ${edge}`, `source: ${edge}`]),
    ...LEAVES,
    'onto itself',
    'forward over itself',
    'backward over itself',
    'alignments differ',
  ],
  memory_init: [
    ...SPANS,
    ...LEAVES,
    'up to the length',
    'one byte above the length',
    'up to the end of the data',
    'beyond the data',
  ],
  dot_i8: [
    ...SPANS.flatMap((edge) => [`left: ${edge}`, `right: ${edge}`]),
    ...LEAVES,
    'left is right',
    'alignments differ',
    'a length that is no multiple of 8',
  ],
  input_size: ['the last input', 'one behind it', 'index 2^32 - 1'],
  input_read: [
    ...SPANS,
    ...LEAVES,
    'up to the end of the input',
    'one byte beyond the input',
    '0 bytes at the end of the input',
    'an offset above 2^53',
    'offset and size above 2^64',
    'an empty input',
  ],
  output_write: [...SPANS, ...LEAVES, 'an output that ends within a leaf', 'above 64 MiB'],
  random: ['0', '2^64 - 1'],
  log: ['within memory', 'beyond memory', '2^32 - 1 bytes'],
  exit: ['0', '255', '256'],
};

const ANYWHERE = [
  'undefined instruction',
  'immediate bit on an instruction that takes none',
  'pc at the end of the code',
  'pc far beyond the code',
  'slot a wraps',
  'slot b wraps',
  'slot c wraps',
  'an argument wraps',
  'gas: none at all',
  'gas: ends at an instruction',
  'gas: ends exactly with the program',
];

const HEADER: readonly (readonly [string, (numbers: HeaderNumbers) => boolean])[] = [
  ['globals 0', ({ globals }) => globals === 0],
  ['globals 1', ({ globals }) => globals === 1],
  ['globals of one leaf', ({ globals }) => globals === 16],
  ['globals of one leaf and one', ({ globals }) => globals === 17],
  ['globals 65,535', ({ globals }) => globals === SLOT_COUNT - 1],
  ['a last global that is not 0', ({ globals, lastSlot }) => globals > 1 && lastSlot !== 0n],
  ['no pages', ({ pagesMax }) => pagesMax === 0],
  ['no first pages', ({ pagesInitial, pagesMax }) => pagesInitial === 0 && pagesMax > 0],
  ['pagesInitial is pagesMax', ({ pagesInitial, pagesMax }) => pagesInitial === pagesMax && pagesMax > 0],
  ['pagesMax 16,384', ({ pagesMax }) => pagesMax === MEMORY_PAGES_MAX],
  ['more than 64 MiB of memory', ({ pagesInitial }) => pagesInitial > 1024],
  ['one instruction', ({ instructions }) => instructions === 1],
  ['code of whole leaves', ({ instructions }) => instructions % 8 === 0],
  ['code that ends within a leaf', ({ instructions }) => instructions > 8 && instructions % 8 !== 0],
  ['no image', ({ memory }) => memory === 0],
  ['an image of one byte', ({ memory }) => memory === 1],
  ['an image of whole leaves', ({ memory }) => memory > 0 && memory % 128 === 0],
  ['an image of all first pages', ({ memory, pagesInitial }) => memory > 0 && memory === pagesInitial * 65536],
  ['no data', ({ data }) => data === 0],
  ['data of one byte', ({ data }) => data === 1],
  ['data of one leaf', ({ data }) => data === 128],
  ['data of one leaf and one byte', ({ data }) => data === 129],
  ['no inputs', ({ inputs }) => inputs.length === 0],
  ['an empty input', ({ inputs }) => inputs.includes(0)],
  ['an input of one leaf', ({ inputs }) => inputs.includes(128)],
  ['33 inputs', ({ inputs }) => inputs.length === 33],
  ['the last timestamp', ({ timestampNs }) => timestampNs === 2n ** 64n - 1n],
];

export type HeaderNumbers = {
  readonly globals: number;
  readonly lastSlot: bigint;
  readonly pagesInitial: number;
  readonly pagesMax: number;
  readonly instructions: number;
  readonly memory: number;
  readonly data: number;
  readonly inputs: readonly number[];
  readonly timestampNs: bigint;
};

export function headerGoals(numbers: HeaderNumbers): string[] {
  return HEADER.filter(([, holds]) => holds(numbers)).map(([name]) => `header: ${name}`);
}

/** Whether the price of the instruction is above 1, for some operands at least. */
export function makesDebt({ name, gas }: Instruction): boolean {
  return gas > 1 || DEBT_BY_OPERAND.has(name);
}

/** A truncation has edges that fault, of which a program ends: its operand is the immediate or not, as it comes. */
export function sidesOf({ shape, effect }: Instruction): readonly string[] {
  if (shape === 'binary') return ['left', 'right', 'immediate'];
  return effect === 'truncate' ? ['operand'] : ['operand', 'immediate'];
}

function accessEdges(name: OpName): readonly string[] {
  return /8/.test(name) ? ACCESS : [...ACCESS, 'over a leaf border'];
}

function goalsOf(instruction: Instruction): string[] {
  const { name, shape } = instruction;
  if (KERNEL_ONLY.has(name)) return [`${name}: called by a program`];
  const sides = sidesOf(instruction);
  return [
    ...(name === 'trap' || name === 'entry' ? [] : [name]),
    ...(SHAPES[shape].immediate ? [`${name}: with an immediate`] : []),
    ...faultsOf(instruction).map((fault) => `${name}: fault: ${fault}`),
    ...edgesOf(instruction).flatMap((edge) => sides.map((side) => `${name}: ${side} is ${edge.name}`)),
    ...(shape === 'load' || shape === 'store' ? accessEdges(name) : (EDGES[name] ?? [])).map(
      (edge) => `${name}: ${edge}`,
    ),
    ...(makesDebt(instruction) ? [`gas: ends in the debt of ${name}`] : []),
    ...(BULK.has(name) ? [`gas: ends between two leaves of ${name}`] : []),
  ];
}

/** Everything that a generator is to reach, in the order of the instructions. */
export const GOALS: readonly string[] = [
  ...INSTRUCTIONS.flatMap(goalsOf),
  ...ANYWHERE,
  ...HEADER.map(([name]) => `header: ${name}`),
];

/** The words of an instruction that is not defined, or whose immediate bit is wrong; undefined if it is fine. */
export function wrongWord(word: number, instruction: Instruction | undefined): string | undefined {
  if (instruction === undefined) return 'undefined instruction';
  const immediate = (word & IMMEDIATE_BIT) !== 0;
  return immediate && !SHAPES[instruction.shape].immediate
    ? 'immediate bit on an instruction that takes none'
    : undefined;
}
