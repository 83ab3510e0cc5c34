import { expect, test } from 'vitest';
import { readDocComment } from './doc-comment.ts';

test('a comment of several lines is taken apart by its tags', () => {
  const text = `*
 * Deploys it, or finds it deployed.
 * @returns its id
 *
 * @example
 * const { id } = await deploy(
 *   workflow,
 * );
 * @throws MizuError \`sdk/poor\` if the account
 * has too little.
 `;
  expect(readDocComment(text)).toEqual({
    summary: 'Deploys it, or finds it deployed.',
    tags: ['Returns its id.', 'Throws MizuError `sdk/poor` if the account\nhas too little.'],
    examples: ['const { id } = await deploy(\n  workflow,\n);'],
  });
});

test('a comment of one line may have its tag in the line', () => {
  expect(readDocComment('* Wei, at least 1. @throws MizuError if it is no amount ')).toEqual({
    summary: 'Wei, at least 1.',
    tags: ['Throws MizuError if it is no amount.'],
    examples: [],
  });
});

test('an address and a package that begins with @ are no tags', () => {
  const { summary } = readDocComment('* Of `@ethereumjs/mpt`, by me@mizu.example. ');
  expect(summary).toBe('Of `@ethereumjs/mpt`, by me@mizu.example.');
});

test('a tag that no page shows is refused', () => {
  expect(() => readDocComment('* Old. @deprecated since 0.2')).toThrow('a comment has the tag @deprecated');
});
