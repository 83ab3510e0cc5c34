// docs/vm.md#program: constant expressions, evaluated to the bits of a slot.
import { featureOfOpcode, unsupported } from '../wasm/features.ts';
import { F32, F64, I32, I64, type ValueType } from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import { type Cursor, malformedModule, readByte, readS32, readS64, readSpan } from '../wasm/read.ts';

const STACK_MAX = 1024;

type Constant = { readonly type: ValueType; readonly value: bigint };

/**
 * The value of a constant expression as 64 unsigned bits, those of an i32 or f32 in the low half. It is evaluated and
 * typed here, because engines differ in which of the extended forms they take. `onExtended` is called if the expression
 * has an extended form.
 */
export function decodeConstant(cursor: Cursor, expected: ValueType, onExtended: () => void): bigint {
  const stack: Constant[] = [];
  const start = cursor.at;
  const pop = (type: ValueType): bigint => {
    const constant = stack.pop();
    if (constant?.type === type) return constant.value;
    throw malformedModule(start, `a constant expression of type 0x${expected.toString(16)}`, 'operands of other types');
  };
  for (;;) {
    const at = cursor.at;
    const op = readByte(cursor);
    switch (op) {
      case WASM.end: {
        const value = pop(expected);
        if (stack.length > 0)
          throw malformedModule(start, 'a constant expression of one value', `${stack.length + 1} values`);
        return value;
      }
      case WASM.i32Const:
        stack.push({ type: I32, value: BigInt.asUintN(32, BigInt(readS32(cursor))) });
        break;
      case WASM.i64Const:
        stack.push({ type: I64, value: BigInt.asUintN(64, readS64(cursor)) });
        break;
      case WASM.f32Const:
        stack.push({ type: F32, value: littleEndian(readSpan(cursor, 4)) });
        break;
      case WASM.f64Const:
        stack.push({ type: F64, value: littleEndian(readSpan(cursor, 8)) });
        break;
      case WASM.i32Add:
      case WASM.i32Sub:
      case WASM.i32Mul:
        onExtended();
        stack.push({ type: I32, value: compute(op - WASM.i32Add, 32, pop(I32), pop(I32)) });
        break;
      case WASM.i64Add:
      case WASM.i64Sub:
      case WASM.i64Mul:
        onExtended();
        stack.push({ type: I64, value: compute(op - WASM.i64Add, 64, pop(I64), pop(I64)) });
        break;
      case WASM.globalGet:
        throw unsupported('a constant expression that reads a global', at);
      default: {
        const feature = featureOfOpcode(op);
        if (feature !== undefined) throw unsupported(feature, at);
        throw malformedModule(at, 'a constant instruction', `opcode 0x${op.toString(16)}`);
      }
    }
    if (stack.length > STACK_MAX) throw malformedModule(at, `at most ${STACK_MAX} operands`, String(stack.length));
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
