// docs/vm.md#gas: each plain instruction in short chains of itself, which no compiler leaves out, on operands that are
// hard for processors.

import { INSTRUCTIONS, type Instruction } from '../../protocol/isa.ts';
import { type NumberType, signatureOf } from '../../test/vectors/op-vectors.ts';
import type { ModuleCase } from './measure.ts';

const CHAIN = 8;
const CHAINS = 40;

/** Left and right operands: the largest and smallest numbers, denormal ones, NaN. */
const OPERANDS: Readonly<Record<NumberType, readonly (readonly [string, string])[]>> = {
  i32: [['-2147483648', '3']],
  i64: [['-9223372036854775808', '3']],
  f32: [
    ['0x1p-149', '0x1.8p+0'],
    ['0x1.fffffep+127', '0x1p-140'],
    ['nan', '0x1p+0'],
  ],
  f64: [
    ['0x1p-1074', '0x1.8p+0'],
    ['0x1.fffffffffffffp+1023', '0x1p-1060'],
    ['nan', '0x1p+0'],
  ],
};

export function instructionCases(): ModuleCase[] {
  return INSTRUCTIONS.filter(({ family }) => family === 'integer' || family === 'float').flatMap(casesOf);
}

function casesOf(instruction: Instruction): ModuleCase[] {
  const { operand, result } = signatureOf(instruction.name);
  // A truncation of the other operands faults.
  const small = /_trunc_f(32|64)/.test(instruction.name) ? OPERANDS[operand].slice(0, 1) : OPERANDS[operand];
  return small.map((operands) => caseOf(instruction, operand, result, operands));
}

/** The bits of the result become the operand again; after eight instructions the hard operand is taken anew. */
function caseOf(
  { name, shape }: Instruction,
  operand: NumberType,
  result: NumberType,
  [x, y]: readonly [string, string],
): ModuleCase {
  const binary = shape === 'binary';
  const value = `(${name.replace('_', '.')} (local.get $x)${binary ? ' (local.get $y)' : ''})`;
  const link = `(local.set $x ${fromBits(operand, toBits(result, value))})`;
  const chain = `(local.set $x (global.get $x)) ${link.repeat(CHAIN)}
    (local.set $r (i64.xor (local.get $r) ${toBits(operand, '(local.get $x)')}))`;
  return {
    name: `${name} ${x}${binary ? ` ${y}` : ''}`,
    wat: `(module (memory 1) (global $x (mut ${operand}) (${operand}.const ${x})) (global $y (mut ${operand}) (${operand}.const ${y}))
      (func (export "_start") (local $x ${operand}) (local $y ${operand}) (local $r i64) (local.set $y (global.get $y))
      (loop $again ${chain.repeat(CHAINS)} (i64.store (i32.const 0) (local.get $r)) (br $again))))`,
  };
}

/** The conversion has no instruction in the lowered code. */
function toBits(type: NumberType, value: string): string {
  if (type === 'i64') return value;
  if (type === 'f64') return `(i64.reinterpret_f64 ${value})`;
  return `(i64.extend_i32_u ${type === 'i32' ? value : `(i32.reinterpret_f32 ${value})`})`;
}

function fromBits(type: NumberType, bits: string): string {
  if (type === 'i64') return bits;
  if (type === 'f64') return `(f64.reinterpret_i64 ${bits})`;
  const low = `(i32.wrap_i64 ${bits})`;
  return type === 'i32' ? low : `(f32.reinterpret_i32 ${low})`;
}
