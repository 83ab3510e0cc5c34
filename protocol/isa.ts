// docs/vm.md#code: the instruction table with the price of each instruction; docs/isa.md is generated from here.
import { KEEP_BYTE_GAS, PAGE_GAS } from './constants.ts';

/** `op u16 ‖ a u16 ‖ b u16 ‖ c u16 ‖ imm u64`, big-endian. */
export const INSTRUCTION_BYTES = 16;
/** Set in `op`: the last source operand is `imm` and not a slot. */
export const IMMEDIATE_BIT = 0x8000;
/** Slots of the slot region (globals first, then frames); slot addresses wrap at this number. */
export const SLOT_COUNT = 65536;
/** Depth of the slot region's tree: 16 slots to a leaf of 128 bytes. */
export const SLOT_TREE_DEPTH = 12;
/** Largest frame of one function, in slots; a larger one is refused at load. */
export const FRAME_SLOTS_MAX = 32768;
/** Largest linear memory of this version, in pages of 64 KiB. */
export const MEMORY_PAGES_MAX = 16384;
/** Type field of a function table entry that holds no function. */
export const NULL_TYPE = 0xffffffff;

/** A family is a contract of the one-step verifier; `family = op >> 7`. */
export const FAMILIES = ['control', 'integer', 'float', 'memory', 'host'] as const;
export type Family = (typeof FAMILIES)[number];
const FAMILY_SHIFT = 7;

/** What the fields of an instruction mean. `slot x` reads or writes slot `fp + x`. */
export const SHAPES = {
  none: { a: '', b: '', c: '', imm: '', immediate: false },
  jump: { a: '', b: '', c: '', imm: 'target pc', immediate: false },
  branch: { a: '', b: 'condition', c: '', imm: 'target pc', immediate: false },
  brTable: { a: '', b: 'index', c: '', imm: 'count', immediate: false },
  call: { a: 'new frame', b: 'record (field)', c: '', imm: 'target pc', immediate: false },
  tableGet: { a: 'result', b: 'index', c: '', imm: 'base u32 ‖ size u32', immediate: false },
  callIndirect: { a: 'new frame', b: 'record (field)', c: 'entry', imm: 'type', immediate: false },
  return: { a: '', b: 'record', c: '', imm: '', immediate: false },
  enter: { a: '', b: '', c: '', imm: 'slots', immediate: false },
  entry: { a: '', b: '', c: '', imm: 'type u32 ‖ target u32', immediate: false },
  unary: { a: 'result', b: 'operand', c: '', imm: 'operand', immediate: true },
  binary: { a: 'result', b: 'left', c: 'right', imm: 'right', immediate: true },
  select: { a: 'result', b: 'if non-zero', c: 'if zero', imm: 'condition (slot)', immediate: false },
  globalGet: { a: 'result', b: 'absolute slot', c: '', imm: '', immediate: false },
  globalSet: { a: 'absolute slot', b: 'operand', c: '', imm: 'operand', immediate: true },
  load: { a: 'result', b: 'base', c: '', imm: 'offset; with the immediate bit the whole address', immediate: true },
  store: {
    a: '',
    b: 'base',
    c: 'value',
    imm: 'offset; with the immediate bit offset u32 ‖ value i32, sign-extended',
    immediate: true,
  },
  result: { a: 'result', b: '', c: '', imm: '', immediate: false },
  bulk: { a: 'first of the argument slots', b: '', c: '', imm: '', immediate: false },
  memoryInit: {
    a: 'first of the argument slots',
    b: '',
    c: '',
    imm: 'length slot u32 ‖ data offset u32',
    immediate: false,
  },
  host: { a: 'first of the argument slots, and the result', b: '', c: '', imm: '', immediate: false },
} as const;
export type Shape = keyof typeof SHAPES;

type Row = readonly [name: string, shape: Shape, effect: string, faults?: string];

