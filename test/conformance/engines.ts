// docs/vm.md#engines: single exported functions called in every engine, with the instance's state kept between calls.
import { createHost, HostExit, HostFault } from '../../vm/host.ts';
import { recordSlot } from '../../vm/lower/frame.ts';
import { lowerModule } from '../../vm/lower/module.ts';
import { createInstance } from '../../vm/native/instance.ts';
import { buildNativeModule } from '../../vm/native/module.ts';
import { assembleProgram } from '../../vm/program.ts';
import { MachineFault } from '../../vm/reference/fault.ts';
import { runToHalt } from '../../vm/reference/machine.ts';
import { createReferenceState } from '../../vm/reference/state.ts';
import type { ProgramRun } from '../../vm/run.ts';
import { I32, type Module, typeOfFunction } from '../../vm/wasm/module.ts';
import { EMPTY_ENTRY } from './bits.ts';
import type { Sampler } from './sampled-step.ts';
import { instantiateStep } from './step-engine.ts';
import { type CallOutcome, exportIndex, GAS, type TestInstance } from './test-instance.ts';

export const ENGINES = ['native', 'reference', 'step', 'evm'] as const;
export type ConformanceEngine = (typeof ENGINES)[number];

/** The engines that run every assertion; `checkProofs` has the verifier check what the sampler took since, and says what is wrong first. */
export type Engines = {
  readonly names: readonly ConformanceEngine[];
  readonly sampler: Sampler;
  checkProofs(result: { proven: number }): Promise<string | undefined>;
};

const REQUEST: ProgramRun = { inputs: [], gasLimit: GAS, timestampNs: 0n, seed: new Uint8Array(32) };

/** `module` has gone through exportBits. The evm engine is the step machine whose sampled steps the caller has the verifier check. */
export function instantiate(engine: ConformanceEngine, module: Module, sampler: Sampler): TestInstance {
  if (engine === 'native') return instantiateNative(module);
  if (engine === 'reference') return instantiateReference(module);
  return engine === 'step' ? instantiateStep(module) : instantiateStep(module, sampler);
}

function instantiateNative(source: Module): TestInstance {
  const native = buildNativeModule(source, { entry: EMPTY_ENTRY, callStart: true, doors: true });
  const { module } = native.lowered;
  const program = assembleProgram(source, native.lowered, undefined);
  const compiled = new WebAssembly.Module(native.wasm as BufferSource);
  const instance = createInstance({ globalSlots: native.lowered.globalSlots, compiled }, program);
  instance.reset(GAS);
  const host = createHost(REQUEST, instance.memory);
  const guarded = (call: () => bigint[]): CallOutcome => {
    const extra = instance.exports as unknown as Record<string, WebAssembly.Global>;
    extra.gas!.value = GAS;
    extra.fp!.value = program.header.globals;
    extra.fault!.value = 0;
    try {
      const values = call();
      const left = instance.gas();
      return left < 0n ? { kind: 'fault', message: 'out of gas' } : { kind: 'values', values, gasUsed: GAS - left };
    } catch (thrown) {
      if (thrown instanceof WebAssembly.RuntimeError) return { kind: 'fault', message: thrown.message };
      throw thrown;
    }
  };
  return {
    start: () =>
      guarded(() => {
        const { thrown } = instance.run(host);
        if (thrown !== undefined) throw thrown;
        return [];
      }),
    invoke(name, args) {
      const index = exportIndex(module, name);
      const { params, results } = typeOfFunction(module, index);
      const values = args.map((bits, i) => (params[i] === I32 ? Number(BigInt.asIntN(32, bits)) : bits));
      return guarded(() => {
        const result = (instance.exports[`f${index}`] as (...a: unknown[]) => unknown)(...values);
        const list = results.length === 0 ? [] : results.length === 1 ? [result] : [...(result as unknown[])];
        return list.map((value, i) => BigInt.asUintN(results[i] === I32 ? 32 : 64, BigInt(value as bigint)));
      });
    },
  };
}

function instantiateReference(source: Module): TestInstance {
  const lowered = lowerModule(source, { entry: EMPTY_ENTRY, callStart: true });
  const { module } = lowered;
  const program = assembleProgram(source, lowered, undefined);
  const state = createReferenceState(program, REQUEST);
  const guarded = (call: () => bigint[]): CallOutcome => {
    state.gasLeft = GAS;
    state.debt = 0n;
    state.fp = program.header.globals;
    try {
      return { kind: 'values', values: call(), gasUsed: GAS - state.gasLeft };
    } catch (thrown) {
      if (thrown instanceof MachineFault || thrown instanceof HostFault)
        return { kind: 'fault', message: thrown.message };
      if (thrown instanceof HostExit) return { kind: 'fault', message: 'exit' };
      throw thrown;
    }
  };
  return {
    start: () =>
      guarded(() => {
        state.pc = program.header.entry;
        runToHalt(state);
        return [];
      }),
    invoke(name, args) {
      const index = exportIndex(module, name);
      const type = typeOfFunction(module, index);
      return guarded(() => {
        args.forEach((bits, i) => {
          state.slots[state.fp + i] = bits;
        });
        state.slots[state.fp + recordSlot(type)] = BigInt(lowered.haltAt) << 32n;
        state.pc = lowered.starts[index]!;
        // The halt that ends the call is not the function's own.
        state.gasLeft++;
        runToHalt(state);
        return type.results.map((_, i) => state.slots[state.fp + i]!);
      });
    },
  };
}
