// CONTRIBUTING.md#tests: the lines that `npm run mutation` breaks are there.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MUTANTS } from './mutants.ts';

const ROOT = new URL('../../', import.meta.url);

test.each(MUTANTS)('$file has it once: $text', ({ file, text, replacement }) => {
  expect(readFileSync(new URL(file, ROOT), 'utf8').split(text)).toHaveLength(2);
  expect(replacement).not.toBe(text);
});

test('at least 30 lines, in the verifier and in the step machine', () => {
  expect(MUTANTS.filter(({ file }) => file.endsWith('.sol')).length).toBeGreaterThanOrEqual(30);
  expect(MUTANTS.filter(({ file }) => file.startsWith('vm/step')).length).toBeGreaterThanOrEqual(10);
});
