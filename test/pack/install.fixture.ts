// The package as a stranger has it: packed, and installed into an empty folder with an empty cache of npm and an empty home.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { killChild, startChild } from '../../service/process/child.ts';
import type { Ended } from '../e2e/mizu.fixture.ts';

/** A last net: what a slow machine takes a few minutes for. */
const MAX_COMMAND_MS = 15 * 60_000;

export type Stranger = {
  /** Everything of it lies here. */
  readonly home: string;
  /** Where the package is installed. */
  readonly project: string;
  /** Commands in this folder come before those of the machine from now on. */
  use(folder: string): void;
  /** A command line, without a shell; in the project unless another folder is named. Killed after 15 minutes. */
  run(command: readonly string[], folder?: string): Promise<Ended>;
  /** Also called if this process ends before. */
  remove(): Promise<void>;
};

/** Its Node.js is that of this process. `cache` is npm's; without one it is new and empty. */
export function createStranger(cache?: string): Stranger {
  // A space in the path, as strangers have it.
  const home = mkdtempSync(join(tmpdir(), 'mizu pack '));
  const removeAtOnce = (): void => rmSync(home, { recursive: true, force: true });
  process.once('exit', removeAtOnce);
  const project = join(home, 'a project');
  mkdirSync(project);
  const env = {
    HOME: home,
    USERPROFILE: home,
    npm_config_cache: cache ?? join(home, 'cache'),
    npm_config_registry: process.env.npm_config_registry ?? '',
    npm_config_audit: 'false',
    // A registry that does not answer is told within minutes.
    npm_config_fetch_timeout: '60000',
    npm_config_fetch_retry_maxtimeout: '10000',
    npm_config_fund: 'false',
    npm_config_loglevel: 'error',
    npm_config_update_notifier: 'false',
    NO_COLOR: '1',
  };
  const path = [dirname(process.execPath), process.env.PATH ?? ''];
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  return {
    home,
    project,
    use: (folder) => path.unshift(folder),
    run: ([file = '', ...args], folder = project) => {
      const child = startChild(file, args, {
        cwd: folder,
        env: { ...passedOn(), ...set, PATH: path.join(delimiter) },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const limit = setTimeout(() => killChild(child), MAX_COMMAND_MS);
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => {
          clearTimeout(limit);
          resolve({ code, stdout, stderr });
        });
      });
    },
    remove: async () => {
      process.off('exit', removeAtOnce);
      // Tens of thousands of files: meanwhile this process does something else.
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/**
 * What says where npm's registry and its certificates are on this machine; nothing of this process's own npm. Another npm
 * would look for the machine's configuration beside itself.
 */
function passedOn(): Record<string, string | undefined> {
  const names =
    /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+|SystemRoot|TEMP|TMP|TMPDIR|npm_config_(user|global)config)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name)));
}

/** Of all files below the folder. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) return sum;
    return sum + (entry.isDirectory() ? sizeOf(path) : statSync(path).size);
  }, 0);
}
