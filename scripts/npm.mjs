// Runs npm: the one that has started this process, else the first one in PATH. No dependencies.
import { spawnSync } from 'node:child_process';

/** Returns the result of spawnSync. */
export function runNpm(args, options) {
  const { npm_execpath: npm } = process.env;
  return npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
}
