// docs/sdk.md#local: the workflow's bundle in an empty context of Node.
import { runInContext, Script } from 'node:vm';
import { createGuestContext } from '../compile/guest-context.ts';
import type { GuestIo } from '../runtime/io.ts';
import { type LocalEngine, type LocalTask, taskEnvironment } from './engine.ts';
import { createMemoryIo, type MemoryIo } from './memory-io.ts';

/**
 * A task that takes longer is begun again with a limit for each row. To set one costs a tenth of a millisecond, too much for every
 * row of every task.
 */
const FIRST_TRY_MS = 2_000;
/** Of one row: by the clock for one try, and of the processor for all of them. A machine that does not get to it is no fault of the row. */
const ROW_MS = 2_000;
const ROW_CPU_MS = 1_500;

export function createNodeEngine(bundle: string): LocalEngine {
  const context = createGuestContext() as Record<string, unknown>;
  runInContext(bundle, context, { filename: 'bundle.js' });
  const main = runInContext('__mizu_main', context) as (io: GuestIo) => void;
  const call = new Script('__mizu_call()');
  const parse = runInContext('JSON.parse', context) as (text: string) => unknown;
  /** False when it was interrupted; what it changed until then it has changed. */
  const callWithin = (milliseconds: number, work: () => void): boolean => {
    context.__mizu_call = work;
    try {
      call.runInContext(context, { timeout: milliseconds });
      return true;
    } catch (error) {
      if ((error as { code?: string } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
      throw error;
    } finally {
      delete context.__mizu_call;
    }
  };
  const callRow = (compute: () => boolean): boolean | null => {
    const start = process.cpuUsage();
    for (;;) {
      let more = false;
      const ended = callWithin(ROW_MS, () => {
        more = compute();
      });
      if (ended) return more;
      const { user, system } = process.cpuUsage(start);
      if (user + system > 1_000 * ROW_CPU_MS) return null;
    }
  };
  const guarded: GuestIo['guarded'] = (compute, commit) => {
    for (;;) {
      const more = callRow(compute);
      if (more === null) return false;
      if (!more) return true;
      commit();
    }
  };
  const begin = (task: LocalTask): { memory: MemoryIo; io: GuestIo } => {
    // Objects made outside of the context have another Object.prototype, and would not pass for plain objects inside.
    const memory = createMemoryIo(taskEnvironment(task), task.inputs, parse);
    return { memory, io: memory.io };
  };
  return {
    exec: (task) => {
      let { memory, io } = begin(task);
      try {
        const quick = io;
        if (!callWithin(FIRST_TRY_MS, () => main(quick))) {
          ({ memory, io } = begin(task));
          main({ ...io, guarded });
        }
        return { status: 0, output: memory.output(), gasUsed: 0n, log: memory.log() };
      } catch (error) {
        const reason = `${memory.log()}${(error as Error)?.message ?? String(error)}`;
        return { status: 1, output: new Uint8Array(0), gasUsed: 0n, log: reason };
      }
    },
  };
}
