// docs/sdk.md#smoke: the lines of Node.js that are tried beside the machine's own, as npm serves them.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Stranger } from './install.fixture.ts';

export const NODE_LINES = ['22', '24'] as const;

/** Its newest, or a version. From which line on the next npm comes with Node.js. */
const NPM_11_FROM = 24;

/**
 * Brings the stranger the newest Node.js of a line, or a version, with the npm that it comes with.
 * @returns the versions of both; or why there are none: npm serves no Node.js for some machines
 */
export async function useNode(
  { home, run, use }: Stranger,
  line: string,
): Promise<{ readonly versions: string } | { readonly missing: string }> {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const npm = `npm@${Number.parseInt(line, 10) < NPM_11_FROM ? 10 : 11}`;
  const folder = join(home, 'node');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{}');
  const { stderr } = await run(['npm', 'install', '--ignore-scripts', `${name}@${line}`, npm], folder);
  const file = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(file)) {
    const lines = stderr.split('\n').map((text) => text.replace(/^npm (error|ERR!) /, ''));
    return { missing: `npm serves no ${name}@${line}: ${lines.find((text) => !text.startsWith('code')) ?? ''}` };
  }
  use(join(folder, 'node_modules/.bin'));
  use(dirname(file));
  const versions = await Promise.all([run(['node', '--version']), run(['npm', '--version'])]);
  const [node, itsNpm] = versions.map(({ stdout }) => stdout.trim().replace('v', ''));
  return { versions: `Node.js ${node}, npm ${itsNpm}` };
}