const CONTROL = [
  ['trap', 'none', 'faults', 'always'],
  ['jump', 'jump', 'pc = imm'],
  ['br_if', 'branch', 'pc = imm if the low 32 bits of slot b are not 0'],
  ['br_if_zero', 'branch', 'pc = imm if the low 32 bits of slot b are 0'],
  ['br_table', 'brTable', 'pc += 1 + min(low 32 bits of slot b, imm); a jump stands there'],
  ['call', 'call', 'slot a+b = (pc+1) u32 ‖ a u32; fp += a; pc = imm', 'fp + a + b >= 65536'],
  ['table_get', 'tableGet', 'slot a = imm of the entry at base + slot b', 'slot b >= size; no entry stands there'],
  [
    'call_indirect',
    'callIndirect',
    'as call, to the low 32 bits of slot c',
    'the high 32 bits of slot c are not imm, or are 2^32 - 1; as call',
  ],
  ['return', 'return', 'pc = slot b >> 32; fp -= low 32 bits of slot b', 'the low 32 bits exceed fp'],
  ['enter', 'enter', 'first instruction of a function', 'fp + imm > 65536'],
  ['entry', 'entry', 'an element of the function table; read by table_get', 'when executed'],
  ['halt', 'none', 'ends the run with code 0'],
  ['mov', 'unary', 'a = b'],
  ['select', 'select', 'a = slot imm (low 32 bits) is not 0 ? b : c'],
  ['global_get', 'globalGet', 'slot a = absolute slot b'],
  ['global_set', 'globalSet', 'absolute slot a = b'],
] as const satisfies readonly Row[];

const DIVIDE = 'right is 0; the quotient overflows';
const REMAINDER = 'right is 0';

const INTEGER = [
  ['i32_clz', 'unary', 'leading zeros'],
  ['i32_ctz', 'unary', 'trailing zeros'],
  ['i32_popcnt', 'unary', 'one bits'],
  ['i32_add', 'binary', 'b + c'],
  ['i32_sub', 'binary', 'b - c'],
  ['i32_mul', 'binary', 'b * c'],
  ['i32_div_s', 'binary', 'b / c, signed', DIVIDE],
  ['i32_div_u', 'binary', 'b / c, unsigned', REMAINDER],
  ['i32_rem_s', 'binary', 'b rem c, signed', REMAINDER],
  ['i32_rem_u', 'binary', 'b rem c, unsigned', REMAINDER],
  ['i32_and', 'binary', 'b & c'],
  ['i32_or', 'binary', 'b | c'],
  ['i32_xor', 'binary', 'b ^ c'],
  ['i32_shl', 'binary', 'b << (c mod 32)'],
  ['i32_shr_s', 'binary', 'b >> (c mod 32), signed'],
  ['i32_shr_u', 'binary', 'b >> (c mod 32), unsigned'],
  ['i32_rotl', 'binary', 'b rotated left by c mod 32'],
  ['i32_rotr', 'binary', 'b rotated right by c mod 32'],
  ['i32_eqz', 'unary', 'b = 0'],
  ['i32_eq', 'binary', 'b = c'],
  ['i32_ne', 'binary', 'b != c'],
  ['i32_lt_s', 'binary', 'b < c, signed'],
  ['i32_lt_u', 'binary', 'b < c, unsigned'],
  ['i32_gt_s', 'binary', 'b > c, signed'],
  ['i32_gt_u', 'binary', 'b > c, unsigned'],
  ['i32_le_s', 'binary', 'b <= c, signed'],
  ['i32_le_u', 'binary', 'b <= c, unsigned'],
  ['i32_ge_s', 'binary', 'b >= c, signed'],
  ['i32_ge_u', 'binary', 'b >= c, unsigned'],
  ['i32_extend8_s', 'unary', 'low 8 bits, sign-extended'],
  ['i32_extend16_s', 'unary', 'low 16 bits, sign-extended'],
  ['i32_wrap_i64', 'unary', 'low 32 bits'],
  ['i64_clz', 'unary', 'leading zeros'],
  ['i64_ctz', 'unary', 'trailing zeros'],
  ['i64_popcnt', 'unary', 'one bits'],
  ['i64_add', 'binary', 'b + c'],
  ['i64_sub', 'binary', 'b - c'],
  ['i64_mul', 'binary', 'b * c'],
  ['i64_div_s', 'binary', 'b / c, signed', DIVIDE],
  ['i64_div_u', 'binary', 'b / c, unsigned', REMAINDER],
  ['i64_rem_s', 'binary', 'b rem c, signed', REMAINDER],
  ['i64_rem_u', 'binary', 'b rem c, unsigned', REMAINDER],
  ['i64_and', 'binary', 'b & c'],
  ['i64_or', 'binary', 'b | c'],
  ['i64_xor', 'binary', 'b ^ c'],
  ['i64_shl', 'binary', 'b << (c mod 64)'],
  ['i64_shr_s', 'binary', 'b >> (c mod 64), signed'],
  ['i64_shr_u', 'binary', 'b >> (c mod 64), unsigned'],
  ['i64_rotl', 'binary', 'b rotated left by c mod 64'],
  ['i64_rotr', 'binary', 'b rotated right by c mod 64'],
  ['i64_eqz', 'unary', 'b = 0'],
  ['i64_eq', 'binary', 'b = c'],
  ['i64_ne', 'binary', 'b != c'],
  ['i64_lt_s', 'binary', 'b < c, signed'],
  ['i64_lt_u', 'binary', 'b < c, unsigned'],
  ['i64_gt_s', 'binary', 'b > c, signed'],
  ['i64_gt_u', 'binary', 'b > c, unsigned'],
  ['i64_le_s', 'binary', 'b <= c, signed'],
  ['i64_le_u', 'binary', 'b <= c, unsigned'],
  ['i64_ge_s', 'binary', 'b >= c, signed'],
  ['i64_ge_u', 'binary', 'b >= c, unsigned'],
  ['i64_extend8_s', 'unary', 'low 8 bits, sign-extended'],
  ['i64_extend16_s', 'unary', 'low 16 bits, sign-extended'],
  ['i64_extend32_s', 'unary', 'low 32 bits, sign-extended; also i64.extend_i32_s'],
] as const satisfies readonly Row[];

