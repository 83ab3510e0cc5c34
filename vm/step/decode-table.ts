// docs/vm.md#code: the number and the kinds of fields of each instruction, as the core's decoder reads them
// (assembly/decode.ts).
import { INSTRUCTIONS, OP, SHAPES, type Shape } from '../../protocol/isa.ts';

const KINDS: Partial<Record<Shape, number>> = {
  jump: 1,
  branch: 1,
  call: 2,
  callIndirect: 3,
  select: 4,
  globalGet: 5,
  globalSet: 6,
  enter: 7,
  load: 8,
  store: 9,
  bulk: 10,
  memoryInit: 10,
  host: 10,
};
const ENTRIES = 2048;
const IMMEDIATE_ENTRY = 1024;
/** An immediate store packs its offset and its value, so any immediate is allowed. */
const PLAIN = 0;

/** True for the instructions that only the kernel has. */
export function isKernelOnly(op: number): boolean {
  return op >= OP.preimage && op <= OP.commit;
}

/**
 * By `op | immediate << 10`: the interpreter's number in the low half, the kind in the high one. 0 is `trap`: undefined
 * instructions fault.
 */
export function decodeTable(kernel: boolean): Uint32Array {
  const table = new Uint32Array(ENTRIES);
  INSTRUCTIONS.forEach(({ op, shape }, number) => {
    if (isKernelOnly(op) && !kernel) return;
    const kind = KINDS[shape] ?? PLAIN;
    table[op] = (kind << 16) | number;
    if (!SHAPES[shape].immediate) return;
    table[op + IMMEDIATE_ENTRY] = ((shape === 'store' ? PLAIN : kind) << 16) | (number + INSTRUCTIONS.length);
  });
  return table;
}
