// docs/isa.md#integer, docs/isa.md#float: results of single instructions on edge operands, as V8's WebAssembly has them.
import { INSTRUCTIONS, type Instruction } from '../../protocol/isa.ts';

export type NumberType = 'i32' | 'i64' | 'f32' | 'f64';
export type OpSignature = { readonly operand: NumberType; readonly result: NumberType; readonly code: number[] };

/** What one instruction gives for each pair of operands: 9 bytes a case, the first one 1 if it faults. */
export type OpVectors = {
  /** Operands of unary instructions. */
  readonly values: Record<NumberType, string[]>;
  /** Operands of binary ones: each with each. */
  readonly pairs: Record<NumberType, string[]>;
  readonly ops: number[];
  readonly results: string[];
};

const CANONICAL = { f32: 0x7fc00000n, f64: 0x7ff8000000000000n } as const;
const RANDOM_OPERANDS = 12;
const RANDOM_PAIR_OPERANDS = 4;

const INTEGER_EDGES = [0n, 1n, 2n, 3n, 7n, 0x7fn, 0x80n, 0xffn, 0x8000n, 0xffffn];
const I32_EDGES = [...INTEGER_EDGES, 31n, 32n, 33n, 0x7fffffffn, 0x80000000n, 0x80000001n, 0xfffffffen, 0xffffffffn];
const I64_EDGES = [
  ...INTEGER_EDGES,
  ...[63n, 64n, 65n, 0xffffffffn, 0x100000000n, 0x7fffffffffffffffn, 0x8000000000000000n, 0x8000000000000001n],
  ...[0x1fffffffffffff7fn, 0x20000000000001n, 0x8000008000000001n, 0xfffffffffffffbffn, 0xfffffffffffffffen],
  ...[0xffffffff80000000n, 0x40000040000001n, 0xffffff8000000000n, 0xffffffffffffffffn],
];
// Without sign: zero, subnormals, the first normal numbers, about one, ties, ends of the integer types, the largest, infinity, NaNs.
const F32_EDGES = [
  ...[0x0n, 0x1n, 0x3fffffn, 0x7fffffn, 0x800000n, 0x800001n, 0x3effffffn, 0x3f000000n, 0x3f000001n, 0x3f7fffffn],
  ...[0x3f800000n, 0x3f800001n, 0x3fc00000n, 0x40200000n, 0x4b000001n, 0x4b800000n, 0x4effffffn, 0x4f000000n],
  ...[0x4f7fffffn, 0x4f800000n, 0x5effffffn, 0x5f000000n, 0x5f7fffffn, 0x5f800000n, 0x7f7fffffn, 0x7f800000n],
  ...[0x7f800001n, 0x7fc00000n, 0x7fc12345n],
];
const F64_EDGES = [
  ...[0x0n, 0x1n, 0xfffffffffffffn, 0x10000000000000n, 0x36a0000000000000n, 0x36a0000000000001n, 0x380fffffe0000000n],
  ...[0x3810000000000000n, 0x3fdfffffffffffffn, 0x3fe0000000000000n, 0x3fefffffffffffffn, 0x3ff0000000000000n],
  ...[0x3ff0000000000001n, 0x3ff8000000000000n, 0x3ff0000010000000n, 0x3ff0000010000001n, 0x4004000000000000n],
  ...[0x41dfffffffffffffn, 0x41dfffffffc00000n, 0x41e0000000000000n, 0x41e0000000100000n, 0x41e0000000200000n],
  ...[0x41efffffffe00000n, 0x41f0000000000000n, 0x4330000000000001n, 0x43dfffffffffffffn, 0x43e0000000000000n],
  ...[0x43efffffffffffffn, 0x43f0000000000000n, 0x47efffffe0000000n, 0x47effffff0000000n, 0x7fefffffffffffffn],
  ...[0x7ff0000000000000n, 0x7ff0000000000001n, 0x7ff8000000000000n, 0x7ff8000012345678n],
];

const random = createRandom(0x6d697a75n);

const VALUES: Record<NumberType, readonly bigint[]> = {
  i32: [...I32_EDGES, ...draw(32, RANDOM_OPERANDS)],
  i64: [...I64_EDGES, ...draw(64, RANDOM_OPERANDS)],
  f32: [...withSign(F32_EDGES, 32), ...draw(32, RANDOM_OPERANDS)],
  f64: [...withSign(F64_EDGES, 64), ...draw(64, RANDOM_OPERANDS)],
};

