// docs/operations.md#devnet: the network's processes: started, logged to files, started again when they die, stopped in
// order.
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MizuError } from '../protocol/errors.ts';
import { startChild } from '../service/process/child.ts';
import { LOADER_ARGUMENTS } from '../service/process/loader.ts';
import { createFetcher } from './health.ts';

export type ProcessSpec = {
  readonly name: string;
  /** Arguments of `mizu`, or of `entry`. */
  readonly args: readonly string[];
  /** TypeScript file that is started instead of `mizu`. */
  readonly entry?: string;
  /** The process has started when this URL answers 200 with its process id; without a URL, when it runs. */
  readonly healthUrl?: string;
  /** Whether other processes come before it when the machine is busy. */
  readonly isPatient?: boolean;
};

export type Supervisor = {
  /**
   * Resolves when the process answers.
   * @throws MizuError `devnet/process-failed` with the end of its log
   */
  start(spec: ProcessSpec): Promise<void>;
  /** Names, process ids and how often each was started again. */
  processes(): { name: string; pid: number | undefined; restarts: number }[];
  /** Rejects when a process has died too often. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
};

/**
 * A `nice` value: two fifths of the time that another process gets, when all want more than there is. With less the
 * process would be too late for those who wait for it on a busy machine.
 */
const PATIENT_NICE = 4;
/** Seconds in which a process that runs must answer: a last net, for a busy machine. */
const READY_SECONDS = 300;
const STOP_SECONDS = 20;
const MAX_RESTARTS = 50;
const RESTART_MILLISECONDS = 500;
const MIZU = fileURLToPath(new URL('../bin/mizu.mjs', import.meta.url));

type Running = { spec: ProcessSpec; child: ChildProcess; restarts: number };

export function createSupervisor(logFolder: string): Supervisor {
  mkdirSync(logFolder, { recursive: true });
  const running = new Map<string, Running>();
  let stopping = false;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  const launch = (spec: ProcessSpec, restarts: number): void => {
    if (stopping) return;
    const log = openSync(join(logFolder, `${spec.name}.log`), 'a');
    const child = startChild(process.execPath, [...entryOf(spec), ...spec.args], { stdio: ['ignore', log, log] });
    closeSync(log);
    running.set(spec.name, { spec, child, restarts });
    child.once('exit', (code, signal) => {
      if (stopping) return;
      if (restarts >= MAX_RESTARTS)
        return fail(died(spec.name, logFolder, `exit code ${code}, signal ${signal}, ${restarts} restarts`));
      setTimeout(() => {
        launch(spec, restarts + 1);
        if (spec.isPatient === true) makePatient(running.get(spec.name)?.child);
      }, RESTART_MILLISECONDS);
    });
  };

  const untilHealthy = async ({ name }: ProcessSpec, healthUrl: string): Promise<void> => {
    const answers = createFetcher(healthUrl);
    const deadline = Date.now() + READY_SECONDS * 1000;
    while (!(await answers(running.get(name)?.child.pid)) && !stopping) {
      const restarts = running.get(name)?.restarts ?? 0;
      if (restarts > 2) throw died(name, logFolder, 'it ends as soon as it is started');
      if (Date.now() > deadline) throw died(name, logFolder, `no answer from ${healthUrl} within ${READY_SECONDS} s`);
    }
  };

  return {
    start: async (spec) => {
      launch(spec, 0);
      if (spec.healthUrl !== undefined) await untilHealthy(spec, spec.healthUrl);
      // Whoever starts the network waits for all of it, so the process becomes patient only now.
      if (spec.isPatient === true) makePatient(running.get(spec.name)?.child);
    },
    processes: () =>
      [...running.values()].map(({ spec, child, restarts }) => ({ name: spec.name, pid: child.pid, restarts })),
    failed,
    stop: async () => {
      stopping = true;
      // All end at once: each ends well without the others, and one after another they would take up to 10 s each.
      await Promise.all([...running.values()].map(({ child }) => end(child)));
    },
  };
}

function entryOf({ entry }: ProcessSpec): string[] {
  return entry === undefined ? [MIZU] : [...LOADER_ARGUMENTS, entry];
}

// Threads that it starts from now on are as patient. If the system refuses, the process runs like others.
function makePatient(child: ChildProcess | undefined): void {
  const pid = child?.pid;
  if (pid === undefined) return;
  const nice = Math.min(constants.priority.PRIORITY_LOW, getPriority() + PATIENT_NICE);
  try {
    setPriority(pid, nice);
    // Where Linux shares time by sessions, the value of a process within its own session does not matter to others.
    if (existsSync(`/proc/${pid}/autogroup`)) writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {}
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000);
  await exited;
  clearTimeout(timer);
}

function died(name: string, logFolder: string, actual: string): MizuError {
  const file = join(logFolder, `${name}.log`);
  const tail = readFileSync(file, 'utf8').slice(-2000).trim();
  return new MizuError({
    code: 'devnet/process-failed',
    message: `The process "${name}" of the network does not run.\n${tail}`,
    expected: 'a process that answers',
    actual,
    hint: `Read ${file}.`,
  });
}
