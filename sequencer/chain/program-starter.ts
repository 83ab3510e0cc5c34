// docs/operations.md#sequencer: starts programs ahead of their Advance messages, and keeps count of those that run.
import type { Logger } from '../../service/process/log.ts';
import type { AheadProgram } from './tracked-run.ts';

export type ProgramStarterParts = {
  readonly log: Logger;
  /**
   * Runs the program that this Advance message will ask for, if the state is ready for it. `timestamp`: of the
   * message's batch, in unix seconds. The signal aborts when the program's run has ended.
   */
  readonly prepare: (message: Uint8Array, timestamp: number, signal: AbortSignal) => Promise<void>;
  /** Called when a program has run, or has failed. */
  readonly onPrepared: () => void;
};

export type ProgramStarter = {
  /** Does not wait for the program. One that fails is waiting again, and may be started after two seconds. */
  start(program: AheadProgram, timestamp: number): void;
  running(): number;
};

const RETRY_MS = 2_000;

export function createProgramStarter({ log, prepare, onPrepared }: ProgramStarterParts): ProgramStarter {
  let running = 0;
  return {
    running: () => running,
    start: (program, timestamp) => {
      const { signal } = program.over;
      running += 1;
      program.state = 'running';
      prepare(program.message, timestamp, signal)
        .then(
          () => {
            program.state = 'prepared';
          },
          (err: unknown) => {
            if (signal.aborted) return;
            log.warn({ err, ...program.place }, 'a task could not be run ahead; it is tried again');
            program.state = 'waiting';
            program.notBefore = Date.now() + RETRY_MS;
          },
        )
        .finally(() => {
          running -= 1;
          onPrepared();
        });
    },
  };
}
