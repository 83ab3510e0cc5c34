// docs/machine.md#proof: item 3, the slots that an instruction touches.
import { SLOT_COUNT } from '../../protocol/isa.ts';
import type { ProvenInstruction } from './proven-step.ts';

/** Argument slots of the host functions; a function without arguments has one for its result. */
const HOST_SLOTS: Readonly<Record<string, number>> = {
  input_count: 1,
  input_size: 1,
  input_read: 4,
  output_write: 2,
  clock: 1,
  random: 1,
  dot_i8: 4,
  log: 0,
  exit: 1,
  preimage: 3,
  exec: 2,
  ecrecover: 2,
  commit: 1,
};

export function proveSlots(step: ProvenInstruction): void {
  for (const slot of slotsOf(step)) step.witness.slot(slot);
}

/** Slots in the order in which they are proven. */
function slotsOf({ instruction, immediate, machine, faults, a, b, c, imm, high }: ProvenInstruction): number[] {
  const { fp } = machine;
  const slot = (field: number): number => (fp + field) % SLOT_COUNT;
  const record = faults ? [] : [fp + a + b];
  switch (instruction.shape) {
    case 'none':
    case 'jump':
    case 'enter':
    case 'entry':
      return [];
    case 'branch':
    case 'brTable':
    case 'return':
      return [slot(b)];
    case 'call':
      return record;
    case 'callIndirect':
      return [slot(c), ...record];
    case 'tableGet':
      return [slot(b), slot(a)];
    case 'unary':
    case 'load':
      return immediate ? [slot(a)] : [slot(b), slot(a)];
    case 'binary':
      return immediate ? [slot(b), slot(a)] : [slot(b), slot(c), slot(a)];
    case 'select':
      return [slot(b), slot(c), slot(Number(imm & 0xffffn)), slot(a)];
    case 'globalGet':
      return [b, slot(a)];
    case 'globalSet':
      return immediate ? [a] : [slot(b), a];
    case 'store':
      return immediate ? [slot(b)] : [slot(b), slot(c)];
    case 'result':
      return [slot(a)];
    case 'bulk':
      return [slot(a), slot(a + 1), slot(a + 2)];
    case 'memoryInit':
      return [slot(a), slot(a + 1), slot(a + 2), high % SLOT_COUNT];
    case 'host':
      return Array.from({ length: HOST_SLOTS[instruction.name]! }, (_, i) => slot(a + i));
  }
}
