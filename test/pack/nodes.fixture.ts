// docs/sdk.md#package: the lines of Node.js that are supported beside the machine's own, as npm serves them.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stranger } from './install.fixture.ts';

export const NODE_LINES = [22, 24] as const;

/** The newest Node.js of a line, from npm; undefined if npm does not serve one for this machine. */
export async function installNode({ home, run }: Stranger, line: number): Promise<string | undefined> {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const folder = join(home, `node-${line}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{}');
  await run(['npm', 'install', '--ignore-scripts', `${name}@${line}`], folder);
  const file = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return existsSync(file) ? file : undefined;
}
