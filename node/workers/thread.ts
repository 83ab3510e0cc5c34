// docs/prover.md#pool: one thread and its job, until the thread answers, ends, or the job's time is over.
import { Worker } from 'node:worker_threads';
import type { Hex } from '../../protocol/hex.ts';
import { LOADER_ARGUMENTS } from '../../service/process/loader.ts';
import type { FromWorker, ToWorker } from './exec-job.ts';

export type JobAnswer = Exclude<FromWorker, { kind: 'loaded' }>;

export type Thread = {
  /** The programs that it holds, with the bytes that it keeps of each; the least recently used first. */
  readonly held: Map<Hex, number>;
  dead(): boolean;
  /**
   * Sends a job and resolves with its answer. The job's bytes belong to the thread from then on. A thread has one job
   * at a time.
   * @throws ThreadDied if the thread ended, or was ended because it did not load or run the program within `limits`
   */
  ask(message: ToWorker, limits: { readonly loadMs: number; readonly runMs: number }): Promise<JobAnswer>;
  end(): Promise<void>;
};

/** The thread has ended and its job has no answer. */
export class ThreadDied extends Error {
  /** True if the thread had not loaded the program yet. */
  readonly whileLoading: boolean;

  constructor(message: string, whileLoading = false) {
    super(message);
    this.whileLoading = whileLoading;
  }
}

/** The longest time that setTimeout takes. */
const LONGEST_MS = 2 ** 31 - 1;

/** `heapMb`: V8's heap of the thread, in MB. Memories of programs do not count. */
export function startThread(script: URL, heapMb: number): Thread {
  const worker = new Worker(script, {
    execArgv: LOADER_ARGUMENTS,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  let dead = false;
  const bury = () => {
    dead = true;
  };
  worker.once('exit', bury);
  // An error ends the thread. Whoever waits for a job hears of it by a listener of the job's own.
  worker.on('error', bury);
  worker.unref();
  return {
    held: new Map(),
    dead: () => dead,
    ask: (message, { loadMs, runMs }) =>
      new Promise((resolve, reject) => {
        if (dead) throw new ThreadDied('the thread had ended before');
        let timer: NodeJS.Timeout | undefined;
        let late: string | undefined;
        let loaded = false;
        const end = (settle: () => void) => {
          clearTimeout(timer);
          worker.off('message', onMessage);
          worker.off('error', onError);
          worker.off('exit', onExit);
          worker.unref();
          settle();
        };
        const die = (why: string) => end(() => reject(new ThreadDied(why, !loaded)));
        const within = (ms: number, what: string) => {
          clearTimeout(timer);
          const end = () => {
            dead = true;
            late = `the thread has not ${what} in ${Math.round(ms)} ms`;
            // The job goes on elsewhere when the thread is gone, and its memory with it.
            void worker.terminate();
          };
          timer = setTimeout(end, Math.min(ms, LONGEST_MS));
        };
        const onMessage = (answer: FromWorker) => {
          if (answer.id !== message.id || dead) return;
          if (answer.kind === 'loaded') {
            loaded = true;
            within(runMs, 'run the program');
          } else end(() => resolve(answer));
        };
        const onError = (error: Error) => die(error.message);
        const onExit = (code: number) => die(late ?? `the thread ended with exit code ${code}`);
        worker.on('message', onMessage);
        worker.on('error', onError);
        worker.on('exit', onExit);
        worker.ref();
        within(loadMs, 'loaded the program');
        try {
          worker.postMessage(message, buffersOf(message));
        } catch (error) {
          end(() => reject(error));
        }
      }),
    async end() {
      dead = true;
      await worker.terminate();
    },
  };
}

function buffersOf({ job, parts }: ToWorker): ArrayBuffer[] {
  const all = [...job.objects, ...(parts === undefined ? [] : Object.values(parts))];
  return all.map(({ buffer }) => buffer as ArrayBuffer);
}
