// Code and pages refer to pages and their sections: these must be there.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, ROOT, readText, referencesOf, sectionNames, textFiles } from './pages.ts';

const references = textFiles()
  .filter((path) => !path.startsWith('test/docs/'))
  .flatMap(referencesOf);

test('every page that code, messages and pages mention is there', () => {
  expect(references.length).toBeGreaterThan(300);
  const dead = references.filter(({ page }) => !existsSync(join(ROOT, page)));
  expect(dead).toEqual([]);
});

test('every section that they mention is there', () => {
  const anchors = new Map<string, Set<string>>();
  const dead = references.filter(({ page, anchor }) => {
    if (anchor === undefined || !page.endsWith('.md') || !existsSync(join(ROOT, page))) return false;
    if (!anchors.has(page)) anchors.set(page, anchorsOf(page));
    return !anchors.get(page)?.has(anchor);
  });
  expect(dead).toEqual([]);
});

test('no page has one name twice', () => {
  const pages = textFiles().filter((path) => path.endsWith('.md'));
  for (const page of pages) {
    const names = sectionNames(page);
    expect(
      names.filter((name, i) => names.indexOf(name) !== i),
      page,
    ).toEqual([]);
  }
});

/** In a recipe: a file that its reader is to write. */
const TO_WRITE = /\/acme(\.test)?\.ts$|NAME/;

test('every file of the repository that a page names is there', () => {
  const pages = textFiles().filter((path) => path.endsWith('.md'));
  const named = pages.flatMap((page) =>
    [...readText(page).matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|mjs|sol|md|json|wasm|bin))`/g)]
      .map((match) => match[1] as string)
      .filter((file) => !/^(build|\.mizu|node_modules)\//.test(file) && !TO_WRITE.test(file))
      .map((file) => `${page}: ${file}`),
  );
  expect(named.length).toBeGreaterThan(100);
  // A page of a folder may name a file from there.
  const isThere = (page: string, file: string) =>
    existsSync(join(ROOT, file)) || existsSync(join(ROOT, dirname(page), file));
  expect(named.filter((line) => !isThere(...(line.split(': ') as [string, string])))).toEqual([]);
});
