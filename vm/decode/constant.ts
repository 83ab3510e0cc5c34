// docs/vm.md#program: constant expressions, evaluated to the bits of a slot.
import { type Cursor, malformed, readByte, readS32, readS64, readSpan, readU32, unsupported } from './cursor.ts';
import type { Global } from './module.ts';
import { WASM } from './opcodes.ts';

const STACK_MAX = 1024;

/** Value of a constant expression as 64 unsigned bits, those of an i32 or f32 in the low half. Its types are not checked here. */
export function decodeConstant(cursor: Cursor, globals: readonly Global[]): bigint {
  const stack: bigint[] = [];
  const start = cursor.at;
  const pop = (): bigint => {
    const value = stack.pop();
    if (value === undefined) throw malformed(start, 'a constant expression', 'an operand is missing');
    return value;
  };
  for (;;) {
    const at = cursor.at;
    const op = readByte(cursor);
    switch (op) {
      case WASM.end:
        if (stack.length !== 1) throw malformed(start, 'a constant expression of one value', `${stack.length} values`);
        return pop();
      case WASM.i32Const:
        stack.push(BigInt.asUintN(32, BigInt(readS32(cursor))));
        break;
      case WASM.i64Const:
        stack.push(BigInt.asUintN(64, readS64(cursor)));
        break;
      case WASM.f32Const:
        stack.push(littleEndian(readSpan(cursor, 4)));
        break;
      case WASM.f64Const:
        stack.push(littleEndian(readSpan(cursor, 8)));
        break;
      case WASM.globalGet: {
        const global = globals[readU32(cursor)];
        if (global === undefined || global.mutable)
          throw malformed(at, 'an immutable global defined before', 'another');
        stack.push(global.value);
        break;
      }
      case WASM.i32Add:
      case WASM.i32Sub:
      case WASM.i32Mul:
        stack.push(compute(op - WASM.i32Add, 32, pop(), pop()));
        break;
      case WASM.i64Add:
      case WASM.i64Sub:
      case WASM.i64Mul:
        stack.push(compute(op - WASM.i64Add, 64, pop(), pop()));
        break;
      default:
        if (op >= 0xd0 && op <= 0xd6) throw unsupported('reference types', at);
        if (op === 0xfb) throw unsupported('garbage collection', at);
        if (op === 0xfd) throw unsupported('SIMD', at);
        throw malformed(at, 'a constant instruction', `opcode 0x${op.toString(16)}`);
    }
    if (stack.length > STACK_MAX) throw malformed(at, `at most ${STACK_MAX} operands`, String(stack.length));
  }
}

function compute(operation: number, bits: number, right: bigint, left: bigint): bigint {
  const value = operation === 0 ? left + right : operation === 1 ? left - right : left * right;
  return BigInt.asUintN(bits, value);
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}
