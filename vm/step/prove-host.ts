// docs/machine.md#proof: item 4 of host instructions.
import { createWriter } from '../../protocol/bytes.ts';
import { hexToBytes } from '../../protocol/hex.ts';
import { INSTRUCTION_BYTES } from '../../protocol/isa.ts';
import { encodeProgramHeader } from '../../protocol/program.ts';
import { encodeExecInputs } from '../../protocol/state.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { readSlot, readWord } from './fetch.ts';
import { copyPart, ecrecoverFaults, preimageFaults } from './host.ts';
import type { Machine } from './machine.ts';
import type { ProvenInstruction } from './proven-step.ts';
import { type StaticTree, staticTree } from './static-tree.ts';

const RECORD_BYTES = 64;
const HASH_BYTES = 32;

export function proveHost(step: ProvenInstruction): void {
  PROVERS[step.instruction.name]?.(step);
}

const word = ({ machine, a }: ProvenInstruction, index: number): number => readWord(machine, machine.fp + a + index);
const leafAt = (step: ProvenInstruction, address: number): void => step.witness.memory(address, 1);
const proveContext = ({ machine, witness }: ProvenInstruction): void => witness.bytes(machine.context);

const PROVERS: Readonly<Record<string, (step: ProvenInstruction) => void>> = {
  input_count: proveContext,
  clock: proveContext,
  random: proveContext,
  input_size(step) {
    proveRecord(step, word(step, 0));
  },
  input_read(step) {
    const { machine, witness, a, faults } = step;
    const dst = word(step, 0);
    const index = word(step, 1);
    const n = word(step, 3);
    if (dst + n > machine.core.size()) return;
    proveRecord(step, index);
    if (faults || n === 0) return;
    const input = staticTree(machine.options.inputs[index]!);
    witness.bytes(hexToBytes(input.root));
    const offset = Number(readSlot(machine, machine.fp + a + 2));
    witness.object(input, offset, copyPart(dst, offset, n));
    leafAt(step, dst);
  },
  output_write(step) {
    const { machine, witness, faults } = step;
    const n = word(step, 1);
    if (faults || n === 0) return;
    const { output } = machine;
    const src = word(step, 0);
    witness.memory(src, copyPart(output.length(), src, n));
    if (output.length() % LEAF_BYTES !== 0) witness.bytes(output.lastLeaf());
    witness.hashes(output.siblings());
  },
  preimage(step) {
    const { machine, witness } = step;
    const hash = word(step, 0);
    const dst = word(step, 1);
    const done = word(step, 2);
    if (preimageFaults(hash, dst, machine.core.size())) return;
    leafAt(step, hash);
    const bytes = machine.options.preimage(machine.core.guest(hash, HASH_BYTES).slice());
    witness.bytes(createWriter().u16(bytes.length).bytes(bytes).finish());
    if (done < bytes.length) leafAt(step, dst + done);
  },
  exec(step) {
    const { witness, outcome, programOf } = step;
    if (outcome.stop?.kind !== 'exec') return;
    leafAt(step, word(step, 0));
    const { header, code } = programOf(outcome.stop.request);
    const count = code.length / INSTRUCTION_BYTES;
    witness.bytes(encodeProgramHeader(header));
    witness.bytes(createWriter().hex(staticTree(code).root, HASH_BYTES).u32(count).finish());
  },
  ecrecover(step) {
    const src = word(step, 0);
    const dst = word(step, 1);
    if (ecrecoverFaults(src, dst, step.machine.core.size())) return;
    leafAt(step, src);
    leafAt(step, dst);
  },
  commit(step) {
    if (!step.faults) leafAt(step, word(step, 0));
  },
};

function proveRecord(step: ProvenInstruction, index: number): void {
  const { machine, witness } = step;
  proveContext(step);
  if (index >= machine.inputRefs.length) return;
  const list = inputList(machine);
  witness.bytes(hexToBytes(list.root));
  witness.object(list, index * RECORD_BYTES, RECORD_BYTES);
}

const lists = new WeakMap<Machine, Uint8Array>();

function inputList(machine: Machine): StaticTree {
  const bytes = lists.get(machine) ?? encodeExecInputs(machine.inputRefs);
  lists.set(machine, bytes);
  return staticTree(bytes);
}
