// The kernel in the engines that its tests use.
import { readFileSync } from 'node:fs';
import { KERNEL_PATH } from '../../kernel/file.ts';
import { createKernelEngine, KERNEL_GAS_LIMIT } from '../../kernel/native.ts';
import type { KernelEngine } from '../../kernel/run.ts';
import { STATUS_FAULT } from '../../protocol/constants.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { createDirectEngine } from './direct.fixture.ts';

const wasm = readFileSync(KERNEL_PATH);
/** V8 runs the module as the compiler wrote it: no gas. */
export const directEngine = createDirectEngine(wasm);
export const nativeEngine = createKernelEngine(wasm);

/** The kernel in the step machine: its logs are dropped there, and no message may run a program. */
export const stepEngine: KernelEngine = {
  run(inputs, host) {
    const kernel = {
      preimage: (hash: Uint8Array) => host.preimage(hash),
      ecrecover: (input: Uint8Array) => host.ecrecover(input),
      exec: () => {
        throw new Error('no message that runs a program is stepped here');
      },
    };
    const request = { program: nativeEngine.program, inputs, gasLimit: KERNEL_GAS_LIMIT, timestampNs: 0n };
    const ended = createStepMachine({ ...request, seed: new Uint8Array(32), kernel }).runToEnd();
    if (ended.status === STATUS_FAULT) throw new Error('the kernel has ended with a fault in the step machine');
    return { committed: ended.committed, output: ended.output, gasUsed: ended.gasUsed };
  },
};
