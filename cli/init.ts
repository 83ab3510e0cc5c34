// docs/sdk.md#init: `mizu init`, a folder with a workflow that runs, rows for it and a test.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import pc from 'picocolors';
import { MizuError } from '../protocol/errors.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import { MANIFEST, ownVersion } from './manifest.ts';
import { createOutput } from './output.ts';

const TEMPLATE = fileURLToPath(new URL('./template/', import.meta.url));
/** npm leaves files of this name out of a package. */
const IGNORED = 'gitignore';

export function initCommand(): Command {
  return new Command('init')
    .description('make a folder with a workflow that runs, ten rows and a test')
    .argument('<folder>', 'new, or empty')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu init my-workflow')
    .action(init);
}

function init(target: string, { json = false }: { readonly json?: boolean }): void {
  const output = createOutput(json);
  const folder = resolve(target);
  assertEmpty(target, folder);
  const name = packageName(basename(folder));
  const mizu = specifierFor(folder);
  const files = readdirSync(TEMPLATE).map((file) => {
    const text = readFileSync(join(TEMPLATE, file), 'utf8')
      .replaceAll('NAME', name)
      .replaceAll('"MIZU"', JSON.stringify(mizu));
    const path = file === IGNORED ? `.${file}` : file;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, path), text);
    return path;
  });
  output.say(`${pc.bold(target)}  ${files.sort().join(', ')}`);
  output.say(`\n${pc.bold('Next:')}`);
  const commands = [
    `cd ${shellWord(target)}`,
    'npm install',
    'npm test',
    'npx mizu dev workflow.ts --input rows.jsonl',
  ];
  for (const command of commands) output.say(`  ${pc.cyan(command)}`);
  output.data({ event: 'created', folder, files, mizu });
}

function assertEmpty(target: string, folder: string): void {
  if (!existsSync(folder)) return;
  const actual = !statSync(folder).isDirectory() ? 'a file' : readdirSync(folder).slice(0, 3).join(', ');
  if (actual === '') return;
  throw new MizuError({
    code: 'cli/not-empty',
    message: `${target} is there already.`,
    expected: 'a new folder, or an empty one',
    actual,
    hint: 'Name another folder. Nothing was written.',
  });
}

/** npm takes no capitals, and no dot or dash at the beginning. */
function packageName(name: string): string {
  const clean = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 100);
  return clean === '' ? 'my-workflow' : clean;
}

/**
 * The dependency on this very mizu in the new folder's package.json: the file that it was installed from, else its
 * version.
 */
function specifierFor(folder: string): string {
  const version = ownVersion();
  const own = dirname(MANIFEST);
  const tarball = basename(dirname(own)) === 'node_modules' ? installedFrom(own) : builtHere(own, version);
  return tarball === undefined ? version : `file:${relative(folder, tarball).split(sep).join('/')}`;
}

/** The tarball or folder on this machine; undefined if mizu came from npm's registry. */
function installedFrom(own: string): string | undefined {
  const modules = dirname(own);
  try {
    const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')) as Lock;
    const { resolved = '' } = lock.packages[`node_modules/${basename(own)}`] ?? {};
    return resolved.startsWith('file:') ? resolve(dirname(modules), resolved.slice('file:'.length)) : undefined;
  } catch {
    return undefined;
  }
}

type Lock = { readonly packages: Readonly<Record<string, { readonly resolved?: string }>> };

function builtHere(own: string, version: string): string {
  const tarball = join(dirname(own), 'build', `mizu-${version}.tgz`);
  if (existsSync(tarball)) return tarball;
  throw new MizuError({
    code: 'cli/no-package',
    message: 'The package that the new folder would depend on is not built.',
    expected: tarball,
    actual: 'no such file',
    hint: 'npm run pack',
  });
}
