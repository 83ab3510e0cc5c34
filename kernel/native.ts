// docs/kernel.md: the kernel as a DataVM program, run by the native engine.
import type { Hex } from '../protocol/hex.ts';
import { createNativeEngine } from '../vm/native/engine.ts';
import type { Program } from '../vm/program.ts';
import type { KernelEngine } from './run.ts';

/** Gas that every step of the kernel starts with. With the gas of a task the whole trace stays below 2^40. */
export const KERNEL_GAS_LIMIT = 1n << 39n;

const SEED = new Uint8Array(32);

export type NativeKernelEngine = KernelEngine & {
  /** The program id: the network's constitution. */
  readonly programId: Hex;
  readonly program: Program;
};

/** `wasm` is the kernel's module. */
export function createKernelEngine(wasm: Uint8Array): NativeKernelEngine {
  const engine = createNativeEngine();
  const { program, loaded } = engine.lower({ wasm });
  if (loaded.kind === 'mismatch') throw new Error(`the kernel has no native form: ${loaded.reason}`);
  return {
    programId: loaded.programId,
    program,
    run(inputs, host, onLog) {
      const request = { inputs, gasLimit: KERNEL_GAS_LIMIT, timestampNs: 0n, seed: SEED, kernelHost: host, onLog };
      const result = engine.run(loaded, request);
      if (result.fault !== undefined) throw new Error(`the kernel faulted: ${result.fault.message}`);
      return { committed: result.committed, output: result.output, gasUsed: result.gasUsed };
    },
  };
}
