// CONTRIBUTING.md#pages: lines of the pages have at most 120 characters, where they can be broken.
import { expect, test } from 'vitest';
import { WIDTH, wrapLines } from '../../scripts/generate/wrap.ts';
import { readText, textFiles } from './pages.ts';

const PAGES = /^((?:[\w-]+\/)*README|CONTRIBUTING|ARCHITECTURE|docs\/[\w-]+)\.md$/;
/** Tables, headings, and code that is set in by four spaces. */
const IS_WHOLE = /^(\s*\||#| {4})/;

const pages = textFiles().filter((path) => PAGES.test(path));

test.each(pages)('%s', (page) => {
  let isFenced = false;
  const long = readText(page)
    .split('\n')
    .flatMap((line, i) => {
      if (line.trimStart().startsWith('```')) isFenced = !isFenced;
      if (isFenced || line.length <= WIDTH || IS_WHOLE.test(line)) return [];
      // A link, or a piece of code, that is longer than a line stands alone.
      return wrapLines(line.trim()).length === 1 ? [] : [`${page}:${i + 1} has ${line.length} characters`];
    });
  expect(long).toEqual([]);
});

const words = (count: number) => Array(count).fill('word').join(' ');

test('a paragraph is broken at spaces, and neither in code nor in a link', () => {
  const [code, link] = ['`code with spaces`', '[a link of words](page.md#x),'];
  expect(wrapLines(`${words(22)} ${code} end`)).toEqual([words(22), `${code} end`]);
  expect(wrapLines(`${words(20)} ${link} end`)).toEqual([words(20), `${link} end`]);
  expect(wrapLines(`${words(23)} in words`, '- ', '  ')).toEqual([`- ${words(23)} in`, '  words']);
});

test('no line of a paragraph begins with what Markdown takes for something else', () => {
  for (const mark of ['-', '+', '2.', '17)', '#', '>', '|', '<b>', '==='])
    expect(wrapLines(`${words(24)} ${mark} end`)).toEqual([words(23), `word ${mark} end`]);
});
