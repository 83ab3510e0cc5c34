// docs/vm.md#code: the instruction that a machine is about to execute, with its fields.
import {
  IMMEDIATE_BIT,
  INSTRUCTION_BYTES,
  type Instruction,
  instructionOf,
  SHAPES,
  SLOT_COUNT,
} from '../../protocol/isa.ts';
import { CORE } from './core.ts';
import { isKernelOnly } from './decode-table.ts';
import { MACHINE_KIND } from './encode.ts';
import type { Machine } from './machine.ts';

export type Fetched = {
  /** With the immediate bit. */
  readonly op: number;
  /**
   * Undefined if executing it faults: there is no such op, it must not have the immediate bit, or it is one of the
   * kernel's in a user program.
   */
  readonly instruction: Instruction | undefined;
  readonly immediate: boolean;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly imm: bigint;
  readonly high: number;
  readonly low: number;
};

/** The pc must be within the code. */
export function fetchInstruction({ options, pc }: Machine): Fetched {
  const { code } = options.program;
  const view = new DataView(code.buffer, code.byteOffset + pc * INSTRUCTION_BYTES, INSTRUCTION_BYTES);
  const op = view.getUint16(0);
  const number = op & ~IMMEDIATE_BIT;
  const immediate = op !== number;
  const known = instructionOf(number);
  const allowed =
    known !== undefined &&
    (!immediate || SHAPES[known.shape].immediate) &&
    (options.kind === MACHINE_KIND.kernel || !isKernelOnly(number));
  return {
    op,
    instruction: allowed ? known : undefined,
    immediate,
    a: view.getUint16(2),
    b: view.getUint16(4),
    c: view.getUint16(6),
    imm: view.getBigUint64(8),
    high: view.getUint32(8),
    low: view.getUint32(12),
  };
}

/** Slot `index`, modulo their number, as 64 bits. */
export function readSlot({ core }: Machine, index: number): bigint {
  return core.view().getBigUint64(CORE.slots + 8 * (index % SLOT_COUNT), true);
}

/** Its low 32 bits. */
export function readWord({ core }: Machine, index: number): number {
  return core.view().getUint32(CORE.slots + 8 * (index % SLOT_COUNT), true);
}

/** Address of a load or store. */
export function memoryAddressOf(machine: Machine, { instruction, immediate, b, imm, high }: Fetched): number {
  if (instruction?.shape === 'load' && immediate) return Number(imm);
  return readWord(machine, machine.fp + b) + (immediate ? high : Number(imm));
}
