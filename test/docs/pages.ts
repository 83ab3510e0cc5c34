// The documentation as data: files of the repository, anchors and links of pages.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const IGNORED = ['node_modules', 'build', 'out', 'cache', '.git', '.mizu', 'generated', 'vectors'];
const TEXT = /\.(ts|mjs|js|sol|md|json|toml|wat)$|^\.ci\/run$/;

/** Paths from the root of all text files that a person wrote. */
export function textFiles(folder = ''): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (IGNORED.includes(entry.name)) return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return textFiles(path);
    return TEXT.test(path) && !path.endsWith('package-lock.json') ? [path] : [];
  });
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The `{#names}` of a page. */
export function sectionNames(page: string): string[] {
  return [...readText(page).matchAll(/\{#([\w-]+)\}/g)].map((match) => match[1] as string);
}

/** What may stand after `#`: names, and what GitHub makes of a heading. */
export function anchorsOf(page: string): Set<string> {
  const text = readText(page);
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map((match) => slug(match[1] as string));
  return new Set([...sectionNames(page), ...headings]);
}

function slug(heading: string): string {
  return heading
    .replace(/\{#[\w-]+\}/, '')
    .trim()
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-');
}

export type Reference = { readonly from: string; readonly page: string; readonly anchor: string | undefined };

/** `docs/x.md#y` anywhere in a file, and links of a page to another one of ours. */
export function referencesOf(from: string): Reference[] {
  const text = readText(from);
  const mentioned = [...text.matchAll(/\bdocs\/[\w-]+\.md(?:#([\w-]+))?/g)].map((match) => ({
    from,
    page: match[0].split('#')[0] as string,
    anchor: match[1],
  }));
  if (!from.endsWith('.md')) return mentioned;
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] as string)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#');
      return { from, page: path === '' ? from : join(dirname(from), path), anchor };
    });
  return [...mentioned, ...links];
}
