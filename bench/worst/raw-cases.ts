// docs/vm.md#gas: code that no module lowers to, which only the step machine runs.
import { INSTRUCTION_BYTES, OP } from '../../protocol/isa.ts';
import { objectRoot, treeRoot } from '../../protocol/tree.ts';
import type { Program } from '../../vm/program.ts';
import type { RawCase } from './measure.ts';

/** 100 MB when it is decoded: more than any cache. */
const INSTRUCTIONS = 1 << 22;

export function rawCases(): RawCase[] {
  return [
    // An odd factor and an odd addend make a cycle through all of them.
    {
      name: 'jump anywhere in 4 million instructions',
      gas: 2_000_000n,
      program: jumps((pc) => (Math.imul(pc, 1_664_525) + 1_013_904_223) & (INSTRUCTIONS - 1)),
    },
    { name: 'jump to itself', program: jumps((pc) => pc, 1) },
  ];
}

function jumps(target: (pc: number) => number, count = INSTRUCTIONS): Program {
  const view = new DataView(new ArrayBuffer(count * INSTRUCTION_BYTES));
  for (let pc = 0; pc < count; pc++) {
    view.setUint16(pc * INSTRUCTION_BYTES, OP.jump);
    view.setUint32(pc * INSTRUCTION_BYTES + 12, target(pc));
  }
  const code = new Uint8Array(view.buffer);
  const empty = new Uint8Array(0);
  const header = {
    version: 1n,
    codeRoot: objectRoot(code),
    memoryRoot: treeRoot(empty),
    slotsRoot: treeRoot(empty, 12),
    dataRoot: objectRoot(empty),
    pagesInitial: 0,
    pagesMax: 0,
    entry: 0,
    globals: 0,
  };
  return { header, code, memory: empty, slots: empty, data: empty };
}