const I_PAIRS = [0n, 1n, 2n, 7n];
// Zero, subnormals, the first normal number, about one, ties, large, infinity, NaN.
const F32_PAIRS = [0x0n, 0x1n, 0x7fffffn, 0x800000n, 0x33800000n, 0x3f7fffffn, 0x3f800000n, 0x3f800001n, 0x3fc00000n];
const F64_PAIRS = [0x0n, 0x1n, 0xfffffffffffffn, 0x10000000000000n, 0x3ca0000000000000n, 0x3fefffffffffffffn];

const PAIRS: Record<NumberType, readonly bigint[]> = {
  i32: [
    ...I_PAIRS,
    31n,
    32n,
    33n,
    0x7fffffffn,
    0x80000000n,
    0x80000001n,
    0xffffffffn,
    ...draw(32, RANDOM_PAIR_OPERANDS),
  ],
  i64: [
    ...[...I_PAIRS, 63n, 64n, 65n, 0xffffffffn, 0x7fffffffffffffffn, 0x8000000000000000n, 0x8000000000000001n],
    ...[0xffffffffffffffffn, ...draw(64, RANDOM_PAIR_OPERANDS)],
  ],
  f32: [
    ...withSign([...F32_PAIRS, 0x4b800001n, 0x7f7fffffn, 0x7f800000n, 0x7fc12345n], 32),
    ...draw(32, RANDOM_PAIR_OPERANDS),
  ],
  f64: [
    ...withSign([...F64_PAIRS, 0x3ff0000000000000n, 0x3ff0000000000001n, 0x3ff8000000000000n], 64),
    ...withSign([0x4340000000000001n, 0x7fefffffffffffffn, 0x7ff0000000000000n, 0x7ff8000012345678n], 64),
    ...draw(64, RANDOM_PAIR_OPERANDS),
  ],
};

export function createOpVectors(): OpVectors {
  const instructions = INSTRUCTIONS.filter(({ family }) => family === 'integer' || family === 'float');
  return {
    values: hexed(VALUES),
    pairs: hexed(PAIRS),
    ops: instructions.map(({ op }) => op),
    results: instructions.map((instruction) => `0x${evaluateAll(instruction)}`),
  };
}

function evaluateAll(instruction: Instruction): string {
  const signature = signatureOf(instruction.name);
  const evaluate = compile(signature, instruction.shape === 'binary');
  if (instruction.shape === 'unary') return VALUES[signature.operand].map((x) => evaluate(x, 0n)).join('');
  const values = PAIRS[signature.operand];
  return values.flatMap((x) => values.map((y) => evaluate(x, y))).join('');
}

/** One function, bits in and bits out, so that no JavaScript number touches a NaN. */
function compile({ operand, result, code }: OpSignature, binary: boolean): (x: bigint, y: bigint) => string {
  const body = [0x20, 0, ...fromBits(operand), ...(binary ? [0x20, 1, ...fromBits(operand)] : [])];
  body.push(...code, ...toBits(result), 0x0b);
  const bytes = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 7, 1, 0x60, 2, 0x7e, 0x7e, 1, 0x7e],
    ...[3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0],
    ...[10, body.length + 3, 1, body.length + 1, 0, ...body],
  ]);
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as {
    f: (x: bigint, y: bigint) => bigint;
  };
  const canonical = [0x8b, 0x8c, 0x98, 0x99, 0x9a, 0xa6].includes(code[0] as number) ? undefined : result;
  return (x, y) => {
    try {
      const bits = BigInt.asUintN(64, f(x, y));
      return `00${(isNaNBits(bits, canonical) ? CANONICAL[canonical as 'f32' | 'f64'] : bits).toString(16).padStart(16, '0')}`;
    } catch (thrown) {
      if (!(thrown instanceof WebAssembly.RuntimeError)) throw thrown;
      return `01${'0'.repeat(16)}`;
    }
  };
}

function isNaNBits(bits: bigint, type: NumberType | undefined): boolean {
  if (type === 'f32') return (bits & 0x7fffffffn) > 0x7f800000n;
  return type === 'f64' && (bits & 0x7fffffffffffffffn) > 0x7ff0000000000000n;
}

// From an i64 that holds the bits to the type, and back.
function fromBits(type: NumberType): number[] {
  return { i32: [0xa7], i64: [], f32: [0xa7, 0xbe], f64: [0xbf] }[type];
}

