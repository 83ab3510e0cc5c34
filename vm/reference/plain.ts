// docs/vm.md#code: integer and float instructions of the reference machine, and the moves.
import { OP, type OpName } from '../../protocol/isa.ts';
import {
  F32_BINARY,
  F32_COMPARE,
  F32_UNARY,
  F64_BINARY,
  F64_COMPARE,
  F64_UNARY,
  integerToF32,
  SIGN_BINARY,
  SIGN_UNARY,
  TRUNCATE,
} from './float.ts';
import { I32_BINARY, I32_UNARY, I64_BINARY, I64_UNARY } from './integer.ts';
import type { State } from './state.ts';

/** Fields of an instruction; `slotA` and its siblings are absolute slots. */
export type PlainOperands = {
  readonly immediate: boolean;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly high: number;
  readonly low: number;
  readonly slotA: number;
  readonly slotB: number;
  readonly slotC: number;
};

export type Handler = (state: State, operands: PlainOperands) => void;

const CANONICAL_F32 = 0x7fc00000n;
const CANONICAL_F64 = 0x7ff8000000000000n;

const scratch = new DataView(new ArrayBuffer(8));

export function immediateOf({ high, low }: PlainOperands): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Bits of the operand of a unary instruction. */
export function unaryBits(state: State, operands: PlainOperands): bigint {
  return operands.immediate ? immediateOf(operands) : state.slots[operands.slotB]!;
}

/** Bits of the right operand of a binary instruction. */
function rightBits(state: State, operands: PlainOperands): bigint {
  return operands.immediate ? immediateOf(operands) : state.slots[operands.slotC]!;
}

export const PLAIN_OPERATIONS = new Map<number, Handler>();

define(I32_UNARY, (f) => (state, o) => {
  setI32(state, o, f(toI32(unaryBits(state, o))));
});
define(I32_BINARY, (f) => (state, o) => {
  setI32(state, o, f(toI32(state.slots[o.slotB]!), toI32(rightBits(state, o))));
});
define(I64_UNARY, (f) => (state, o) => {
  setI64(state, o, f(unaryBits(state, o)));
});
define(I64_BINARY, (f) => (state, o) => {
  setI64(state, o, f(state.slots[o.slotB]!, rightBits(state, o)));
});
define(SIGN_UNARY, (f) => (state, o) => {
  setI64(state, o, f(unaryBits(state, o)));
});
define(SIGN_BINARY, (f) => (state, o) => {
  setI64(state, o, f(state.slots[o.slotB]!, rightBits(state, o)));
});
define(F32_UNARY, (f) => (state, o) => {
  setF32(state, o, f(toF32(unaryBits(state, o))));
});
define(F32_BINARY, (f) => (state, o) => {
  setF32(state, o, f(toF32(state.slots[o.slotB]!), toF32(rightBits(state, o))));
});
define(F32_COMPARE, (f) => (state, o) => {
  setI32(state, o, f(toF32(state.slots[o.slotB]!), toF32(rightBits(state, o))));
});
define(F64_UNARY, (f) => (state, o) => {
  setF64(state, o, f(toF64(unaryBits(state, o))));
});
define(F64_BINARY, (f) => (state, o) => {
  setF64(state, o, f(toF64(state.slots[o.slotB]!), toF64(rightBits(state, o))));
});
define(F64_COMPARE, (f) => (state, o) => {
  setI32(state, o, f(toF64(state.slots[o.slotB]!), toF64(rightBits(state, o))));
});
for (const [name, f] of Object.entries(TRUNCATE)) {
  const read = name.includes('f32') ? toF32 : toF64;
  const bits = name.startsWith('i32') ? 32 : 64;
  PLAIN_OPERATIONS.set(OP[name as OpName], (state, o) => {
    state.slots[o.slotA] = BigInt.asUintN(bits, f(read(unaryBits(state, o))));
  });
}
for (const bits of [32, 64] as const) {
  for (const sign of ['s', 'u'] as const) {
    const read = (value: bigint): bigint => (sign === 's' ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
    PLAIN_OPERATIONS.set(OP[`f32_convert_i${bits}_${sign}`], (state, o) => {
      setF32(state, o, integerToF32(read(unaryBits(state, o))));
    });
    PLAIN_OPERATIONS.set(OP[`f64_convert_i${bits}_${sign}`], (state, o) => {
      setF64(state, o, Number(read(unaryBits(state, o))));
    });
  }
}
PLAIN_OPERATIONS.set(OP.f32_demote_f64, (state, o) => {
  setF32(state, o, toF64(unaryBits(state, o)));
});
PLAIN_OPERATIONS.set(OP.f64_promote_f32, (state, o) => {
  setF64(state, o, toF32(unaryBits(state, o)));
});

function define<F>(operations: Partial<Record<OpName, F>>, handler: (f: F) => Handler): void {
  for (const [name, f] of Object.entries(operations)) PLAIN_OPERATIONS.set(OP[name as OpName], handler(f as F));
}

function setI32(state: State, { slotA }: PlainOperands, value: number | boolean): void {
  state.slots[slotA] = BigInt(Number(value) >>> 0);
}

function setI64(state: State, { slotA }: PlainOperands, value: bigint | boolean): void {
  state.slots[slotA] = BigInt.asUintN(64, BigInt(value));
}

function setF32(state: State, { slotA }: PlainOperands, value: number): void {
  scratch.setFloat32(0, value);
  state.slots[slotA] = Number.isNaN(value) ? CANONICAL_F32 : BigInt(scratch.getUint32(0));
}

function setF64(state: State, { slotA }: PlainOperands, value: number): void {
  scratch.setFloat64(0, value);
  state.slots[slotA] = Number.isNaN(value) ? CANONICAL_F64 : scratch.getBigUint64(0);
}

function toI32(bits: bigint): number {
  return Number(BigInt.asIntN(32, bits));
}

function toF32(bits: bigint): number {
  scratch.setUint32(0, Number(bits & 0xffffffffn));
  return scratch.getFloat32(0);
}

function toF64(bits: bigint): number {
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}
