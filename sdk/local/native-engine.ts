// docs/sdk.md#local: the workflow's program on the DataVM's native engine, as the network runs it.

import type { BuiltProgram } from '../../vm/entry.ts';
import { loadAnyProgram } from '../../vm/native/any-engine.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { STAGE_GAS_LIMIT } from '../compile/definition.ts';
import { type LocalEngine, taskEnvironment } from './engine.ts';

/** One for all programs: QuickJS, which is the same in all, is compiled once. */
const engine = createNativeEngine();

export function createLocalNativeEngine({ program, wasm }: BuiltProgram): LocalEngine {
  const loaded = loadAnyProgram(engine, { ...program, wasm, fromImage: true });
  const encoder = new TextEncoder();
  return {
    exec: (task) => {
      const parameters = Object.entries(taskEnvironment(task)).map(([name, value]) => `e${name}=${value}\0`);
      let log = '';
      const result = loaded.run({
        inputs: [encoder.encode(parameters.join('')), ...task.inputs],
        gasLimit: STAGE_GAS_LIMIT,
        timestampNs: 0n,
        seed: new Uint8Array(32),
        onLog: (bytes) => {
          if (log.length < MAX_LOG) log += new TextDecoder().decode(bytes);
        },
      });
      const fault = result.fault === undefined ? '' : `${result.fault.kind}: ${result.fault.message}`;
      return { status: result.status, output: result.output, gasUsed: result.gasUsed, log: log + fault };
    },
  };
}

const MAX_LOG = 16 * 1024;
