// docs/vm.md#engines: WebAssembly opcodes that the rewriter inserts.
import type { ByteWriter } from './byte-writer.ts';

export const BLOCK_VOID = 0x40;
const SCRATCH = new DataView(new ArrayBuffer(8));

export const put = {
  unreachable: (w: ByteWriter): void => w.byte(0x00),
  ifVoid: (w: ByteWriter): void => w.byte(0x04, BLOCK_VOID),
  else: (w: ByteWriter): void => w.byte(0x05),
  end: (w: ByteWriter): void => w.byte(0x0b),
  return: (w: ByteWriter): void => w.byte(0x0f),
  br: (w: ByteWriter, label: number): void => indexed(w, 0x0c, label),
  call: (w: ByteWriter, index: number): void => indexed(w, 0x10, index),
  callIndirect(w: ByteWriter, type: number): void {
    indexed(w, 0x11, type);
    w.byte(0);
  },
  select: (w: ByteWriter): void => w.byte(0x1b),
  localGet: (w: ByteWriter, index: number): void => indexed(w, 0x20, index),
  localSet: (w: ByteWriter, index: number): void => indexed(w, 0x21, index),
  localTee: (w: ByteWriter, index: number): void => indexed(w, 0x22, index),
  globalGet: (w: ByteWriter, index: number): void => indexed(w, 0x23, index),
  globalSet: (w: ByteWriter, index: number): void => indexed(w, 0x24, index),
  i32Const(w: ByteWriter, value: number): void {
    w.byte(0x41);
    w.s32(value);
  },
  i64Const(w: ByteWriter, value: bigint): void {
    w.byte(0x42);
    w.s64(value);
  },
  f32Bits(w: ByteWriter, bits: number): void {
    w.byte(0x43);
    for (let i = 0; i < 4; i++) w.byte((bits >>> (8 * i)) & 0xff);
  },
  f64Bits(w: ByteWriter, bits: bigint): void {
    w.byte(0x44);
    SCRATCH.setBigUint64(0, bits, true);
    for (let i = 0; i < 8; i++) w.byte(SCRATCH.getUint8(i));
  },
} as const;

export const CODE = {
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32GtU: 0x4b,
  i64LtS: 0x53,
  i64GtU: 0x56,
  f32Eq: 0x5b,
  f64Eq: 0x61,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Xor: 0x73,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64ShrU: 0x88,
  i32WrapI64: 0xa7,
  i64ExtendI32U: 0xad,
  i64TruncF64U: 0xb1,
  f64ConvertI64U: 0xba,
  f32ReinterpretI32: 0xbe,
  f64ReinterpretI64: 0xbf,
} as const;

function indexed(w: ByteWriter, op: number, index: number): void {
  w.byte(op);
  w.u32(index);
}

/** Faults with the kind `fault` if the i32 on the stack is not 0. */
export function putFaultIf(w: ByteWriter, faultGlobal: number, fault: number): void {
  put.ifVoid(w);
  put.i32Const(w, fault);
  put.globalSet(w, faultGlobal);
  put.unreachable(w);
  put.end(w);
}
