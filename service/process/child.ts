// docs/operations.md#children: every process that this one starts ends with it, however this one ends.
import {
  type ChildProcess,
  type ChildProcessByStdio,
  type SpawnOptions,
  type SpawnOptionsWithStdioTuple,
  type StdioNull,
  type StdioPipe,
  spawn,
} from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { killGroup } from './kill-group.mjs';

const WATCHER = fileURLToPath(new URL('./child-watcher.mjs', import.meta.url));

type Stdio = StdioNull | StdioPipe;
type In<Kind extends Stdio> = Kind extends StdioPipe ? Writable : null;
type Out<Kind extends Stdio> = Kind extends StdioPipe ? Readable : null;

const running = new Set<ChildProcess>();
let watcher: ChildProcess | undefined;

/**
 * `spawn`, with a process group of its own for the child: Ctrl-C in a terminal goes to the parent alone, which ends its
 * children in order. When the parent ends, the group is killed, even if the parent was ended by SIGKILL.
 */
export function startChild<I extends Stdio, O extends Stdio, E extends Stdio>(
  command: string,
  args: readonly string[],
  options: SpawnOptionsWithStdioTuple<I, O, E>,
): ChildProcessByStdio<In<I>, Out<O>, Out<E>>;
export function startChild(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
export function startChild(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  watcher ??= startWatcher();
  const child = spawn(command, args, { windowsHide: true, ...options, detached: true });
  if (child.pid === undefined) return child;
  running.add(child);
  tell('+', child);
  child.once('exit', () => {
    running.delete(child);
    tell('-', child);
  });
  return child;
}

/** SIGKILL to a child and to what it has started in its group. */
export function killChild({ pid }: ChildProcess): void {
  if (pid !== undefined) killGroup(pid);
}

// If code can still run when this process ends, no watcher is needed.
process.on('exit', () => {
  for (const child of running) killChild(child);
});

/**
 * The watcher reads which children there are, and kills them when its input closes: the operating system closes that
 * when this process ends.
 */
function startWatcher(): ChildProcess {
  const child = spawn(process.execPath, [WATCHER], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
    cwd: '/',
    detached: true,
    windowsHide: true,
  });
  // Neither the watcher nor its input keeps this process alive.
  child.unref();
  (child.stdin as unknown as Socket).unref();
  child.stdin.on('error', () => undefined);
  child.once('exit', (_code, signal) => {
    watcher = undefined;
    // If somebody has killed it, the children get another watcher.
    if (signal === null || running.size === 0) return;
    watcher = startWatcher();
    for (const one of running) tell('+', one);
  });
  return child;
}

function tell(change: '+' | '-', { pid }: ChildProcess): void {
  watcher?.stdin?.write(`${change}${pid}\n`);
}
