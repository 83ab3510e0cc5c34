// docs/vm.md#checks: operands at the edges of what an instruction takes; what the raw fuzz is to reach of them is in raw-goals.ts.
import type { Instruction } from '../../protocol/isa.ts';

export type Edge = { readonly name: string; readonly bits: bigint };
export type OperandType = 'i32' | 'i64' | 'f32' | 'f64';

const integers = (bits: number): Edge[] => {
  const all = (1n << BigInt(bits)) - 1n;
  return [
    { name: '0', bits: 0n },
    { name: '1', bits: 1n },
    { name: '-1', bits: all },
    { name: 'max', bits: all >> 1n },
    { name: 'min', bits: (all >> 1n) + 1n },
  ];
};

const floats = (bits: number, fraction: number): Edge[] => {
  const sign = 1n << BigInt(bits - 1);
  const infinity = sign - (1n << BigInt(fraction));
  const quiet = 1n << BigInt(fraction - 1);
  return [
    { name: '0', bits: 0n },
    { name: '-0', bits: sign },
    { name: 'smallest', bits: 1n },
    { name: 'largest', bits: infinity - 1n },
    { name: 'infinity', bits: infinity },
    { name: '-infinity', bits: infinity | sign },
    { name: 'the canonical NaN', bits: infinity | quiet },
    { name: 'a NaN with a payload', bits: infinity | quiet | sign | 0x123n },
    { name: 'a signalling NaN', bits: infinity | 1n },
  ];
};

export const EDGES: Readonly<Record<OperandType, readonly Edge[]>> = {
  i32: integers(32),
  i64: integers(64),
  f32: floats(32, 23),
  f64: floats(64, 52),
};

/** Of what type the operands of an arithmetic instruction are: `i32_trunc_f64_s` takes an f64. */
export function operandType({ name, family, shape }: Instruction): OperandType | undefined {
  if ((family !== 'integer' && family !== 'float') || (shape !== 'unary' && shape !== 'binary')) return undefined;
  const from = /_(?:trunc|trunc_sat|convert|wrap|demote|promote)_([if](?:32|64))/.exec(name);
  return (from?.[1] ?? name.slice(0, 3)) as OperandType;
}

/** The edges of the instruction's operands; a truncation has those of its range besides. */
export function edgesOf(instruction: Instruction): readonly Edge[] {
  const type = operandType(instruction);
  if (type === undefined) return [];
  return [...EDGES[type], ...rangeEdges(instruction.name)];
}

const view = new DataView(new ArrayBuffer(8));

/** The last float on each side of a truncation's range, and the first beyond it. */
function rangeEdges(name: string): Edge[] {
  const match = /^i(32|64)_trunc(?:_sat)?_f(32|64)_([su])$/.exec(name);
  if (match === null) return [];
  const [bits, from, signed] = [Number(match[1]), Number(match[2]), match[3] === 's'];
  const above = signed ? 2 ** (bits - 1) : 2 ** bits;
  const least = signed ? -(2 ** (bits - 1)) : 0;
  // The first float at or below the least number minus one: both may be one where floats are sparse.
  let below = toBits(least - 1, from);
  if (fromBits(below, from) > least - 1 || fromBits(below, from) === least) below++;
  return [
    { name: 'the last in range', bits: toBits(above, from) - 1n },
    { name: 'the first above', bits: toBits(above, from) },
    { name: 'the lowest in range', bits: below - 1n },
    { name: 'the first below', bits: below },
  ];
}

function toBits(value: number, width: number): bigint {
  if (width === 64) {
    view.setFloat64(0, value);
    return view.getBigUint64(0);
  }
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
}

function fromBits(bits: bigint, width: number): number {
  if (width === 64) {
    view.setBigUint64(0, bits);
    return view.getFloat64(0);
  }
  view.setUint32(0, Number(bits));
  return view.getFloat32(0);
}