const TRUNCATE = 'NaN; out of range';

const FLOAT = [
  ['f32_abs', 'unary', 'sign bit cleared'],
  ['f32_neg', 'unary', 'sign bit flipped'],
  ['f32_ceil', 'unary', 'round up'],
  ['f32_floor', 'unary', 'round down'],
  ['f32_trunc', 'unary', 'round to zero'],
  ['f32_nearest', 'unary', 'round to nearest, ties to even'],
  ['f32_sqrt', 'unary', 'square root'],
  ['f32_add', 'binary', 'b + c'],
  ['f32_sub', 'binary', 'b - c'],
  ['f32_mul', 'binary', 'b * c'],
  ['f32_div', 'binary', 'b / c'],
  ['f32_min', 'binary', 'minimum'],
  ['f32_max', 'binary', 'maximum'],
  ['f32_copysign', 'binary', 'b with the sign bit of c'],
  ['f32_eq', 'binary', 'b = c'],
  ['f32_ne', 'binary', 'b != c'],
  ['f32_lt', 'binary', 'b < c'],
  ['f32_gt', 'binary', 'b > c'],
  ['f32_le', 'binary', 'b <= c'],
  ['f32_ge', 'binary', 'b >= c'],
  ['f64_abs', 'unary', 'sign bit cleared'],
  ['f64_neg', 'unary', 'sign bit flipped'],
  ['f64_ceil', 'unary', 'round up'],
  ['f64_floor', 'unary', 'round down'],
  ['f64_trunc', 'unary', 'round to zero'],
  ['f64_nearest', 'unary', 'round to nearest, ties to even'],
  ['f64_sqrt', 'unary', 'square root'],
  ['f64_add', 'binary', 'b + c'],
  ['f64_sub', 'binary', 'b - c'],
  ['f64_mul', 'binary', 'b * c'],
  ['f64_div', 'binary', 'b / c'],
  ['f64_min', 'binary', 'minimum'],
  ['f64_max', 'binary', 'maximum'],
  ['f64_copysign', 'binary', 'b with the sign bit of c'],
  ['f64_eq', 'binary', 'b = c'],
  ['f64_ne', 'binary', 'b != c'],
  ['f64_lt', 'binary', 'b < c'],
  ['f64_gt', 'binary', 'b > c'],
  ['f64_le', 'binary', 'b <= c'],
  ['f64_ge', 'binary', 'b >= c'],
  ['i32_trunc_f32_s', 'unary', 'truncate', TRUNCATE],
  ['i32_trunc_f32_u', 'unary', 'truncate', TRUNCATE],
  ['i32_trunc_f64_s', 'unary', 'truncate', TRUNCATE],
  ['i32_trunc_f64_u', 'unary', 'truncate', TRUNCATE],
  ['i64_trunc_f32_s', 'unary', 'truncate', TRUNCATE],
  ['i64_trunc_f32_u', 'unary', 'truncate', TRUNCATE],
  ['i64_trunc_f64_s', 'unary', 'truncate', TRUNCATE],
  ['i64_trunc_f64_u', 'unary', 'truncate', TRUNCATE],
  ['i32_trunc_sat_f32_s', 'unary', 'truncate, saturating; NaN gives 0'],
  ['i32_trunc_sat_f32_u', 'unary', 'truncate, saturating; NaN gives 0'],
  ['i32_trunc_sat_f64_s', 'unary', 'truncate, saturating; NaN gives 0'],
  ['i32_trunc_sat_f64_u', 'unary', 'truncate, saturating; NaN gives 0'],
  ['i64_trunc_sat_f32_s', 'unary', 'truncate, saturating; NaN gives 0'],
  ['i64_trunc_sat_f32_u', 'unary', 'truncate, saturating; NaN gives 0'],
  ['i64_trunc_sat_f64_s', 'unary', 'truncate, saturating; NaN gives 0'],
  ['i64_trunc_sat_f64_u', 'unary', 'truncate, saturating; NaN gives 0'],
  ['f32_convert_i32_s', 'unary', 'nearest float, ties to even'],
  ['f32_convert_i32_u', 'unary', 'nearest float, ties to even'],
  ['f32_convert_i64_s', 'unary', 'nearest float, ties to even'],
  ['f32_convert_i64_u', 'unary', 'nearest float, ties to even'],
  ['f32_demote_f64', 'unary', 'nearest float, ties to even'],
  ['f64_convert_i32_s', 'unary', 'exact'],
  ['f64_convert_i32_u', 'unary', 'exact'],
  ['f64_convert_i64_s', 'unary', 'nearest float, ties to even'],
  ['f64_convert_i64_u', 'unary', 'nearest float, ties to even'],
  ['f64_promote_f32', 'unary', 'exact'],
] as const satisfies readonly Row[];

