// docs/vm.md#code: integer instructions of the reference machine, on numbers and bigints.
import type { OpName } from '../../protocol/isa.ts';
import { MachineFault } from './fault.ts';

const I32_MIN = -(2 ** 31);
const I64_MIN = -(1n << 63n);

type Operations<F> = Partial<Record<OpName, F>>;

/** Operands are signed; the low 32 bits of the result count. */
export const I32_BINARY: Operations<(b: number, c: number) => number | boolean> = {
  i32_add: (b, c) => b + c,
  i32_sub: (b, c) => b - c,
  i32_mul: Math.imul,
  i32_div_s(b, c) {
    if (c === 0) throw new MachineFault('trap', 'divide by zero');
    if (b === I32_MIN && c === -1) throw new MachineFault('trap', 'divide result unrepresentable');
    return Math.trunc(b / c);
  },
  i32_div_u(b, c) {
    if (c === 0) throw new MachineFault('trap', 'divide by zero');
    return Math.floor((b >>> 0) / (c >>> 0));
  },
  i32_rem_s(b, c) {
    if (c === 0) throw new MachineFault('trap', 'remainder by zero');
    return b % c;
  },
  i32_rem_u(b, c) {
    if (c === 0) throw new MachineFault('trap', 'remainder by zero');
    return (b >>> 0) % (c >>> 0);
  },
  i32_and: (b, c) => b & c,
  i32_or: (b, c) => b | c,
  i32_xor: (b, c) => b ^ c,
  i32_shl: (b, c) => b << c,
  i32_shr_s: (b, c) => b >> c,
  i32_shr_u: (b, c) => b >>> c,
  i32_rotl: (b, c) => Number(rotate(BigInt(b >>> 0), BigInt(c & 31), 32)),
  i32_rotr: (b, c) => Number(rotate(BigInt(b >>> 0), BigInt(-c & 31), 32)),
  i32_eq: (b, c) => b === c,
  i32_ne: (b, c) => b !== c,
  i32_lt_s: (b, c) => b < c,
  i32_lt_u: (b, c) => b >>> 0 < c >>> 0,
  i32_gt_s: (b, c) => b > c,
  i32_gt_u: (b, c) => b >>> 0 > c >>> 0,
  i32_le_s: (b, c) => b <= c,
  i32_le_u: (b, c) => b >>> 0 <= c >>> 0,
  i32_ge_s: (b, c) => b >= c,
  i32_ge_u: (b, c) => b >>> 0 >= c >>> 0,
};

export const I32_UNARY: Operations<(b: number) => number | boolean> = {
  i32_clz: Math.clz32,
  i32_ctz: (b) => (b === 0 ? 32 : 31 - Math.clz32(b & -b)),
  i32_popcnt: (b) => countOnes(BigInt(b >>> 0)),
  i32_eqz: (b) => b === 0,
  i32_extend8_s: (b) => (b << 24) >> 24,
  i32_extend16_s: (b) => (b << 16) >> 16,
  i32_wrap_i64: (b) => b,
};

/** Operands are unsigned; the low 64 bits of the result count. */
export const I64_BINARY: Operations<(b: bigint, c: bigint) => bigint | boolean> = {
  i64_add: (b, c) => b + c,
  i64_sub: (b, c) => b - c,
  i64_mul: (b, c) => b * c,
  i64_div_s(b, c) {
    if (c === 0n) throw new MachineFault('trap', 'divide by zero');
    if (signed(b) === I64_MIN && signed(c) === -1n) throw new MachineFault('trap', 'divide result unrepresentable');
    return signed(b) / signed(c);
  },
  i64_div_u(b, c) {
    if (c === 0n) throw new MachineFault('trap', 'divide by zero');
    return b / c;
  },
  i64_rem_s(b, c) {
    if (c === 0n) throw new MachineFault('trap', 'remainder by zero');
    return signed(b) % signed(c);
  },
  i64_rem_u(b, c) {
    if (c === 0n) throw new MachineFault('trap', 'remainder by zero');
    return b % c;
  },
  i64_and: (b, c) => b & c,
  i64_or: (b, c) => b | c,
  i64_xor: (b, c) => b ^ c,
  i64_shl: (b, c) => b << (c & 63n),
  i64_shr_s: (b, c) => signed(b) >> (c & 63n),
  i64_shr_u: (b, c) => b >> (c & 63n),
  i64_rotl: (b, c) => rotate(b, c & 63n, 64),
  i64_rotr: (b, c) => rotate(b, -c & 63n, 64),
  i64_eq: (b, c) => b === c,
  i64_ne: (b, c) => b !== c,
  i64_lt_s: (b, c) => signed(b) < signed(c),
  i64_lt_u: (b, c) => b < c,
  i64_gt_s: (b, c) => signed(b) > signed(c),
  i64_gt_u: (b, c) => b > c,
  i64_le_s: (b, c) => signed(b) <= signed(c),
  i64_le_u: (b, c) => b <= c,
  i64_ge_s: (b, c) => signed(b) >= signed(c),
  i64_ge_u: (b, c) => b >= c,
};

export const I64_UNARY: Operations<(b: bigint) => bigint | boolean> = {
  i64_clz: (b) => BigInt(b === 0n ? 64 : 64 - b.toString(2).length),
  i64_ctz: (b) => BigInt(b === 0n ? 64 : (b & -b).toString(2).length - 1),
  i64_popcnt: (b) => BigInt(countOnes(b)),
  i64_eqz: (b) => b === 0n,
  i64_extend8_s: (b) => BigInt.asIntN(8, b),
  i64_extend16_s: (b) => BigInt.asIntN(16, b),
  i64_extend32_s: (b) => BigInt.asIntN(32, b),
};

function signed(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

function rotate(value: bigint, left: bigint, bits: number): bigint {
  return BigInt.asUintN(bits, (value << left) | (value >> (BigInt(bits) - left)));
}

function countOnes(value: bigint): number {
  return value.toString(2).replaceAll('0', '').length;
}
