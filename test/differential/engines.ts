// docs/vm.md#engines: one program in both engines; they must agree on status, output and gas.
import { expect } from 'vitest';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram } from '../../vm/program.ts';
import { runReference } from '../../vm/reference/machine.ts';
import type { ProgramRun, RunResult } from '../../vm/run.ts';
import { REQUEST } from './compare.ts';

/** Runs natively twice (the second time in the used instance) and in the reference machine; returns the common result. */
export function runBoth(wasm: Uint8Array, request: Partial<ProgramRun> = {}): RunResult {
  const full = { ...REQUEST, ...request };
  const program = createProgram({ module: loadModule(wasm) });
  const engine = createNativeEngine();
  const handle = engine.load({ ...program, wasm, fromImage: false });
  if (handle.kind !== 'native') throw new Error(`not the same program: ${handle.reason}`);
  const first = withoutFault(engine.run(handle, full));
  const second = withoutFault(engine.run(handle, full));
  const reference = runReference(program, full);
  expect(first).toEqual(withoutFault(reference));
  expect(second).toEqual(first);
  return reference;
}

function withoutFault({ status, output, gasUsed, committed }: RunResult) {
  return { status, output, gasUsed, committed };
}
