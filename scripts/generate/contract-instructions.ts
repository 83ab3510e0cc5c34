// docs/contracts.md#generated: the instruction table as Solidity constants.
import { KEEP_BYTE_GAS, PAGE_GAS } from '../../protocol/constants.ts';
import {
  FAMILIES,
  type Family,
  FRAME_SLOTS_PER_GAS,
  INSTRUCTIONS,
  OP,
  type OpName,
  SHAPES,
} from '../../protocol/isa.ts';

export const SOLIDITY_INSTRUCTIONS_PATH = 'contracts/src/generated/Instructions.sol';

const FAMILY_SHIFT = 7;
const KERNEL_ONLY: readonly OpName[] = ['preimage', 'exec', 'ecrecover', 'commit'];

export function generateSolidityInstructions(): string {
  const lines = [
    decimal('FAMILY_SHIFT', FAMILY_SHIFT),
    ...FAMILIES.map((family, index) => decimal(`FAMILY_${family.toUpperCase()}`, index)),
    '    /// @dev Number of instructions of each family, a byte each.',
    word('COUNTS', packCounts()),
    '    /// @dev Bit i: instruction i of the family takes the immediate bit.',
    ...FAMILIES.map((family) => word(`IMMEDIATE_${family.toUpperCase()}`, bitmap(family, takesImmediate))),
    '    /// @dev Bit i: instruction i of the family has two operands.',
    ...(['integer', 'float'] as const).map((family) =>
      word(`BINARY_${family.toUpperCase()}`, bitmap(family, isBinary)),
    ),
    '    /// @dev Bit i: only the kernel may execute host instruction i.',
    word(
      'KERNEL_ONLY_HOST',
      bitmap('host', (name) => KERNEL_ONLY.includes(name)),
    ),
    '    /// @dev Gas of host instruction i, 20 bits each.',
    `    uint256 internal constant GAS_HOST = 0x${hex(packHostGas(), 64)};`,
    decimal('GAS_MEMORY_GROW', priceOf('memory_grow')),
    decimal('GAS_DOT_I8', priceOf('dot_i8')),
    decimal('GAS_PAGE', Number(PAGE_GAS)),
    decimal('GAS_KEEP_BYTE', Number(KEEP_BYTE_GAS)),
    decimal('FRAME_SLOTS_PER_GAS', FRAME_SLOTS_PER_GAS),
    '    /// @dev From an instruction on 32 bits to the same one on 64 bits.',
    decimal('I64_OFFSET', parallel('i32_', 'i64_', 'integer')),
    decimal('F64_OFFSET', parallel('f32_', 'f64_', 'float')),
    ...INSTRUCTIONS.map(({ name, op }) => `    uint256 internal constant ${name.toUpperCase()} = 0x${hex(op, 3)};`),
  ];
  return `// SPDX-License-Identifier: MIT
// Generated from protocol/isa.ts by scripts/generate/contracts.ts.
pragma solidity 0.8.37;

library Instructions {
${lines.join('\n')}
}
`;
}

/**
 * The distance between the two numbers of an instruction, which is the same for all instructions that both widths have;
 * conversions are written by hand.
 */
function parallel(narrow: string, wide: string, family: Family): number {
  const pairs = INSTRUCTIONS.filter((i) => i.family === family && i.name.startsWith(narrow)).flatMap(({ name, op }) => {
    const other = OP[name.replace(narrow, wide) as OpName];
    return other === undefined || name.includes('convert') ? [] : [other - op];
  });
  const distance = pairs[0] as number;
  if (pairs.some((pair) => pair !== distance)) throw new Error(`${narrow} and ${wide} are not numbered alike`);
  return distance;
}

const GAS_BITS = 20n;
const PRICED: readonly OpName[] = ['memory_grow', 'dot_i8'];

/** Of the other families the verifier knows those of `PRICED` and `enter`; everything else costs 1. */
function packHostGas(): bigint {
  for (const { name, family, gas } of INSTRUCTIONS) {
    if (gas >= 2 ** Number(GAS_BITS)) throw new Error(`${name} costs more than ${GAS_BITS} bits hold`);
    if (gas !== 1 && family !== 'host' && !PRICED.includes(name))
      throw new Error(`the verifier has no price of ${name}`);
  }
  return INSTRUCTIONS.filter(({ family }) => family === 'host').reduce(
    (packed, { gas }, index) => packed | (BigInt(gas) << (GAS_BITS * BigInt(index))),
    0n,
  );
}

function priceOf(name: OpName): number {
  return INSTRUCTIONS[INSTRUCTIONS.findIndex((instruction) => instruction.name === name)]!.gas;
}

function packCounts(): bigint {
  return FAMILIES.reduce((packed, family, index) => {
    const count = INSTRUCTIONS.filter((instruction) => instruction.family === family).length;
    return packed | (BigInt(count) << BigInt(8 * index));
  }, 0n);
}

function bitmap(family: Family, has: (name: OpName, shape: keyof typeof SHAPES) => boolean): bigint {
  return INSTRUCTIONS.filter((instruction) => instruction.family === family).reduce(
    (bits, { name, shape }, index) => bits | (has(name, shape) ? 1n << BigInt(index) : 0n),
    0n,
  );
}

function takesImmediate(_: OpName, shape: keyof typeof SHAPES): boolean {
  return SHAPES[shape].immediate;
}

function isBinary(_: OpName, shape: keyof typeof SHAPES): boolean {
  return shape === 'binary';
}

function decimal(name: string, value: number): string {
  return `    uint256 internal constant ${name} = ${value};`;
}

// The number has an even count of digits, and forge fmt groups none of them.
function word(name: string, value: bigint): string {
  return `    uint256 internal constant ${name} = 0x${hex(value, 32)};`;
}

function hex(value: number | bigint, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
