// docs/sdk.md#local: the workflow's bundle in an empty context of Node.
import { createContext, runInContext } from 'node:vm';
import type { GuestIo } from '../runtime/io.ts';
import { type LocalEngine, taskEnvironment } from './engine.ts';
import { createMemoryIo } from './memory-io.ts';

export function createNodeEngine(bundle: string): LocalEngine {
  const context = createContext({ TextEncoder, TextDecoder, URL });
  runInContext(bundle, context, { filename: 'bundle.js' });
  const main = runInContext('__mizu_main', context) as (io: GuestIo) => void;
  return {
    exec: (task) => {
      const memory = createMemoryIo(taskEnvironment(task), task.inputs);
      try {
        main(withOwnJson(memory.io, context));
        return { status: 0, output: memory.output(), gasUsed: 0n, log: memory.log() };
      } catch (error) {
        const reason = `${memory.log()}${(error as Error)?.message ?? String(error)}`;
        return { status: 1, output: new Uint8Array(0), gasUsed: 0n, log: reason };
      }
    },
  };
}

// Objects made outside of the context have another Object.prototype, and would not pass for plain objects inside.
function withOwnJson(io: GuestIo, context: object): GuestIo {
  const parse = runInContext('JSON.parse', context) as (text: string) => unknown;
  return { ...io, json: () => parse(io.line()) };
}