const OUT_OF_BOUNDS = 'out of bounds';

const MEMORY = [
  ['load8_u', 'load', '1 byte, zero-extended', OUT_OF_BOUNDS],
  ['load16_u', 'load', '2 bytes, zero-extended', OUT_OF_BOUNDS],
  ['load32_u', 'load', '4 bytes, zero-extended', OUT_OF_BOUNDS],
  ['load64', 'load', '8 bytes', OUT_OF_BOUNDS],
  ['load8_s32', 'load', '1 byte, sign-extended to 32 bits', OUT_OF_BOUNDS],
  ['load16_s32', 'load', '2 bytes, sign-extended to 32 bits', OUT_OF_BOUNDS],
  ['load8_s64', 'load', '1 byte, sign-extended to 64 bits', OUT_OF_BOUNDS],
  ['load16_s64', 'load', '2 bytes, sign-extended to 64 bits', OUT_OF_BOUNDS],
  ['load32_s64', 'load', '4 bytes, sign-extended to 64 bits', OUT_OF_BOUNDS],
  ['store8', 'store', 'low byte of the value', OUT_OF_BOUNDS],
  ['store16', 'store', 'low 2 bytes of the value', OUT_OF_BOUNDS],
  ['store32', 'store', 'low 4 bytes of the value', OUT_OF_BOUNDS],
  ['store64', 'store', '8 bytes of the value', OUT_OF_BOUNDS],
  ['memory_size', 'result', 'slot a = pages'],
  ['memory_grow', 'unary', 'a = pages before; pages += b; a = 2^32 - 1 and no change above pagesMax'],
  ['memory_fill', 'bulk', 'slots a.. = (dst, value, n): fills up to one leaf; repeats until n = 0', OUT_OF_BOUNDS],
  [
    'memory_copy',
    'bulk',
    'slots a.. = (dst, src, n): copies what lies in one leaf of dst and in one of src; repeats until n = 0',
    OUT_OF_BOUNDS,
  ],
  [
    'memory_init',
    'memoryInit',
    'slots a.. = (dst, src, n): copies from the data region what lies in one leaf of dst and in one of the region; repeats until n = 0',
    `${OUT_OF_BOUNDS}; src + n above the absolute length slot`,
  ],
  [
    'dot_i8',
    'host',
    '(sum, left, right, n) -> sum plus the products of signed bytes, modulo 2^32: takes what lies in one leaf of left and in one of right; repeats until n = 0',
    OUT_OF_BOUNDS,
  ],
] as const satisfies readonly Row[];

