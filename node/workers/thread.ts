// docs/prover.md#pool: one thread and the job that it has: until it answers, dies, or its time is over.
import { Worker } from 'node:worker_threads';
import type { Hex } from '../../protocol/hex.ts';
import { LOADER_ARGUMENTS } from '../../service/process/loader.ts';
import type { FromWorker, ToWorker } from './exec-job.ts';

export type JobAnswer = Exclude<FromWorker, { kind: 'loaded' }>;

export type Thread = {
  /** Programs that it holds, and the bytes that they keep; the least recently used first. */
  readonly held: Map<Hex, number>;
  dead(): boolean;
  /**
   * The answer to one job; its bytes are the thread's from then on. One at a time.
   * @throws ThreadDied if the thread ended; or was ended because it did not load the program, or run it, in its time
   */
  ask(message: ToWorker, limits: { readonly loadMs: number; readonly runMs: number }): Promise<JobAnswer>;
  end(): Promise<void>;
};

/** The thread has ended and its job has no answer. */
export class ThreadDied extends Error {
  /** True if it had begun to load the program, and has not come to its end. */
  readonly whileLoading: boolean;

  constructor(message: string, whileLoading = false) {
    super(message);
    this.whileLoading = whileLoading;
  }
}

/** The least that setTimeout takes for endless. */
const LONGEST_MS = 2 ** 31 - 1;

/** `heapMb`: V8's heap of the thread; memories of programs do not count. */
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
  // An error ends the thread; who waits for its job hears of it by a listener of his own.
  worker.on('error', bury);
  worker.unref();
  return {
    held: new Map(),
    dead: () => dead,
    ask: (message, { loadMs, runMs }) =>
      new Promise((resolve, reject) => {
        if (dead) throw new ThreadDied('it had ended before');
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
            late = `it has not ${what} in ${Math.round(ms)} ms`;
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
        const onExit = (code: number) => die(late ?? `it ended with exit code ${code}`);
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