function toBits(type: NumberType): number[] {
  return { i32: [0xad], i64: [], f32: [0xbc, 0xad], f64: [0xbd] }[type];
}

const I_COMPARE = ['eqz', 'eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u'];
const F_COMPARE = ['eq', 'ne', 'lt', 'gt', 'le', 'ge'];
const I_COMPUTE = [
  ...['clz', 'ctz', 'popcnt', 'add', 'sub', 'mul', 'div_s', 'div_u', 'rem_s', 'rem_u'],
  ...['and', 'or', 'xor', 'shl', 'shr_s', 'shr_u', 'rotl', 'rotr'],
];
const F_COMPUTE = [
  ...['abs', 'neg', 'ceil', 'floor', 'trunc', 'nearest', 'sqrt'],
  ...['add', 'sub', 'mul', 'div', 'min', 'max', 'copysign'],
];
const EXTEND = ['i32_extend8_s', 'i32_extend16_s', 'i64_extend8_s', 'i64_extend16_s', 'i64_extend32_s'];
const TRUNCATE = {
  i32: ['trunc_f32_s', 'trunc_f32_u', 'trunc_f64_s', 'trunc_f64_u'],
  i64: ['trunc_f32_s', 'trunc_f32_u', 'trunc_f64_s', 'trunc_f64_u'],
};
const CONVERT = ['convert_i32_s', 'convert_i32_u', 'convert_i64_s', 'convert_i64_u'];

/** Types and binary opcode of an instruction by WebAssembly's numbering. */
export function signatureOf(name: string): OpSignature {
  const type = name.slice(0, 3) as NumberType;
  const rest = name.slice(4);
  if (name === 'i32_wrap_i64') return { operand: 'i64', result: 'i32', code: [0xa7] };
  if (name === 'f32_demote_f64') return { operand: 'f64', result: 'f32', code: [0xb6] };
  if (name === 'f64_promote_f32') return { operand: 'f32', result: 'f64', code: [0xbb] };
  if (EXTEND.includes(name)) return { operand: type, result: type, code: [0xc0 + EXTEND.indexOf(name)] };
  if (CONVERT.includes(rest)) {
    const code = (type === 'f32' ? 0xb2 : 0xb7) + CONVERT.indexOf(rest);
    return { operand: rest.slice(8, 11) as NumberType, result: type, code: [code] };
  }
  if (rest.startsWith('trunc_')) return truncation(type as 'i32' | 'i64', rest);
  if (type === 'i32' || type === 'i64') {
    const [compare, compute] = type === 'i32' ? [0x45, 0x67] : [0x50, 0x79];
    if (I_COMPARE.includes(rest)) return { operand: type, result: 'i32', code: [compare + I_COMPARE.indexOf(rest)] };
    return { operand: type, result: type, code: [compute + I_COMPUTE.indexOf(rest)] };
  }
  const [compare, compute] = type === 'f32' ? [0x5b, 0x8b] : [0x61, 0x99];
  if (F_COMPARE.includes(rest)) return { operand: type, result: 'i32', code: [compare + F_COMPARE.indexOf(rest)] };
  return { operand: type, result: type, code: [compute + F_COMPUTE.indexOf(rest)] };
}

function truncation(type: 'i32' | 'i64', rest: string): OpSignature {
  const saturating = rest.startsWith('trunc_sat_');
  const index = TRUNCATE[type].indexOf(rest.replace('trunc_sat_', 'trunc_'));
  const operand = rest.includes('f32') ? 'f32' : 'f64';
  if (saturating) return { operand, result: type, code: [0xfc, (type === 'i32' ? 0 : 4) + index] };
  return { operand, result: type, code: [(type === 'i32' ? 0xa8 : 0xae) + index] };
}

function draw(bits: number, count: number): bigint[] {
  return Array.from({ length: count }, () => BigInt.asUintN(bits, random()));
}

function withSign(values: readonly bigint[], bits: number): bigint[] {
  return [...values, ...values.map((value) => value | (1n << BigInt(bits - 1)))];
}

/** splitmix64 */
function createRandom(seed: bigint): () => bigint {
  let state = seed;
  return () => {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
}

function hexed(operands: Record<NumberType, readonly bigint[]>): Record<NumberType, string[]> {
  const hex = (type: NumberType): string[] => operands[type].map((value) => `0x${value.toString(16)}`);
  return { i32: hex('i32'), i64: hex('i64'), f32: hex('f32'), f64: hex('f64') };
}
