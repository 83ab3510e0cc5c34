// docs/machine.md: the step machine's core: a program, its state and their hashes in one memory.
import { init as initHash } from '../../../protocol/assembly/tree';
import { countSentinels, decode, farthest } from './decode';
import { debt, fp, ip, runFast, runMasked, setRegisters, status } from './interpreter';
import { code, CODE_BYTES, codeCount, codeEnd, DYNAMIC, memoryBytes, memoryStart, pagesMax, PAGE_BYTES, place, reserve, RUNNING, setMemoryBytes, SLOT_LEAVES, SLOT_TREE, SLOTS, topLeaves, topTree } from './layout';
import { clearTree } from './roots';

export { keccak, leaves, up, zeroRoot } from '../../../protocol/assembly/tree';
export { data, dirty, memoryStart, pageChanged } from './layout';
export { debt, farPc, fp, status } from './interpreter';
export { markChangedPages, memorySiblings, rehash, restorePage, slotSiblings } from './roots';

/** Steps that the slower loop does before it is tested again whether the faster one can run. */
const MASKED_STEPS: u32 = 4096;

let fastEnd: i64 = 0;

export function start(): usize {
  return initHash();
}

/** Makes room for the raw code and returns its address; `load` takes it from there. The result is 0 without memory. */
export function reserveCode(count: u32): usize {
  return reserve(<u64>DYNAMIC + (<u64>count << 4)) ? DYNAMIC : 0;
}

/** How many instructions are added behind the code that lies at `raw`. */
export function sentinels(raw: usize, count: u32): u32 {
  return countSentinels(raw, count);
}

/** Lays the machine out; returns where the raw code goes next, or 0 if the host has no memory. */
export function layOut(count: u32, added: u32, dataLength: u32, pages: u32, maximum: u32): usize {
  place(count, added, dataLength, maximum);
  const raw = memoryStart;
  if (!reserve(<u64>raw + max(<u64>pages * PAGE_BYTES, <u64>count << 4))) return 0;
  memory.fill(DYNAMIC, 0, <usize>count << 4);
  setMemoryBytes(<u64>pages * PAGE_BYTES);
  clearTree(SLOT_TREE, SLOT_LEAVES, 0);
  clearTree(topTree, topLeaves, 9);
  return raw;
}

/** Decodes the raw code and leaves the guest's memory zero. */
export function decodeCode(raw: usize): void {
  decode(raw);
  memory.fill(raw, 0, <usize>codeCount << 4);
  fastEnd = 65536 - 2 * <i64>farthest - 4;
}

/** Continues at a pc within the code. */
export function setPc(pc: u32, frame: u32): void {
  setRegisters(code + <usize>pc * CODE_BYTES, SLOTS + (<usize>frame << 3));
}

export function getPc(): u32 {
  return ip < codeEnd ? <u32>((ip - code) / CODE_BYTES) : load<u32>(ip, 16);
}

/** Bytes of the guest's memory. The type is a float, because a 64-bit integer takes JavaScript ten times as long. */
export function memorySize(): f64 {
  return <f64>memoryBytes;
}

export function setPages(pages: u32): bool {
  if (pages > pagesMax || !reserve(<u64>memoryStart + <u64>pages * PAGE_BYTES)) return false;
  setMemoryBytes(<u64>pages * PAGE_BYTES);
  return true;
}

/** Does up to `steps` steps; returns how many were not done. */
export function run(steps: u32): u32 {
  let left = steps;
  const end: usize = fastEnd < 0 ? 0 : SLOTS + (<usize>fastEnd << 3);
  while (left != 0) {
    if (fp <= end) left = runFast(left, end);
    else {
      const part = min(left, MASKED_STEPS);
      left = left - part + runMasked(part);
    }
    if (status != RUNNING || debt != 0) break;
  }
  return left;
}
