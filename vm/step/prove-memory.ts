// docs/machine.md#proof: item 4, leaves of code, data and memory.
import { hexToBytes } from '../../protocol/hex.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { memoryAddressOf, readSlot, readWord } from './fetch.ts';
import { copyPart } from './host.ts';
import type { ProvenInstruction } from './proven-step.ts';
import { staticTree } from './static-tree.ts';

const BYTES = { load8: 1, load16: 2, load32: 4, load64: 8, store8: 1, store16: 2, store32: 4, store64: 8 } as const;

export function proveMemory(step: ProvenInstruction): void {
  const { name, shape } = step.instruction;
  if (name === 'table_get') proveEntry(step);
  else if (shape === 'load') proveLoad(step);
  else if (shape === 'store') proveStore(step);
  else if (name === 'memory_fill') proveTarget(step);
  else if (name === 'memory_copy') proveCopy(step);
  else if (name === 'memory_init') proveInit(step);
  else if (name === 'dot_i8') proveDot(step);
}

function proveEntry({ machine, witness, b, high, low }: ProvenInstruction): void {
  const index = readWord(machine, machine.fp + b);
  if (index < low && high + index < machine.core.codeCount) witness.code(high + index);
}

function sizeOf({ instruction }: ProvenInstruction): number {
  const [key] = /^(load|store)\d+/.exec(instruction.name)!;
  return BYTES[key as keyof typeof BYTES];
}

function proveLoad(step: ProvenInstruction): void {
  if (!step.faults) step.witness.memory(memoryAddressOf(step.machine, step), sizeOf(step));
}

function proveStore(step: ProvenInstruction): void {
  const { machine, witness, outcome } = step;
  if (step.faults) return;
  const address = memoryAddressOf(machine, step);
  const last = Math.floor((address + sizeOf(step) - 1) / LEAF_BYTES);
  witness.memory(address, 1);
  if (last !== outcome.memory.index) witness.memoryLeafAfter(last, outcome.memory);
}

function bulkArguments({ machine, a }: ProvenInstruction): { dst: number; src: number; n: number } {
  const word = (index: number): number => readWord(machine, machine.fp + a + index);
  return { dst: word(0), src: word(1), n: word(2) };
}

function proveTarget(step: ProvenInstruction): void {
  const { dst, n } = bulkArguments(step);
  if (!step.faults && n > 0) step.witness.memory(dst, 1);
}

function proveCopy(step: ProvenInstruction): void {
  const { dst, src, n } = bulkArguments(step);
  if (step.faults || n === 0) return;
  const forward = dst <= src;
  const before = (end: number): number => end % LEAF_BYTES || LEAF_BYTES;
  const k = forward ? copyPart(dst, src, n) : Math.min(n, before(dst + n), before(src + n));
  const skip = forward ? 0 : n - k;
  step.witness.memory(src + skip, k);
  step.witness.memory(dst + skip, 1);
}

function proveInit(step: ProvenInstruction): void {
  const { machine, witness, high, low } = step;
  const { dst, src, n } = bulkArguments(step);
  const length = readSlot(machine, high);
  if (dst + n > machine.core.size() || BigInt(src + n) > length) return;
  const data = staticTree(machine.options.program.data);
  witness.bytes(machine.context);
  witness.bytes(hexToBytes(data.root));
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(data.length));
  witness.bytes(size);
  if (step.faults || n === 0) return;
  witness.object(data, low + src, copyPart(dst, low + src, n));
  witness.memory(dst, 1);
}

function proveDot({ machine, witness, a, faults }: ProvenInstruction): void {
  const word = (index: number): number => readWord(machine, machine.fp + a + index);
  const [left, right, n] = [word(1), word(2), word(3)];
  if (faults || n === 0) return;
  witness.memory(left, 1);
  witness.memory(right, 1);
}
