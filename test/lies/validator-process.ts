// docs/disputes.md#playing: the validator as a process of its own, whose log is read.
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NodeConfig } from '../../node/config.ts';
import { encodeNetwork } from '../../node/config.ts';
import type { Hex } from '../../protocol/hex.ts';
import { startChild } from '../../service/process/child.ts';

export type LogEntry = { readonly msg?: string; readonly [field: string]: unknown };

export type ValidatorProcess = {
  readonly pid: number;
  close(): Promise<void>;
};

const SCRIPT = fileURLToPath(new URL('../network/validator-process.fixture.ts', import.meta.url));
const LOADER = fileURLToPath(new URL('../../scripts/ts.mjs', import.meta.url));

export function startValidatorProcess(
  config: NodeConfig,
  key: Hex,
  onLog: (entry: LogEntry) => void,
): ValidatorProcess {
  mkdirSync(config.dataDir, { recursive: true });
  const file = `${dirname(config.dataDir)}/validator.json`;
  writeFileSync(file, JSON.stringify({ ...encodeNetwork(config), key }));
  const child = startChild(process.execPath, ['--import', LOADER, SCRIPT, file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, MIZU_LOG: 'info' },
  });
  const exit = once(child, 'exit');
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith('{')) onLog(JSON.parse(line) as LogEntry);
    else process.stderr.write(`validator: ${line}\n`);
  });
  return {
    pid: child.pid as number,
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exit;
    },
  };
}
