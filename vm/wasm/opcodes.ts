// docs/vm.md#program: the numbers of WebAssembly instructions that are read or written by name. Those after the byte
// 0xfc are 0xfc00 + n.

export const WASM = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Load8S: 0x2c,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
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
  i32Mul: 0x6c,
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
  memoryInit: 0xfc08,
  dataDrop: 0xfc09,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
} as const;

/** Byte before the instructions that are numbered from 0xfc00. */
export const PREFIX_FC = 0xfc;

/** Vector instructions, which no program has but the rewritten one; they stand after the byte 0xfd. */
export const VECTOR = {
  v128Load8x8S: 0x01,
  i32x4ExtractLane: 0x1b,
  i32x4Add: 0xae,
  i32x4DotI16x8S: 0xba,
} as const;

export const PREFIX_FD = 0xfd;
/** Type of a block that neither takes nor leaves values. */
export const BLOCK_VOID = 0x40;
