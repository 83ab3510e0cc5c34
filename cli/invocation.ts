// docs/sdk.md#typed: how mizu is called from where the user stands, so that the commands that it prints run when they
// are pasted.
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shellWord } from '../sdk/output/shell-word.ts';

const BIN = fileURLToPath(new URL('../bin/mizu.mjs', import.meta.url));
/** How the texts of the sources call mizu. That is right in a clone, and in a project that depends on mizu. */
const WRITTEN = /\bnpx mizu\b/g;

export type InvocationPlace = {
  /** The file that runs as `mizu`. */
  readonly bin: string;
  readonly cwd: string;
  /** The directories in which a shell looks for commands, as PATH has them. */
  readonly path: string;
  /** The path that was started, with its links not followed. */
  readonly started?: string | undefined;
};

/** `npx mizu` if npx takes this very file, else `mizu` if the shell finds it, else `node` with the file's path. */
export function commandAt({ bin, cwd, path, started }: InvocationPlace): string {
  const real = realPath(bin);
  const isThis = (file: string) => real !== undefined && realPath(file) === real;
  const project = projectOf(cwd);
  // In a folder without mizu, npx would take whatever is published under this name.
  if (project !== undefined && [binOf(project), join(project, 'bin', 'mizu.mjs')].some(isThis)) return 'npx mizu';
  if (path.split(delimiter).some((folder) => folder !== '' && isThis(join(folder, 'mizu')))) return 'mizu';
  return `node ${shellWord(started !== undefined && isThis(started) ? started : bin)}`;
}

/** The text with `npx mizu` as it must be typed here. */
export function asTyped(text: string): string {
  if (!text.includes('npx mizu')) return text;
  const command = typedCommand();
  return text.replaceAll(WRITTEN, () => command);
}

export function typedCommand(): string {
  return commandAt({ bin: BIN, cwd: process.cwd(), path: process.env.PATH ?? '', started: process.argv[1] });
}

// The project as npm finds it: the nearest folder upwards with a package.json or a node_modules.
function projectOf(cwd: string): string | undefined {
  for (let at = resolve(cwd); ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json')) || existsSync(join(at, 'node_modules'))) return at;
    if (dirname(at) === at) return undefined;
  }
}

function binOf(project: string): string {
  return join(project, 'node_modules', '.bin', 'mizu');
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}
