// docs/vm.md#engines: random modules for differential tests: what they are made of.
import { F32, F64, I32, I64, type ValueType } from '../../vm/wasm/module.ts';
import { WASM } from '../../vm/wasm/opcodes.ts';
import type { ByteWriter } from '../../vm/wasm/write.ts';
import type { Random } from './random.ts';

export const VALUE_TYPES: readonly ValueType[] = [I32, I64, F32, F64];
/** One in so many places is likely to fault. */
export const RARE = 200;

export const HOST = [
  { name: 'output_write', type: { params: [I32, I32], results: [] } },
  { name: 'exit', type: { params: [I32], results: [] } },
  { name: 'input_read', type: { params: [I32, I32, I64, I32], results: [] } },
  { name: 'random', type: { params: [I64], results: [I64] } },
  { name: 'dot_i8', type: { params: [I32, I32, I32, I32], results: [I32] } },
] as const;

export const UNARY: Record<ValueType, readonly [number, ValueType][]> = {
  [I32]: [
    ...ops([0x45, 0x67, 0x68, 0x69, 0xc0, 0xc1], I32),
    ...ops([0x50, 0xa7], I64),
    ...ops([0xfc00, 0xfc01, 0xbc], F32),
    ...ops([0xfc02, 0xfc03], F64),
  ],
  [I64]: [
    ...ops([0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4], I64),
    ...ops([0xac, 0xad], I32),
    ...ops([0xfc04, 0xfc05], F32),
    ...ops([0xfc06, 0xfc07, 0xbd], F64),
  ],
  [F32]: [
    ...ops([0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91], F32),
    ...ops([0xb2, 0xb3, 0xbe], I32),
    ...ops([0xb4, 0xb5], I64),
    ...ops([0xb6], F64),
  ],
  [F64]: [
    ...ops([0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f], F64),
    ...ops([0xb7, 0xb8], I32),
    ...ops([0xb9, 0xba, 0xbf], I64),
    ...ops([0xbb], F32),
  ],
};

export const BINARY: Record<ValueType, readonly [number, ValueType][]> = {
  [I32]: [
    ...ops(range(0x6a, 0x78), I32),
    ...ops(range(0x46, 0x4f), I32),
    ...ops(range(0x51, 0x5a), I64),
    ...ops(range(0x5b, 0x60), F32),
    ...ops(range(0x61, 0x66), F64),
  ],
  [I64]: ops(range(0x7c, 0x8a), I64),
  [F32]: ops(range(0x92, 0x98), F32),
  [F64]: ops(range(0xa0, 0xa6), F64),
};

/** Integer divisions and remainders: their right operand is made odd. */
export const DIVISIONS = [...range(0x6d, 0x70), ...range(0x7f, 0x82)];

export const LOAD_OPCODES: Record<ValueType, readonly number[]> = {
  [I32]: [0x28, 0x2c, 0x2d, 0x2e, 0x2f],
  [I64]: [0x29, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35],
  [F32]: [0x2a],
  [F64]: [0x2b],
};

export const STORE_OPCODES: Record<ValueType, readonly number[]> = {
  [I32]: [0x36, 0x3a, 0x3b],
  [I64]: [0x37, 0x3c, 0x3d, 0x3e],
  [F32]: [0x38],
  [F64]: [0x39],
};

/** A constant of the type, often one at an edge. */
export function putEdgeConstant(w: ByteWriter, random: Random, type: ValueType): void {
  const pick = random.below(4);
  const interesting = [0, 1, -1, 2, 31, 64, 127, 128, -128, 255, 0x7fffffff, -0x80000000];
  const word = pick === 0 ? random.u32() | 0 : random.pick(interesting);
  if (type === I32) {
    w.byte(WASM.i32Const);
    w.s32(word);
  } else if (type === I64) {
    w.byte(WASM.i64Const);
    w.s64(pick === 0 ? BigInt.asIntN(64, (BigInt(random.u32()) << 32n) | BigInt(random.u32())) : BigInt(word));
  } else {
    const view = new DataView(new ArrayBuffer(8));
    const numbers = [0, -0, 1, -1.5, 0.5, 2.5, 1e10, -1e30, 1e300, Number.MIN_VALUE, Number.POSITIVE_INFINITY];
    if (type === F64) {
      if (pick === 0) view.setUint32(4, random.u32());
      if (pick === 0) view.setUint32(0, random.u32());
      else view.setFloat64(0, random.pick(numbers), true);
      if (pick === 1) view.setBigUint64(0, random.chance(2) ? 0x7ff8000000000001n : 0xfff4000000000000n, true);
      w.byte(WASM.f64Const);
      for (let i = 0; i < 8; i++) w.byte(view.getUint8(i));
    } else {
      view.setFloat32(0, random.pick(numbers), true);
      if (pick === 0) view.setUint32(0, random.u32(), true);
      if (pick === 1) view.setUint32(0, random.chance(2) ? 0x7fc00001 : 0xffa00000, true);
      w.byte(WASM.f32Const);
      for (let i = 0; i < 4; i++) w.byte(view.getUint8(i));
    }
  }
}

function ops(codes: readonly number[], from: ValueType): [number, ValueType][] {
  return codes.map((code) => [code, from]);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
