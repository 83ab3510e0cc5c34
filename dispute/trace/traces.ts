// docs/disputes.md#judged: traces on threads of their own: running one takes seconds, and the clock of other games runs on.
import { Worker } from 'node:worker_threads';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { LOADER_ARGUMENTS } from '../../service/process/loader.ts';
import type { TraceOracle } from '../play.ts';
import type { TraceInput, TracePlace } from './trace.ts';
import type { FromTraces, ToTraces, TraceQuestion } from './trace-thread.ts';

export type ThreadTrace = TraceOracle & {
  place(position: bigint): Promise<TracePlace>;
  /** Instructions until the machine halts. */
  length(): Promise<bigint>;
};

export type Traces = {
  /** `gather` is called when the thread does not hold the trace. Equal keys must mean equal traces. */
  open(key: string, gather: () => Promise<TraceInput>): ThreadTrace;
  close(): Promise<void>;
};

type Waiting = { resolve(answer: unknown): void; reject(error: Error): void };
type Thread = {
  readonly worker: Worker;
  /** The names of the traces that it holds, the least recently used first. */
  readonly held: Set<string>;
  readonly waiting: Map<number, Waiting>;
  /** Questions are put one after another, so that what a thread holds is known. */
  last: Promise<unknown>;
};

/** Each trace has a machine of up to one GiB of memory. */
const TRACES_PER_THREAD = 4;
const SCRIPT = new URL('./trace-thread.ts', import.meta.url);

/** A trace always runs on the same one of `count` threads. */
export function createTraces(count: number): Traces {
  const threads = new Map<number, Thread>();
  let nextId = 0;
  let closed = false;

  function threadFor(key: string): Thread {
    if (closed) throw died('the traces are closed');
    const at = Number(BigInt(keccakHex(new TextEncoder().encode(key))) % BigInt(count));
    const known = threads.get(at);
    if (known !== undefined) return known;
    const worker = new Worker(SCRIPT, { execArgv: LOADER_ARGUMENTS });
    const thread: Thread = { worker, held: new Set(), waiting: new Map(), last: Promise.resolve() };
    const bury = (reason: string) => {
      if (threads.get(at) === thread) threads.delete(at);
      for (const { reject } of thread.waiting.values()) reject(died(reason));
      thread.waiting.clear();
    };
    worker.on('message', (message: FromTraces) => settle(thread, message));
    worker.on('error', (error) => bury(error.message));
    worker.once('exit', (code) => bury(`exit code ${code}`));
    worker.unref();
    threads.set(at, thread);
    return thread;
  }

  async function ask(thread: Thread, key: string, gather: () => Promise<TraceInput>, question: TraceQuestion) {
    const { held, waiting, worker } = thread;
    const input = held.has(key) ? undefined : await gather();
    held.delete(key);
    held.add(key);
    const drop = [...held].slice(0, Math.max(0, held.size - TRACES_PER_THREAD));
    for (const other of drop) held.delete(other);
    const id = nextId++;
    const message: ToTraces = { id, key, drop, question, ...(input === undefined ? {} : { input }) };
    worker.ref();
    try {
      return await new Promise<unknown>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.postMessage(message);
      });
    } catch (error) {
      held.delete(key);
      throw error;
    } finally {
      if (waiting.size === 0) worker.unref();
    }
  }

  return {
    open(key, gather) {
      const put = <T>(question: TraceQuestion): Promise<T> => {
        const thread = threadFor(key);
        const turn = thread.last.then(() => ask(thread, key, gather, question));
        thread.last = turn.catch(() => undefined);
        return turn as Promise<T>;
      };
      return {
        hashesAt: (positions) => put<readonly Hex[]>({ kind: 'hashes', positions }),
        prove: (position) => put<Uint8Array>({ kind: 'prove', position }),
        place: (position) => put<TracePlace>({ kind: 'place', position }),
        length: () => put<bigint>({ kind: 'length' }),
      };
    },
    async close() {
      closed = true;
      await Promise.all([...threads.values()].map(({ worker }) => worker.terminate()));
    },
  };
}

function settle({ waiting }: Thread, message: FromTraces): void {
  const waiter = waiting.get(message.id);
  waiting.delete(message.id);
  if ('answer' in message) waiter?.resolve(message.answer);
  else waiter?.reject(failed(message.failure));
}

// The error does not end the process: other games would be lost with this one.
function failed(reason: string): MizuError {
  return new MizuError({
    code: 'prover/trace-failed',
    message: 'The trace of a step could not be run.',
    expected: 'a step machine that runs what the native engine has run',
    actual: reason,
    hint: 'Report this: the game about the step is lost when its clock is over.',
    retryable: true,
  });
}

function died(reason: string): MizuError {
  return new MizuError({
    code: 'prover/trace-thread-ended',
    message: 'The thread that runs traces has ended.',
    expected: 'an answer',
    actual: reason,
    hint: 'Check that the machine has enough memory; the trace is started again.',
    retryable: true,
  });
}
