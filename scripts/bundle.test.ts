// CONTRIBUTING.md#starts
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const LOADER = new URL('./ts.mjs', import.meta.url).href;
const BUNDLES = fileURLToPath(new URL('../build/bundle/', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'mizu-bundle-'));
  write('word.ts', "export const word: string = 'one';");
  write('later.ts', "export const later: string = 'later ' + import.meta.url.endsWith('later.ts');");
  write(
    'main.ts',
    "import { word } from './word.ts';\nconst { later } = await import('./later.ts');\nconsole.log(word, later, import.meta.url);",
  );
});

afterEach(() => {
  for (const name of mine()) rmSync(join(BUNDLES, name), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const mine = () => readdirSync(BUNDLES).filter((name) => name.includes(folder.split('-').at(-1) as string));

function start(): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', LOADER, join(folder, 'main.ts')], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

const said = (word: string) => `${word} later true ${pathToFileURL(join(folder, 'main.ts')).href}`;

test('a source that has changed is bundled again, one that has not is not', () => {
  expect(start()).toBe(said('one'));
  const first = mine();
  expect(first).toHaveLength(2);
  expect(start()).toBe(said('one'));
  expect(mine()).toEqual(first);
  write('word.ts', "export const word: string = 'two';");
  expect(start()).toBe(said('two'));
  expect(mine()).toHaveLength(3);
});

test('while another process builds the bundle, modules are loaded one by one', () => {
  start();
  const manifest = mine().find((name) => name.endsWith('.json')) as string;
  write('word.ts', "export const word: string = 'two';");
  mkdirSync(join(BUNDLES, manifest.replace('.json', '.lock')));
  expect(start()).toBe(said('two'));
  expect(mine()).toHaveLength(3);
});

test('a mistake in a source is told by its place', () => {
  write('word.ts', 'export const word: string = ;');
  const { stderr, status } = spawnSync(process.execPath, ['--import', LOADER, join(folder, 'main.ts')], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toContain('word.ts:1:28');
});
