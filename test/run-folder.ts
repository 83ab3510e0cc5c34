// CONTRIBUTING.md#tests: all temporary files of a test run lie in one folder, so that nothing is left of a run that was killed.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const NAME = /^mizu-tests-(\d+)-/;

/**
 * Makes this process and those that it starts take `tmpdir()` from a folder of their own, which goes with the process.
 * What runs have left that were killed is removed: a test that is killed cannot. Called again it does nothing: Vitest
 * evaluates its configuration once for each project, and the path of a browser's socket has 108 bytes at most.
 */
export function openRunFolder(): void {
  const parent = tmpdir();
  if (NAME.exec(basename(parent))?.[1] === String(process.pid)) return;
  for (const name of readdirSync(parent)) {
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !isRunning(Number(owner))) remove(join(parent, name));
  }
  const folder = mkdtempSync(join(parent, `mizu-tests-${process.pid}-`));
  process.env.TMPDIR = folder;
  process.once('exit', () => remove(folder));
}

function remove(folder: string): void {
  // Whoever was killed may still be writing.
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
