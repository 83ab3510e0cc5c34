// docs/vm.md#program: writes the pieces of the WebAssembly binary format: numbers, names and instructions. All of vm/
// writes it with this.
import { F32, I32, I64, type ValueType } from './module.ts';
import { BLOCK_VOID, PREFIX_FC, WASM } from './opcodes.ts';

export type ByteWriter = {
  byte(...values: number[]): void;
  /** Unsigned LEB128. */
  u32(value: number): void;
  /** Signed LEB128. */
  s32(value: number): void;
  /** Signed LEB128. */
  s64(value: bigint): void;
  /** UTF-8, preceded by its length in bytes. */
  name(text: string): void;
  /** Copies `source[start, end)`. */
  copy(source: Uint8Array, start: number, end: number): void;
  /** The bytes, preceded by their length. */
  sized(bytes: Uint8Array): void;
  /** A copy of what was written so far. */
  finish(): Uint8Array;
};

/** `capacity` is the number of bytes that are reserved at first; the buffer grows as needed. */
export function createByteWriter(capacity = 256): ByteWriter {
  let bytes = new Uint8Array(capacity);
  let size = 0;
  const reserve = (more: number): void => {
    if (size + more <= bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes.length * 2, size + more));
    larger.set(bytes.subarray(0, size));
    bytes = larger;
  };
  const push = (value: number): void => {
    if (size === bytes.length) reserve(1);
    bytes[size++] = value;
  };
  const writer: ByteWriter = {
    byte(...values) {
      for (const value of values) push(value);
    },
    u32(value) {
      let rest = value >>> 0;
      while (rest >= 0x80) {
        push((rest & 0x7f) | 0x80);
        rest >>>= 7;
      }
      push(rest);
    },
    s32(value) {
      let rest = value | 0;
      while (rest < -0x40 || rest >= 0x40) {
        push((rest & 0x7f) | 0x80);
        rest >>= 7;
      }
      push(rest & 0x7f);
    },
    s64(value) {
      const small = Number(value);
      if (small === (small | 0)) {
        writer.s32(small);
        return;
      }
      let rest = value;
      while (rest < -0x40n || rest >= 0x40n) {
        push(Number(rest & 0x7fn) | 0x80);
        rest >>= 7n;
      }
      push(Number(rest & 0x7fn));
    },
    name(text) {
      writer.sized(new TextEncoder().encode(text));
    },
    copy(source, start, end) {
      const more = end - start;
      reserve(more);
      if (more > 16) bytes.set(source.subarray(start, end), size);
      else for (let i = 0; i < more; i++) bytes[size + i] = source[start + i]!;
      size += more;
    },
    sized(source) {
      writer.u32(source.length);
      writer.copy(source, 0, source.length);
    },
    finish: () => bytes.slice(0, size),
  };
  return writer;
}

const SCRATCH = new DataView(new ArrayBuffer(8));

/** Instructions with their immediates. */
export const put = {
  unreachable: (w: ByteWriter): void => w.byte(WASM.unreachable),
  ifVoid: (w: ByteWriter): void => w.byte(WASM.if, BLOCK_VOID),
  else: (w: ByteWriter): void => w.byte(WASM.else),
  end: (w: ByteWriter): void => w.byte(WASM.end),
  return: (w: ByteWriter): void => w.byte(WASM.return),
  br: (w: ByteWriter, label: number): void => indexed(w, WASM.br, label),
  call: (w: ByteWriter, index: number): void => indexed(w, WASM.call, index),
  callIndirect(w: ByteWriter, type: number): void {
    indexed(w, WASM.callIndirect, type);
    w.byte(0);
  },
  select: (w: ByteWriter): void => w.byte(WASM.select),
  localGet: (w: ByteWriter, index: number): void => indexed(w, WASM.localGet, index),
  localSet: (w: ByteWriter, index: number): void => indexed(w, WASM.localSet, index),
  localTee: (w: ByteWriter, index: number): void => indexed(w, WASM.localTee, index),
  globalGet: (w: ByteWriter, index: number): void => indexed(w, WASM.globalGet, index),
  globalSet: (w: ByteWriter, index: number): void => indexed(w, WASM.globalSet, index),
  memoryInit(w: ByteWriter, segment: number): void {
    w.byte(PREFIX_FC, WASM.memoryInit & 0xff);
    w.u32(segment);
    w.byte(0);
  },
  memoryCopy: (w: ByteWriter): void => w.byte(PREFIX_FC, WASM.memoryCopy & 0xff, 0, 0),
  memoryFill: (w: ByteWriter): void => w.byte(PREFIX_FC, WASM.memoryFill & 0xff, 0),
  i32Const(w: ByteWriter, value: number): void {
    w.byte(WASM.i32Const);
    w.s32(value);
  },
  i64Const(w: ByteWriter, value: bigint): void {
    w.byte(WASM.i64Const);
    w.s64(value);
  },
  f32Bits(w: ByteWriter, bits: number): void {
    w.byte(WASM.f32Const);
    for (let i = 0; i < 4; i++) w.byte((bits >>> (8 * i)) & 0xff);
  },
  f64Bits(w: ByteWriter, bits: bigint): void {
    w.byte(WASM.f64Const);
    SCRATCH.setBigUint64(0, bits, true);
    for (let i = 0; i < 8; i++) w.byte(SCRATCH.getUint8(i));
  },
} as const;

/** A constant of the type from the bits of a slot. */
export function putConstant(w: ByteWriter, type: ValueType, bits: bigint): void {
  if (type === I32) put.i32Const(w, Number(BigInt.asIntN(32, bits)));
  else if (type === I64) put.i64Const(w, BigInt.asIntN(64, bits));
  else if (type === F32) put.f32Bits(w, Number(bits));
  else put.f64Bits(w, bits);
}

function indexed(w: ByteWriter, op: number, index: number): void {
  w.byte(op);
  w.u32(index);
}
