// A Vitest reporter: names the files that do not end. Vitest's own time limit cannot stop a test that never yields its
// thread.
import type { Reporter } from 'vitest/node';

/**
 * Milliseconds: more than the longest file takes on a busy machine, with all waits of its tests, and less than a CI
 * waits.
 */
const MAX_FILE_MS = 35 * 60_000;
const LOOK_MS = 10_000;

type File = { readonly moduleId: string };
type Around = { readonly now: () => number; readonly end: () => void; readonly print: (line: string) => void };
const PROCESS: Around = { now: Date.now, end: () => process.exit(1), print: console.error };

export default class Unfinished implements Reporter {
  readonly #began = new Map<string, number>();
  readonly #around: Around;
  #timer: NodeJS.Timeout | undefined;

  constructor(around: Partial<Around> = {}) {
    this.#around = { ...PROCESS, ...around };
  }

  onTestRunStart(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  onTestModuleStart({ moduleId }: File): void {
    this.#began.set(moduleId, this.#around.now());
  }

  onTestModuleEnd({ moduleId }: File): void {
    this.#began.delete(moduleId);
  }

  onTestRunEnd(): void {
    clearInterval(this.#timer);
  }

  /** Ends Vitest if a file has used up its time. */
  look(): void {
    const { now, end, print } = this.#around;
    const late = [...this.#began].filter(([, began]) => now() - began > MAX_FILE_MS);
    if (late.length === 0) return;
    for (const [file] of late)
      print(`FAILED ${file}: has not ended after ${MAX_FILE_MS / 60_000} minutes; a test of it keeps its thread`);
    end();
  }
}
