// docs/machine.md: single exported functions called in the step machine; a sample of their steps is kept with proofs.
import type { Hex } from '../../protocol/hex.ts';
import { SLOT_COUNT } from '../../protocol/isa.ts';
import { type Module, typeOfFunction } from '../../vm/decode/module.ts';
import { recordSlot } from '../../vm/lower/frame.ts';
import { lowerModule } from '../../vm/lower/module.ts';
import { assembleProgram } from '../../vm/program.ts';
import { CORE } from '../../vm/step/core.ts';
import { hashHalted, MACHINE_KIND, NO_PARENT } from '../../vm/step/encode.ts';
import { endingOf } from '../../vm/step/ending.ts';
import { fetchInstruction } from '../../vm/step/fetch.ts';
import type { Stop } from '../../vm/step/host.ts';
import { cannotFetch, createMachine, hashRunning, type Machine, runMachine } from '../../vm/step/machine.ts';
import { proveStep } from '../../vm/step/prove.ts';
import { nameOf } from '../../vm/step/trace.ts';
import { EMPTY_ENTRY } from './bits.ts';
import { exportIndex, GAS, type Outcome, type TestInstance } from './engines.ts';

export type SampledStep = {
  readonly name: string;
  readonly before: Hex;
  readonly after: Hex;
  readonly proof: Uint8Array;
};

/** Which steps are proven: of each `every`th call one, seeded; they are appended to `steps`. */
export type StepSampler = { readonly every: number; readonly steps: SampledStep[]; calls: number; state: number };

export function createSampler(every: number, seed: number): StepSampler {
  return { every, steps: [], calls: 0, state: seed >>> 0 };
}

/** The halt that ends a call is not the function's own. */
const HALT_GAS = 1n;
const NO_KERNEL = (): never => {
  throw new Error('a test is no kernel');
};

/** `source` has gone through exportBits. */
export function instantiateStep(source: Module, sampler: StepSampler | undefined): TestInstance {
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
  const call = (pc: number, gas: bigint, results: number): Outcome => {
    machine.pc = pc;
    machine.fp = program.header.globals % SLOT_COUNT;
    machine.gasLeft = gas;
    machine.stop = undefined;
    const stop = run(machine, sampler);
    if (stop.kind !== 'exit') return { kind: 'fault', message: stop.kind };
    const values = Array.from({ length: results }, (_, i) => view().getBigUint64(slot(i), true));
    // As much as the function itself used.
    return { kind: 'values', values, gasUsed: gas - machine.gasLeft - (gas - GAS) };
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

function run(machine: Machine, sampler: StepSampler | undefined): Stop {
  if (sampler === undefined || sampler.calls++ % sampler.every !== 0) return toStop(machine).stop;
  // Once to learn how long it is, and again up to the step that is proven.
  const start = machine.snapshot();
  const { steps } = toStop(machine);
  machine.restore(start);
  sampler.state = (Math.imul(sampler.state, 1_103_515_245) + 12_345) >>> 0;
  let ahead = (BigInt(sampler.state >>> 4) * 16n) % steps;
  while (ahead > 0n) ahead -= runMachine(machine, ahead);
  sampler.steps.push(sampleStep(machine));
  return toStop(machine).stop;
}

function sampleStep(machine: Machine): SampledStep {
  const name = nameOf(cannotFetch(machine) ? undefined : fetchInstruction(machine));
  const before = hashRunning(machine);
  const proof = proveStep(machine, undefined, NO_KERNEL);
  runMachine(machine, 1n);
  const after = machine.stop === undefined ? hashRunning(machine) : hashHalted(endingOf(machine).halted);
  return { name, before, after, proof };
}

function toStop(machine: Machine): { readonly stop: Stop; readonly steps: bigint } {
  for (let steps = 0n; ; steps += runMachine(machine, 1n << 40n)) {
    const { stop } = machine;
    if (stop !== undefined) return { stop, steps };
  }
}
