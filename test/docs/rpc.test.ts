// docs/rpc.md#methods: the page has a section for each method that the sequencer answers, and for no other.
import { expect, test } from 'vitest';
import { readText } from './pages.ts';

test('docs/rpc.md has the methods of the sequencer', () => {
  const told = [...readText('docs/rpc.md').matchAll(/^### `(mizu_\w+)` \{#\1\}$/gm)].map(([, name]) => name);
  const answered = [...readText('sequencer/rpc/methods.ts').matchAll(/^ {4}(mizu_\w+): method\(/gm)];
  expect(told).toEqual(answered.map(([, name]) => name));
  expect(told.length).toBeGreaterThan(10);
});
