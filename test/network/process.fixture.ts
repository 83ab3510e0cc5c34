// docs/operations.md: a part of the network as a process of its own, to be killed and started again.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeConfig } from '../../node/config.ts';
import { encodeNetwork } from '../../node/config.ts';
import { startChild } from '../../service/process/child.ts';

const LOADER = fileURLToPath(new URL('../../scripts/ts.mjs', import.meta.url));

export type TestProcess = {
  start(): void;
  /** Waits for its end; nothing if it is not running. */
  kill(signal: NodeJS.Signals): Promise<void>;
};

/** `script` takes a configuration file: the network's fields and `more`. */
export function createProcess(script: URL, config: NodeConfig, more: Readonly<Record<string, unknown>>): TestProcess {
  let child: ChildProcess | undefined;
  const file = `${config.dataDir}.json`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ ...encodeNetwork(config), ...more }));
  return {
    start() {
      const env = { ...process.env, MIZU_LOG: process.env.MIZU_LOG ?? 'silent' };
      const args = ['--import', LOADER, fileURLToPath(script), file];
      child = startChild(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
    },
    async kill(signal) {
      const ended = child;
      child = undefined;
      if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
      const exit = once(ended, 'exit');
      ended.kill(signal);
      await exit;
    },
  };
}
