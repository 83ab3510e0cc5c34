// docs/machine.md: single exported functions called in the step machine; steps of some calls are kept with proofs.
import { SLOT_COUNT } from '../../protocol/isa.ts';
import { recordSlot } from '../../vm/lower/frame.ts';
import { lowerModule } from '../../vm/lower/module.ts';
import { assembleProgram } from '../../vm/program.ts';
import { CORE } from '../../vm/step/core.ts';
import { hashHalted, MACHINE_KIND, NO_PARENT } from '../../vm/step/encode.ts';
import { endingOf } from '../../vm/step/ending.ts';
import { fetchInstruction } from '../../vm/step/fetch.ts';
import { cannotFetch, createMachine, hashRunning, type Machine, runMachine } from '../../vm/step/machine.ts';
import { proveStep } from '../../vm/step/prove.ts';
import { nameOf } from '../../vm/step/trace.ts';
import { type Module, typeOfFunction } from '../../vm/wasm/module.ts';
import { EMPTY_ENTRY } from './bits.ts';
import type { SampledStep, Sampler } from './sampled-step.ts';
import { type CallOutcome, exportIndex, GAS, type TestInstance } from './test-instance.ts';

/** The halt that ends a call is not the function's own. */
const HALT_GAS = 1n;
const NO_KERNEL = (): never => {
  throw new Error('a test is no kernel');
};

/** `source` has gone through exportBits. Steps that `sampler` picks are appended to its list. */
export function instantiateStep(source: Module, sampler?: Sampler): TestInstance {
  const lowered = lowerModule(source, { entry: EMPTY_ENTRY, callStart: true });
  const program = assembleProgram(source, lowered, undefined);
  const machine = createMachine({
    kind: MACHINE_KIND.user,
    program,
    inputs: [],
    gasLimit: GAS + HALT_GAS,
    timestampNs: 0n,
    seed: new Uint8Array(32),
    resultAddress: 0,
    parent: NO_PARENT,
    preimage: NO_KERNEL,
    ecrecover: NO_KERNEL,
  });
  const { view } = machine.core;
  const slot = (index: number): number => CORE.slots + 8 * (program.header.globals + index);
  const call = (pc: number, gas: bigint, results: number): CallOutcome => {
    Object.assign(machine, { pc, fp: program.header.globals % SLOT_COUNT, gasLeft: gas, debt: 0n, stop: undefined });
    run(machine, sampler);
    const { stop } = machine;
    if (stop?.kind !== 'exit') return { kind: 'fault', message: stop?.kind ?? 'none' };
    const values = Array.from({ length: results }, (_, i) => view().getBigUint64(slot(i), true));
    // As much as the function itself used.
    return { kind: 'values', values, gasUsed: GAS - machine.gasLeft };
  };
  return {
    start: () => call(program.header.entry, GAS, 0),
    invoke(name, args) {
      const { module } = lowered;
      const index = exportIndex(module, name);
      const type = typeOfFunction(module, index);
      args.forEach((bits, i) => {
        view().setBigUint64(slot(i), bits, true);
      });
      view().setBigUint64(slot(recordSlot(type)), BigInt(lowered.haltAt) << 32n, true);
      return call(lowered.starts[index]!, GAS + HALT_GAS, type.results.length);
    },
  };
}

function run(machine: Machine, sampler: Sampler | undefined): void {
  if (sampler === undefined || !sampler.wantsCall()) {
    toStop(machine);
    return;
  }
  // Once to learn how long it is, and again from one proven step to the next.
  const start = machine.snapshot();
  const length = toStop(machine);
  machine.restore(start);
  let position = 0n;
  for (const wanted of sampler.pick(length)) {
    while (position < wanted) position += runMachine(machine, wanted - position);
    sampler.steps.push(proveNext(machine));
    position++;
  }
  toStop(machine);
}

/** Proves the step that is next and takes it. */
function proveNext(machine: Machine): SampledStep {
  const name = machine.debt > 0n ? 'debt' : nameOf(cannotFetch(machine) ? undefined : fetchInstruction(machine));
  const before = hashRunning(machine);
  const proof = proveStep(machine, undefined, NO_KERNEL);
  runMachine(machine, 1n);
  const after = machine.stop === undefined ? hashRunning(machine) : hashHalted(endingOf(machine).halted);
  return { name, before, after, proof };
}

function toStop(machine: Machine): bigint {
  let steps = 0n;
  while (machine.stop === undefined) steps += runMachine(machine, 1n << 40n);
  return steps;
}
