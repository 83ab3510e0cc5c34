// Code and pages refer to pages and their sections: these must be there.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, namesOf, ROOT, referencesOf, textFiles } from './pages.ts';

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
    const names = namesOf(page);
    expect(
      names.filter((name, i) => names.indexOf(name) !== i),
      page,
    ).toEqual([]);
  }
});
