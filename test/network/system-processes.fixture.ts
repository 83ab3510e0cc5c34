// docs/operations.md#children: what runs on this machine, for tests that nothing is left behind.
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

export type SystemProcess = { readonly pid: number; readonly ppid: number; readonly args: string };

/** A last net: they are gone after milliseconds. */
const GONE_SECONDS = 600;
const LOOK_MS = 50;

/** Without those that have ended and whose parent has not taken note of it. */
export function processes(): SystemProcess[] {
  const { stdout } = spawnSync('ps', ['-axww', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, ppid, stat, args = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || stat?.startsWith('Z') ? [] : [{ pid: Number(pid), ppid: Number(ppid), args }];
  });
}

/** Resolves when none of them runs. @throws Error after ten minutes, with those that are left */
export async function gone(pids: readonly number[]): Promise<void> {
  const deadline = Date.now() + GONE_SECONDS * 1000;
  for (;;) {
    const left = processes().filter(({ pid }) => pids.includes(pid));
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`still there: ${JSON.stringify(left)}`);
    await delay(LOOK_MS);
  }
}
