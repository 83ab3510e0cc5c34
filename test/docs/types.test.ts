// CONTRIBUTING.md: every folder with TypeScript is part of the type check, so a file that moves does not leave it.
import { expect, test } from 'vitest';
import { readText, textFiles } from './pages.ts';

test('every folder with TypeScript is type-checked', () => {
  const { include } = JSON.parse(readText('tsconfig.json')) as { include: string[] };
  const checked = new Set(include.map((path) => path.split('/')[0]));
  const folders = textFiles().flatMap((path) => (/^[^/]+\/.*\.ts$/.test(path) ? [path.split('/')[0] as string] : []));
  expect([...new Set(folders)].filter((folder) => !checked.has(folder))).toEqual([]);
});
