import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { SOURCES } from './sources.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Files of the repository that these import, and what those import. */
async function importedBy(entryPoints: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...entryPoints],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outdir: 'build',
  });
  return Object.keys(metafile.inputs);
}

test.each([
  ['machines', () => ['test/mutation/check.ts']],
  [
    'kernel',
    () => readdirSync(`${root}kernel`).flatMap((name) => (name.endsWith('.test.ts') ? [`kernel/${name}`] : [])),
  ],
] as const)('a verdict on the %s holds for all that its checks import', async (kind, entries) => {
  const { paths } = SOURCES[kind];
  const files = await importedBy(entries());
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => !paths.some((path) => file === path || file.startsWith(`${path}/`)))).toEqual([]);
});
