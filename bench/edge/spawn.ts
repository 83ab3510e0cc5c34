// docs/edge.md#bench: starts and stops the measured processes.
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../service/process/child.ts';
import { LOADER_ARGUMENTS } from '../../service/process/loader.ts';

export type BenchRole = 'mock' | 'workers' | 'gateway';

export type BenchProcess = {
  readonly url: string;
  /** CPU time of the process so far, all threads. */
  cpuMicroseconds(): Promise<number>;
  /** Sends SIGKILL: nothing is flushed. */
  kill(): Promise<void>;
  /** Sends SIGTERM. */
  stop(): Promise<void>;
};

const PROCESS = fileURLToPath(new URL('./process.ts', import.meta.url));

/** @throws Error if the process ends before it has told its address */
export async function startPart(role: BenchRole, input: unknown): Promise<BenchProcess> {
  const child = startChild(process.execPath, [...LOADER_ARGUMENTS, PROCESS, role, JSON.stringify(input)], {
    env: { ...process.env, MIZU_LOG: process.env.MIZU_LOG ?? 'error' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { url: string }).url));
    child.once('exit', (code) => reject(new Error(`${role} has ended with ${code}`)));
  });
  const cpuMicroseconds = () =>
    new Promise<number>((resolve) => {
      child.once('message', (message) => resolve((message as { cpu: number }).cpu));
      child.send('cpu');
    });
  return { url, cpuMicroseconds, kill: () => end(child, ended, 'SIGKILL'), stop: () => end(child, ended, 'SIGTERM') };
}

async function end(child: ChildProcess, ended: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  await ended;
}
