// docs/vm.md#code: float instructions of the reference machine. A JavaScript number is an f64; an f32 is rounded from
// it.
import type { OpName } from '../../protocol/isa.ts';
import { MachineFault } from './fault.ts';

type Operations<F> = Partial<Record<OpName, F>>;

/** Round to nearest, ties to even, keeping the sign of zero. */
function nearest(x: number): number {
  if (!Number.isFinite(x) || x === 0) return x;
  const floor = Math.floor(x);
  const rest = x - floor;
  const rounded = rest < 0.5 ? floor : rest > 0.5 ? floor + 1 : floor % 2 === 0 ? floor : floor + 1;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

const COMPUTE_UNARY = {
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  nearest,
  sqrt: Math.sqrt,
} as const;

const COMPUTE_BINARY = {
  add: (b: number, c: number) => b + c,
  sub: (b: number, c: number) => b - c,
  mul: (b: number, c: number) => b * c,
  div: (b: number, c: number) => b / c,
  min: Math.min,
  max: Math.max,
} as const;

const COMPARE = {
  eq: (b: number, c: number) => b === c,
  ne: (b: number, c: number) => b !== c,
  lt: (b: number, c: number) => b < c,
  gt: (b: number, c: number) => b > c,
  le: (b: number, c: number) => b <= c,
  ge: (b: number, c: number) => b >= c,
} as const;

/** The caller rounds results to f32: for these operations rounding twice is exact. */
export const F32_UNARY = named('f32', COMPUTE_UNARY);
export const F64_UNARY = named('f64', COMPUTE_UNARY);
export const F32_BINARY = named('f32', COMPUTE_BINARY);
export const F64_BINARY = named('f64', COMPUTE_BINARY);
export const F32_COMPARE = named('f32', COMPARE);
export const F64_COMPARE = named('f64', COMPARE);

/** From the bits of the operands to the bits of the result: a NaN stays as it is. */
export const SIGN_UNARY: Operations<(b: bigint) => bigint> = {
  f32_abs: (b) => b & 0x7fffffffn,
  f32_neg: (b) => (b & 0xffffffffn) ^ 0x80000000n,
  f64_abs: (b) => b & 0x7fffffffffffffffn,
  f64_neg: (b) => b ^ 0x8000000000000000n,
};

export const SIGN_BINARY: Operations<(b: bigint, c: bigint) => bigint> = {
  f32_copysign: (b, c) => (b & 0x7fffffffn) | (c & 0x80000000n),
  f64_copysign: (b, c) => (b & 0x7fffffffffffffffn) | (c & 0x8000000000000000n),
};

/** Truncations by name, which tells the source type; the result is an integer of any width. */
export const TRUNCATE: Operations<(x: number) => bigint> = {};
for (const bits of [32, 64] as const) {
  for (const source of ['f32', 'f64'] as const) {
    for (const sign of ['s', 'u'] as const) {
      const low = sign === 's' ? -(2n ** BigInt(bits - 1)) : 0n;
      const high = sign === 's' ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n;
      TRUNCATE[`i${bits}_trunc_${source}_${sign}`] = (x) => truncate(x, low, high);
      TRUNCATE[`i${bits}_trunc_sat_${source}_${sign}`] = (x) => saturate(x, low, high);
    }
  }
}

/** The nearest f32 to an integer. It does not go by way of f64, which would round twice. */
export function integerToF32(value: bigint): number {
  const magnitude = value < 0n ? -value : value;
  const excess = magnitude.toString(2).length - 24;
  if (excess <= 0) return Number(value);
  const unit = 1n << BigInt(excess);
  const rest = magnitude % unit;
  const whole = magnitude / unit;
  const up = rest * 2n > unit || (rest * 2n === unit && whole % 2n === 1n);
  const rounded = Number((up ? whole + 1n : whole) * unit);
  return value < 0n ? -rounded : rounded;
}

function truncate(x: number, low: bigint, high: bigint): bigint {
  if (Number.isNaN(x)) throw new MachineFault('trap', 'invalid conversion of NaN to integer');
  const whole = Math.trunc(x);
  if (!Number.isFinite(whole) || BigInt(whole) < low || BigInt(whole) > high)
    throw new MachineFault('trap', 'float unrepresentable in integer range');
  return BigInt(whole);
}

function saturate(x: number, low: bigint, high: bigint): bigint {
  if (Number.isNaN(x)) return 0n;
  if (x === Number.POSITIVE_INFINITY) return high;
  if (x === Number.NEGATIVE_INFINITY) return low;
  const whole = BigInt(Math.trunc(x));
  return whole < low ? low : whole > high ? high : whole;
}

function named<F>(type: 'f32' | 'f64', operations: Record<string, F>): Operations<F> {
  return Object.fromEntries(Object.entries(operations).map(([name, f]) => [`${type}_${name}`, f]));
}
