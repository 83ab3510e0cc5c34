// docs/sdk.md#node
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isInRange, rangeInWords } from './node-version.mjs';

const enginesOf = (file: string): string =>
  (JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')) as { engines: { node: string } }).engines
    .node;
const RANGE = enginesOf('package.json');

test.each([
  ['18.20.8', false],
  ['20.18.3', false],
  ['20.19.0', true],
  ['20.20.2', true],
  ['21.7.3', false],
  ['22.11.0', false],
  ['22.12.0', true],
  ['22.23.5', true],
  ['24.0.0', true],
  ['26.12.1', true],
])('Node.js %s: %s', (version, isSupported) => {
  expect(isInRange(version, RANGE)).toBe(isSupported);
});

test('it is told in words', () => {
  expect(rangeInWords(RANGE)).toBe('20.19 or a later 20, or 22.12 or later');
});

test('the package supports what the repository does', () => {
  expect(enginesOf('sdk/package.json')).toBe(RANGE);
});
