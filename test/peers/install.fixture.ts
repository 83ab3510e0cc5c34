// docs/court.md#class-b-tests: the model engines of packages/package.json, installed when a test wants them: without what
// they have for graphics cards, which is hundreds of MB, and without running anything of them.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../service/process/child.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HERE = fileURLToPath(new URL('./packages', import.meta.url));
const FOLDER = join(ROOT, 'build', 'peers');
const FILES = ['package.json', 'package-lock.json'];
/** Not `npm ci`, to which the binaries of other platforms that a mirror lacks are an error. */
const INSTALL = ['install', '--no-save', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
const MAX_REASON = 200;

/** Undefined if they are there; else why not, in a line. About 106 MB and ten seconds, once. */
export async function missingPeers(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `they are installed on Linux with x64 alone, and this is ${process.platform} with ${process.arch}`;
  if (isInstalled()) return undefined;
  // Beside it and renamed, so that what is there is whole, whoever else installs it.
  const folder = `${FOLDER}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  try {
    for (const file of FILES) copyFileSync(join(HERE, file), join(folder, file));
    const npm = startChild('npm', INSTALL, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise<number | null>((resolve) => {
      npm.once('error', () => resolve(null));
      npm.once('close', resolve);
    });
    const [said, code] = await Promise.all([text(npm.stderr), ended]);
    if (code !== 0) return `npm install has failed: ${said.trim().slice(0, MAX_REASON)}`;
    rmSync(FOLDER, { recursive: true, force: true });
    renameSync(folder, FOLDER);
    return undefined;
  } catch (error) {
    return isInstalled() ? undefined : String(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What `require` gives of an engine. */
export function requirePeer(name: string): unknown {
  return createRequire(join(FOLDER, 'package.json'))(name);
}

/** The module of an engine that `import` loads. */
export async function importPeer(name: string): Promise<unknown> {
  return import(createRequire(join(FOLDER, 'package.json')).resolve(name));
}

function isInstalled(): boolean {
  if (!existsSync(join(FOLDER, 'node_modules'))) return false;
  return FILES.every((file) => readFileSync(join(FOLDER, file)).equals(readFileSync(join(HERE, file))));
}
