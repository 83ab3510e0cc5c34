// docs/machine.md#proof: the one-step proof of the instruction that a machine is about to execute.
import { LEAF_BYTES } from '../../protocol/tree.ts';
import type { Program } from '../program.ts';
import { MACHINE_KIND } from './encode.ts';
import { type Fetched, fetchInstruction, memoryAddressOf } from './fetch.ts';
import { cannotFetch, encodeRunning, type Machine, runMachine } from './machine.ts';
import { proveHost } from './prove-host.ts';
import { proveMemory } from './prove-memory.ts';
import { proveSlots } from './prove-slots.ts';
import type { ProvenInstruction, ProvenOutcome } from './proven-step.ts';
import { createWitness, type Witness } from './witness.ts';

/** `parent` is the kernel that waits for this program. The machine's state stays as it is. */
export function proveStep(
  machine: Machine,
  parent: Machine | undefined,
  programOf: (request: Uint8Array) => Program,
): Uint8Array {
  const witness = createWitness(machine);
  witness.bytes(encodeRunning(machine));
  const fetched = cannotFetch(machine) || machine.debt > 0n ? undefined : fetchInstruction(machine);
  const outcome = tryStep(machine, fetched);
  const { stop } = outcome;
  if (fetched !== undefined) witness.code(machine.pc);
  if (fetched?.instruction !== undefined) {
    const { instruction } = fetched;
    const faults = stop?.kind === 'fault';
    const step: ProvenInstruction = { ...fetched, instruction, machine, witness, outcome, faults, programOf };
    proveSlots(step);
    proveMemory(step);
    proveHost(step);
  }
  if (machine.options.kind === MACHINE_KIND.user && stop !== undefined && stop.kind !== 'exec')
    proveEnd(machine, parent, witness);
  return witness.finish();
}

function tryStep(machine: Machine, fetched: Fetched | undefined): ProvenOutcome {
  const { core } = machine;
  const state = machine.snapshot();
  const stores = fetched?.instruction?.shape === 'store';
  const leaf = stores ? Math.floor(memoryAddressOf(machine, fetched) / LEAF_BYTES) : 0;
  runMachine(machine, 1n);
  const { stop } = machine;
  const outcome = {
    stop,
    memory: { index: leaf, bytes: core.guest(leaf * LEAF_BYTES, LEAF_BYTES).slice() },
  };
  machine.restore(state);
  core.rehash();
  return outcome;
}

function proveEnd(machine: Machine, parent: Machine | undefined, witness: Witness): void {
  witness.bytes(machine.context);
  if (parent === undefined) return;
  witness.bytes(encodeRunning(parent));
  const ofParent = createWitness(parent);
  ofParent.memory(machine.options.resultAddress, LEAF_BYTES);
  witness.bytes(ofParent.finish());
}
