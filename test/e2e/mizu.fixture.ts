// The `mizu` command as a user has it: a process of its own, in a folder of its own.
import { fileURLToPath } from 'node:url';
import { startChild } from '../../service/process/child.ts';

const MIZU = fileURLToPath(new URL('../../bin/mizu.mjs', import.meta.url));

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Arguments of `mizu`; resolves when it has ended. */
export function mizu(folder: string, args: readonly string[], signal?: AbortSignal): Promise<Ended> {
  const child = startChild(process.execPath, [MIZU, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The JSON lines that a command with --json printed. */
export function events(ended: Ended): Record<string, unknown>[] {
  return ended.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

export function eventOf(ended: Ended, name: string): Record<string, unknown> {
  const found = events(ended).find(({ event }) => event === name);
  if (found === undefined)
    throw new Error(`no event "${name}" in:\n${ended.stdout.slice(-3000)}\n${ended.stderr.slice(-3000)}`);
  return found;
}
