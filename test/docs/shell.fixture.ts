// Command lines as a reader types them, in a folder that looks like a clone.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { killChild, startChild } from '../../service/process/child.ts';
import { ROOT } from './pages.ts';

export type ShellResult = { readonly code: number | null; readonly output: string };

const NOT_LINKED = ['.git', '.mizu', 'out'];

/** A folder with links to all that a clone has: what commands write stays apart from the repository. */
export function linkClone(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(ROOT))
    if (!NOT_LINKED.includes(name)) symlinkSync(join(ROOT, name), join(folder, name));
  return folder;
}

/** Resolves when the command and all that it started have closed their output. */
export async function runShell(folder: string, command: string): Promise<ShellResult> {
  return ended(start(folder, command));
}

/** Sends the signal, SIGINT as Ctrl-C does, to the whole process group, when the command has said `words` and `meanwhile` is done. */
export async function runUntil(
  folder: string,
  command: string,
  words: string,
  signal: NodeJS.Signals = 'SIGINT',
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<ShellResult> {
  const child = start(folder, command);
  let output = '';
  let isSent = false;
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (isSent || !output.includes(words)) return;
      isSent = true;
      void meanwhile().finally(() => process.kill(-(child.pid as number), signal));
    });
  return ended(child);
}

/** Command lines of running processes that name the folder: parts of its network. */
export function survivors(folder: string): string[] {
  const { stdout } = spawnSync('ps', ['-axww', '-o', 'args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(`${folder}/.mizu`));
}

const children = new Set<ChildProcess>();

/** Of tests that were given up. */
export function killShells(): void {
  for (const child of children) killChild(child);
}

function start(folder: string, command: string): ChildProcess {
  // What a clone's `npm test` has done already; here it would install into the repository under test.
  const env = { ...process.env, npm_config_ignore_scripts: 'true', npm_config_loglevel: 'error', NO_COLOR: '1' };
  const child = startChild(command, [], { cwd: folder, env, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.once('close', () => children.delete(child));
  return child;
}

async function ended(child: ChildProcess): Promise<ShellResult> {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
