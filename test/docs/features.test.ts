// docs/vm.md#features: the page has the list of the code, each name once.
import { expect, test } from 'vitest';
import { REFUSED_FEATURES } from '../../vm/wasm/features.ts';
import { readText } from './pages.ts';

test('docs/vm.md names every feature that is refused', () => {
  const [, section = ''] = /\{#features\}([\s\S]*?)\n### /.exec(readText('docs/vm.md')) ?? [];
  const listed = [...section.matchAll(/^- .*(?:\n {2}.*)*$/gm)].flatMap(([line]) => [...line.matchAll(/`([^`]+)`/g)]);
  expect(listed.map(([, name]) => name)).toEqual(expect.arrayContaining(Object.keys(REFUSED_FEATURES)));
  expect(listed.length).toBe(Object.keys(REFUSED_FEATURES).length);
});