const HOST = [
  ['input_count', 'host', '() -> number of inputs'],
  ['input_size', 'host', '(index) -> bytes', 'no such input'],
  [
    'input_read',
    'host',
    '(dst, index, offset, n): copies what lies in one leaf of dst and in one of the input; repeats until n = 0',
    `no such input; ${OUT_OF_BOUNDS}`,
  ],
  [
    'output_write',
    'host',
    '(src, n): appends what lies in one leaf of the output and in one of src; repeats until n = 0',
    `output above 64 MiB; ${OUT_OF_BOUNDS}`,
  ],
  ['clock', 'host', '() -> ns since 1970'],
  ['random', 'host', '(counter) -> first 8 bytes of keccak256(0x04 ‖ seed ‖ counter)'],
  ['log', 'host', '(src, n): nothing'],
  ['exit', 'host', '(code): ends the run with code mod 256'],
  [
    'preimage',
    'host',
    '(hash, dst, done) -> length: copies up to one leaf; repeats until all is copied',
    'hash mod 32, dst mod 128 not 0; hash in the 1 KiB at dst; out of bounds; no such preimage',
  ],
  ['exec', 'host', '(request, result): runs a program', 'not leaf-aligned; out of bounds'],
  ['ecrecover', 'host', '(src, dst): address of a signature', 'src mod 128, dst mod 32 not 0; out of bounds'],
  ['commit', 'host', '(src): ends the run with code 0 and a new state leaf', 'not leaf-aligned; out of bounds'],
] as const satisfies readonly Row[];

/** A frame of so many slots costs `enter` one gas beyond its own: V8 writes zeros to all slots. */
export const FRAME_SLOTS_PER_GAS = 64;

// docs/vm.md#gas: prices as `npm run bench -- worst` measures them, at 20 ns a gas. An instruction that is not named
// costs 1; so do halting instructions.
const PRICES: { readonly [name in OpName]?: { readonly gas: number; readonly more?: string } } = {
  enter: { gas: 1, more: `imm / ${FRAME_SLOTS_PER_GAS}` },
  memory_grow: { gas: 64, more: `${PAGE_GAS} for each page that is added` },
  dot_i8: { gas: 2 },
  input_count: { gas: 8 },
  input_size: { gas: 8 },
  input_read: { gas: 48 },
  output_write: { gas: 32, more: `${KEEP_BYTE_GAS} for each byte that is appended` },
  clock: { gas: 8 },
  random: { gas: 128 },
  log: { gas: 512 },
  preimage: { gas: 256 },
  ecrecover: { gas: 75_000 },
};

export type OpName =
  | (typeof CONTROL)[number][0]
  | (typeof INTEGER)[number][0]
  | (typeof FLOAT)[number][0]
  | (typeof MEMORY)[number][0]
  | (typeof HOST)[number][0];

export type Instruction = {
  readonly op: number;
  readonly name: OpName;
  readonly family: Family;
  readonly shape: Shape;
  readonly effect: string;
  /** When the instruction faults; empty if it never does. */
  readonly faults: string;
  /** Gas of each execution, repetitions included. */
  readonly gas: number;
  /** What the work of the instruction adds to its gas; empty if nothing. */
  readonly moreGas: string;
};

const ROWS: readonly (readonly Row[])[] = [CONTROL, INTEGER, FLOAT, MEMORY, HOST];

export const INSTRUCTIONS: readonly Instruction[] = ROWS.flatMap((rows, family) =>
  rows.map(([name, shape, effect, faults], index) => ({
    op: (family << FAMILY_SHIFT) + index,
    name: name as OpName,
    family: FAMILIES[family]!,
    shape,
    effect,
    faults: faults ?? '',
    gas: PRICES[name as OpName]?.gas ?? 1,
    moreGas: PRICES[name as OpName]?.more ?? '',
  })),
);

/** Instruction numbers by name. */
export const OP = Object.fromEntries(INSTRUCTIONS.map(({ name, op }) => [name, op])) as Record<OpName, number>;

const byOp = new Map(INSTRUCTIONS.map((instruction) => [instruction.op, instruction]));

const prices = Uint32Array.from({ length: FAMILIES.length << FAMILY_SHIFT }, (_, op) => byOp.get(op)?.gas ?? 1);

/** Gas of an instruction, with or without the immediate bit, without what depends on its operands. */
export function gasOf(op: number): number {
  return prices[op & ~IMMEDIATE_BIT] ?? 1;
}

/** Gas that `enter` of a frame of so many slots costs beyond its own. */
export function frameGas(slots: number): number {
  return Math.floor(slots / FRAME_SLOTS_PER_GAS);
}

/**
 * The instruction with number `op` (without the immediate bit). If there is none it is undefined, and executing `op`
 * faults.
 */
export function instructionOf(op: number): Instruction | undefined {
  return byOp.get(op);
}
