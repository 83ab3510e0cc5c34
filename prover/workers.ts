// docs/prover.md#pool: threads, each with the programs it has compiled; a job of a thread that dies is tried once more.
import { Worker } from 'node:worker_threads';
import { MizuError } from '../protocol/errors.ts';
import type { Hex } from '../protocol/hex.ts';
import type { ExecJob, FromWorker, JobOutcome, ProgramParts, ToWorker } from './exec-job.ts';

export type Workers = {
  /** At most as many at a time as there are threads. `load` is called if the thread does not hold the program. */
  run(job: ExecJob, load: () => Promise<ProgramParts>): Promise<JobOutcome>;
  close(): Promise<void>;
};

type Thread = {
  readonly worker: Worker;
  /** The least recently used first. */
  readonly held: Set<Hex>;
  busy: boolean;
  dead: boolean;
};

/** A compiled workflow program takes up to about 20 MB. */
const PROGRAMS_PER_THREAD = 16;
const ATTEMPTS = 2;
const SCRIPT = new URL('./exec-worker.ts', import.meta.url);
const LOADER = new URL('../scripts/ts.mjs', import.meta.url);

export function createWorkers(count: number, script = SCRIPT): Workers {
  const threads: Thread[] = [];
  let nextId = 0;
  let closed = false;

  // A free thread that holds the program, else a free one, else a new one.
  function take(programId: Hex): Thread {
    const free = threads.filter((thread) => !thread.busy && !thread.dead);
    const thread = free.find(({ held }) => held.has(programId)) ?? free[0] ?? spawn();
    thread.busy = true;
    return thread;
  }

  function spawn(): Thread {
    if (threads.length >= count) throw new Error(`more than ${count} jobs at a time`);
    const worker = new Worker(script, { execArgv: ['--import', LOADER.href] });
    const thread: Thread = { worker, held: new Set(), busy: false, dead: false };
    const bury = () => {
      thread.dead = true;
      const at = threads.indexOf(thread);
      if (at >= 0) threads.splice(at, 1);
    };
    worker.once('exit', bury);
    // An error ends the thread; who waits for its job hears of it by a listener of his own.
    worker.on('error', bury);
    worker.unref();
    threads.push(thread);
    return thread;
  }

  async function attempt(job: ExecJob, load: () => Promise<ProgramParts>): Promise<JobOutcome> {
    const thread = take(job.programId);
    try {
      const { held } = thread;
      const parts = held.has(job.programId) ? undefined : await load();
      // Who listens to it now would hear nothing more of it.
      if (thread.dead) throw new ThreadDied('it ended while the program was loaded');
      held.delete(job.programId);
      held.add(job.programId);
      const drop = [...held].slice(0, Math.max(0, held.size - PROGRAMS_PER_THREAD));
      for (const programId of drop) held.delete(programId);
      const inputs = job.inputs.map((input) => input.slice());
      const message: ToWorker = {
        id: nextId++,
        job: { ...job, inputs },
        drop,
        ...(parts === undefined ? {} : { parts }),
      };
      return await converse(
        thread.worker,
        message,
        inputs.map((input) => input.buffer),
      );
    } finally {
      thread.busy = false;
    }
  }

  return {
    async run(job, load) {
      for (let tries = 1; ; tries++) {
        try {
          if (closed) throw new ThreadDied('the threads are closed');
          return await attempt(job, load);
        } catch (error) {
          if (!(error instanceof ThreadDied) || closed || tries >= ATTEMPTS) throw toRefusal(error, job);
        }
      }
    },
    async close() {
      closed = true;
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
}

class ThreadDied extends Error {}

function converse(worker: Worker, message: ToWorker, transfer: readonly ArrayBufferLike[]): Promise<JobOutcome> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      worker.off('message', onMessage);
      worker.off('error', onError);
      worker.off('exit', onExit);
      worker.unref();
      settle();
    };
    const onMessage = (answer: FromWorker) => {
      if (answer.id !== message.id) return;
      end(() => ('outcome' in answer ? resolve(answer.outcome) : reject(failed(answer.failure))));
    };
    const onError = (error: Error) => end(() => reject(new ThreadDied(error.message)));
    const onExit = (code: number) => end(() => reject(new ThreadDied(`exit code ${code}`)));
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.on('exit', onExit);
    worker.ref();
    worker.postMessage(message, transfer as ArrayBuffer[]);
  });
}

function failed({ code, message }: { code: string; message: string }): MizuError {
  return new MizuError({ code, message: 'A program could not be run.', actual: message });
}

function toRefusal(error: unknown, job: ExecJob): unknown {
  if (!(error instanceof ThreadDied)) return error;
  return new MizuError({
    code: 'prover/worker-crashed',
    message: `The thread that ran program ${job.programId} has ended, ${ATTEMPTS} times.`,
    expected: 'a result',
    actual: error.message,
    hint: 'Check that the machine has enough memory for its workers.',
    retryable: true,
  });
}
