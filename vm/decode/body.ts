// docs/vm.md#program: decodes the instructions of one function and refuses those of other features.
import { featureOfOpcode, featureOfPrefixed, featureOfValueType, unsupported } from '../wasm/features.ts';
import { F32, F64, type FunctionBody, I32, I64, type ValueType } from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import {
  type Cursor,
  createCursor,
  malformedModule,
  moduleTooLarge,
  readByte,
  readCount,
  readS32,
  readS33,
  readS64,
  readSpan,
  readU32,
} from '../wasm/read.ts';
import { BRANCH_TARGETS_MAX, LOCALS_MAX, NESTING_MAX } from './limits.ts';
import { PLAIN } from './plain.ts';

export type Instr = {
  /** 0xfc-prefixed instructions are 0xfc00 + n. */
  readonly op: number;
  /** Byte offset in the module. */
  readonly at: number;
  /** Index, label, block type (s33), exponent of an alignment, or low 32 bits of a constant. */
  readonly a: number;
  /** Memory offset, or high 32 bits of a constant. */
  readonly b: number;
  /** Targets of br_table, the default last. */
  readonly targets: readonly number[] | undefined;
};

export type Body = { readonly locals: readonly ValueType[]; readonly instructions: readonly Instr[] };

export function decodeBody(body: FunctionBody): Body {
  const instructions: Instr[] = [];
  const locals: ValueType[] = [];
  visitBody(body, (groups) => {
    for (const { count, type } of groups) for (let i = 0; i < count; i++) locals.push(type);
    return (instruction) => instructions.push(instruction);
  });
  return { locals, instructions };
}

export type LocalGroup = { readonly count: number; readonly type: ValueType };

/**
 * Decodes a function without keeping anything of it. `begin` gets its locals and returns the visitor of its
 * instructions.
 */
export function visitBody(
  body: FunctionBody,
  begin: (locals: readonly LocalGroup[]) => (instruction: Instr) => void,
): void {
  const cursor = createCursor(body.bytes, body.start, body.end);
  const visit = begin(decodeLocals(cursor));
  let depth = 1;
  while (depth > 0) {
    const instruction = decodeInstruction(cursor);
    visit(instruction);
    const { op } = instruction;
    if (op === WASM.end) depth--;
    else if (op === WASM.block || op === WASM.loop || op === WASM.if) depth++;
    if (depth > NESTING_MAX) throw moduleTooLarge('nested blocks', NESTING_MAX, depth, instruction.at);
  }
  if (cursor.at !== cursor.end) throw malformedModule(cursor.at, 'the end of the function', 'more instructions');
}

export function decodeValueType(cursor: Cursor): ValueType {
  const at = cursor.at;
  const byte = readByte(cursor);
  if (byte === I32 || byte === I64 || byte === F32 || byte === F64) return byte;
  const feature = featureOfValueType(byte);
  if (feature !== undefined) throw unsupported(feature, at);
  throw malformedModule(at, 'a value type', `byte 0x${byte.toString(16)}`);
}

function decodeLocals(cursor: Cursor): LocalGroup[] {
  const groups: LocalGroup[] = [];
  let all = 0;
  for (let left = readCount(cursor, LOCALS_MAX, 'groups of locals'); left > 0; left--) {
    const at = cursor.at;
    const count = readU32(cursor);
    all += count;
    if (all > LOCALS_MAX) throw moduleTooLarge('locals', LOCALS_MAX, all, at);
    groups.push({ count, type: decodeValueType(cursor) });
  }
  return groups;
}

