// docs/vm.md#total: runs a program of one's own natively if that is possible, else on the step machine, with the same
// result. It is for tools; nodes run programs on threads.

import type { Program } from '../program.ts';
import type { ProgramRun, RunResult } from '../run.ts';
import { createStepMachine } from '../step/step-machine.ts';
import {
  type Mismatch,
  type ModuleSource,
  type NativeEngine,
  NativeFailed,
  type NativeProgram,
  type NativeSource,
} from './engine.ts';

export type AnyProgram = {
  /** On the step machine there is no log, and no telling which fault it was. */
  run(request: ProgramRun): RunResult;
};

export function loadAnyProgram(engine: NativeEngine, source: NativeSource): AnyProgram {
  return anyProgram(engine, source, engine.load(source));
}

export function lowerAnyProgram(
  engine: NativeEngine,
  source: ModuleSource,
): AnyProgram & { readonly program: Program } {
  const { program, loaded } = engine.lower(source);
  return { program, ...anyProgram(engine, program, loaded) };
}

function anyProgram(engine: NativeEngine, program: Program, loaded: NativeProgram | Mismatch): AnyProgram {
  const step = (request: ProgramRun): RunResult => createStepMachine({ program, ...toStep(request) }).runToEnd();
  if (loaded.kind === 'mismatch') return { run: step };
  return {
    run(request) {
      try {
        return engine.run(loaded, request);
      } catch (error) {
        if (!(error instanceof NativeFailed)) throw error;
        return step(request);
      }
    },
  };
}

function toStep({ inputs, gasLimit, timestampNs, seed }: ProgramRun) {
  return { inputs, gasLimit, timestampNs, seed };
}
