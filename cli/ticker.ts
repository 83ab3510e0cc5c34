// docs/sdk.md#dev-progress: tells every few seconds what a command is doing: on a terminal in one line that is redrawn,
// else in plain lines.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Metadata } from '../sdk/compile/definition.ts';
import type { LocalProgress } from '../sdk/local/graph.ts';
import { stageLabel } from './progress.ts';

export type Ticker = {
  /** `detail` may change within a stage; the seconds that are shown are those of the stage. */
  tell(stage: string, detail?: string): void;
  /** Ends the telling; nothing of it stays on a terminal. A second call does nothing. */
  end(): Promise<void>;
};

export type TickerOptions = {
  readonly fd?: number;
  readonly everyMs?: number;
  /** Columns of the terminal; undefined if it is none. */
  readonly columns?: number | undefined;
};

const THREAD = new URL('./ticker-thread.mjs', import.meta.url);
const TERMINAL_MS = 500;
const LOG_MS = 3_000;
/** Milliseconds between two lines of one stage: answers come faster than anybody reads. */
const SAME_STAGE_MS = 100;

const SILENT: Ticker = { tell: () => undefined, end: async () => undefined };

/** The ticker writes to standard error, so that standard output has the result alone. With --json it is silent. */
export function startTicker(json: boolean): Ticker {
  if (json) return SILENT;
  const { isTTY, columns = 80 } = process.stderr;
  return createTicker(isTTY ? { everyMs: TERMINAL_MS, columns } : {});
}

/**
 * A thread of its own writes, because an operator may hold up this one for minutes. It does not keep the process alive.
 */
export function createTicker({ fd = 2, everyMs = LOG_MS, columns }: TickerOptions): Ticker {
  const worker = new Worker(THREAD, { execArgv: [], workerData: { fd, everyMs, columns } });
  worker.unref();
  // If the thread cannot start, only these lines are missing.
  const ended = once(worker, 'exit').catch(() => undefined);
  let last = { stage: '', time: 0 };
  let isEnding = false;
  return {
    tell: (stage, detail = '') => {
      const now = performance.now();
      if (stage === last.stage && now - last.time < SAME_STAGE_MS) return;
      last = { stage, time: now };
      worker.postMessage({ stage, text: `${stage}${detail}` });
    },
    end: async () => {
      if (!isEnding) {
        worker.ref();
        worker.postMessage(null);
      }
      isEnding = true;
      await ended;
    },
  };
}

/** The part of a ticker that the hooks of a local run call. */
export function tellProgress({ tell }: Ticker, { stages }: Metadata): (progress: LocalProgress) => void {
  return ({ stage, partition, width, answered }) => {
    const { name = '', kind = 'rows', operators = [] } = stages[stage] ?? {};
    const part = width === 1 ? '' : `, task ${partition + 1} of ${width}`;
    const rows = answered === undefined ? '' : `, ${answered.done} of ${answered.of} rows`;
    tell(`${stageLabel(name, kind, operators)}${part}`, rows);
  };
}