function decodeInstruction(cursor: Cursor): Instr {
  const at = cursor.at;
  const op = readByte(cursor);
  switch (op) {
    case WASM.unreachable:
    case WASM.nop:
    case WASM.else:
    case WASM.end:
    case WASM.return:
    case WASM.drop:
    case WASM.select:
      return instr(op, at);
    case WASM.block:
    case WASM.loop:
    case WASM.if:
      return instr(op, at, decodeBlockType(cursor));
    case WASM.br:
    case WASM.brIf:
    case WASM.call:
    case WASM.localGet:
    case WASM.localSet:
    case WASM.localTee:
    case WASM.globalGet:
    case WASM.globalSet:
      return instr(op, at, readU32(cursor));
    case WASM.brTable: {
      const count = readCount(cursor, BRANCH_TARGETS_MAX, 'targets of br_table');
      const targets: number[] = [];
      for (let i = 0; i <= count; i++) targets.push(readU32(cursor));
      return { op, at, a: 0, b: 0, targets };
    }
    case WASM.callIndirect: {
      const type = readU32(cursor);
      // LLVM pads this index to five bytes.
      if (readU32(cursor) !== 0) throw unsupported('multiple tables', at);
      return instr(op, at, type);
    }
    case WASM.memorySize:
    case WASM.memoryGrow:
      requireZero(cursor);
      return instr(op, at);
    case WASM.i32Const:
      return instr(op, at, readS32(cursor));
    case WASM.i64Const: {
      const value = readS64(cursor);
      return instr(op, at, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
    }
    case WASM.f32Const:
      return instr(op, at, readI32LittleEndian(cursor));
    case WASM.f64Const: {
      const low = readI32LittleEndian(cursor);
      return instr(op, at, low, readI32LittleEndian(cursor));
    }
    case 0xfc:
      return decodePrefixed(cursor, at);
  }
  const plain = PLAIN[op];
  if (plain === undefined) throw refuseOpcode(op, at);
  if (plain.kind !== 'load' && plain.kind !== 'store') return instr(op, at);
  const flags = readU32(cursor);
  if (flags >= 64 && flags < 128) throw unsupported('multiple memories', at);
  return instr(op, at, flags, readU32(cursor));
}

function instr(op: number, at: number, a = 0, b = 0): Instr {
  return { op, at, a, b, targets: undefined };
}

function decodePrefixed(cursor: Cursor, at: number): Instr {
  const code = readU32(cursor);
  const op = 0xfc00 + code;
  if (code < 8) return instr(op, at);
  switch (op) {
    case WASM.memoryInit: {
      const segment = readU32(cursor);
      requireZero(cursor);
      return instr(op, at, segment);
    }
    case WASM.dataDrop:
      return instr(op, at, readU32(cursor));
    case WASM.memoryCopy:
      requireZero(cursor);
      requireZero(cursor);
      return instr(op, at);
    case WASM.memoryFill:
      requireZero(cursor);
      return instr(op, at);
  }
  const feature = featureOfPrefixed(code);
  if (feature !== undefined) throw unsupported(feature, at);
  throw malformedModule(at, 'an instruction', `opcode 0xfc ${code}`);
}

function decodeBlockType(cursor: Cursor): number {
  const at = cursor.at;
  const value = readS33(cursor);
  if (value >= 0 || value === -64 || (value <= -1 && value >= -4)) return value;
  const feature = value > -64 ? featureOfValueType(value & 0x7f) : undefined;
  if (feature !== undefined) throw unsupported(feature, at);
  throw malformedModule(at, 'a block type', String(value));
}

function requireZero(cursor: Cursor): void {
  const at = cursor.at;
  if (readU32(cursor) !== 0) throw unsupported('multiple memories', at);
  // The index has one byte, unless a module may have several memories: V8 before 12 refuses a longer one.
  if (cursor.at !== at + 1) throw malformedModule(at, 'a zero byte', 'a longer zero');
}

function readI32LittleEndian(cursor: Cursor): number {
  const span = readSpan(cursor, 4);
  return span[0]! | (span[1]! << 8) | (span[2]! << 16) | (span[3]! << 24);
}

function refuseOpcode(op: number, at: number): Error {
  const feature = featureOfOpcode(op);
  return feature === undefined
    ? malformedModule(at, 'an instruction', `opcode 0x${op.toString(16)}`)
    : unsupported(feature, at);
}
