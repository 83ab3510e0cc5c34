// docs/operations.md#children: npm passes no signal on when it is killed; so what it has started checks whether npm is
// still there.
import { spawnSync } from 'node:child_process';

const LOOK_MS = 500;

/** Ends this process when the npm that has started it is gone. Without npm, or without `ps`, it does nothing. */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = npmAbove(process.ppid);
  if (npm === undefined) return;
  setInterval(() => {
    if (!isThere(npm)) process.exit(1);
  }, LOOK_MS).unref();
}

/** npm is the parent, or the parent of the shell between. */
function npmAbove(parent) {
  for (let pid = parent, i = 0; i < 2; i++) {
    const { stdout } = spawnSync('ps', ['-ww', '-o', 'ppid=,args=', '-p', String(pid)], { encoding: 'utf8' });
    const [, above, args] = /^\s*(\d+)\s+(.*)/.exec(stdout ?? '') ?? [];
    if (args === undefined) return undefined;
    if (/^npm /.test(args) || args.includes(process.env.npm_execpath)) return pid;
    pid = Number(above);
  }
  return undefined;
}

function isThere(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
