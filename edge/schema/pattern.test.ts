import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern } from './pattern.ts';

const RUNS = 300;

describe('a pattern', () => {
  test.each([
    ['^[A-Z]{2}\\d{6}$', 'AB123456', true],
    ['^[A-Z]{2}\\d{6}$', 'AB12345', false],
    ['b', 'abc', true],
    ['^.$', '\u2028', false],
    ['^.$', '😀', true],
    ['^\\s$', '\u00a0', true],
    ['^[\\S]$', '\ufeff', false],
    ['^\\ud83d\\ude00$', '😀', true],
    ['^\\u{1f600}$', '😀', true],
    ['^[]$', '', false],
    ['^[^]$', '\n', true],
    ['^(?<year>\\d{4})\\/\\x41\\cJ\\0$', '2024/A\n\0', true],
    ['^\\p{Script=Greek}+$', 'αβγ', true],
    ['^\\P{Lu}[\\p{Lu}\\p{N}]$', 'aÉ', true],
    ['^(?!\\.)(?=.*@)[a-z.@]+$', 'a.b@c', true],
    ['^(?!\\.)(?=.*@)[a-z.@]+$', '.b@c', false],
    ['^(?!\\.)(?=.*@)[a-z.@]+$', 'a.b', false],
    ['^a|b$', 'xb', true],
  ])('%s in %j: %s', (source, text, found) => {
    expect(new RegExp(source, 'u').test(text)).toBe(found);
    expect(compilePattern(source).test(text)).toBe(found);
  });

  test.each([
    ['(', 'regular expression of ECMAScript'],
    ['a{2,1}', 'regular expression of ECMAScript'],
    ['a(?=b)', 'lookaheads right after'],
    ['(?<=a)b', 'lookaheads right after'],
    ['^(?!a)b|c', 'alternatives'],
    ['(a)\\1', 'backreference'],
    ['(?<x>a)\\k<x>', 'backreference'],
    ['a{1001}', '1000 repetitions'],
    ['(?:a{1000}){5}', '4096 states'],
    ['(?:a?){900}'.repeat(10), '4096 states'],
    ['\\p{Emoji}', 'general category'],
    ['x'.repeat(4097), '4096 characters'],
  ])('%s is refused', (source, expected) => {
    expect(() => compilePattern(source)).toThrow(
      expect.objectContaining({ expected: expect.stringContaining(expected) }),
    );
  });
});

// Patterns of everything that is translated, over letters that often meet.
const letter = fc.constantFrom(
  'a',
  'b',
  'ß',
  '😀',
  '\\n',
  '\\u00a0',
  '\\x61',
  '\\-',
  '\\.',
  '\\u{1f600}',
  '\\ud83d\\ude00',
);
const classEscape = fc.constantFrom('\\d', '\\w', '\\s', '\\S', '\\D', '\\W', '\\p{L}', '\\P{Lu}', '\\p{Script=Latin}');
const plain = letter.filter((one) => !one.startsWith('\\-'));
const member = fc.oneof(letter, classEscape, fc.constantFrom('a-c', '\\u0080-\\u{1f600}', '0-9'));
const characterClass = fc
  .tuple(fc.boolean(), fc.array(member, { maxLength: 4 }))
  .map(([negated, members]) => `[${negated ? '^' : ''}${members.join('')}]`);
const quantifier = fc.constantFrom('', '', '*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '{0}');
const { pattern } = fc.letrec<{ pattern: string; term: string }>((tie) => ({
  term: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(fc.oneof(plain, classEscape, characterClass, fc.constant('.')), quantifier).map((parts) => parts.join('')),
    fc.constantFrom('^', '$', '\\b', '\\B'),
    fc
      .tuple(fc.constantFrom('(', '(?:'), tie('pattern'), quantifier)
      .map(([open, body, times]) => `${open}${body})${times}`),
  ),
  pattern: fc
    .array(fc.array(tie('term'), { minLength: 0, maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((branches) => branches.map((terms) => terms.join('')).join('|')),
}));
const guarded = fc
  .tuple(fc.array(fc.tuple(fc.boolean(), pattern), { maxLength: 2 }), pattern)
  .map(([guards, body]) => `^${guards.map(([wanted, one]) => `(?${wanted ? '=' : '!'}${one})`).join('')}(?:${body})`);
const text = fc
  .array(fc.constantFrom('a', 'b', 'B', 'ß', '😀', '\n', '\u00a0', '\u2028', '-', '.', '1', ' ', '\ud83d'), {
    maxLength: 8,
  })
  .map((chars) => chars.join(''));

/**
 * V8 tries every way through a pattern: with twice as many choices, one pattern in a thousand takes longer than anyone
 * waits.
 */
const MAX_CHOICES = 8;
const isSmall = (source: string) => (source.match(/[*+?|]|\{[\d,]+\}/g) ?? []).length <= MAX_CHOICES;

test('any pattern finds what ECMAScript finds', () => {
  const source = fc.oneof(pattern, guarded).filter(isSmall);
  fc.assert(
    fc.property(source, fc.array(text, { minLength: 3, maxLength: 3 }), (source, texts) => {
      const compiled = compilePattern(source);
      for (const one of texts) expect([source, one, compiled.test(one)]).toEqual([source, one, isFound(source, one)]);
    }),
    { numRuns: RUNS },
  );
});

test('no match begins within a character', () => {
  expect([compilePattern('\\B').test('a😀a'), compilePattern('\\B').test('😀😀')]).toEqual([false, true]);
});

/**
 * Matches by V8, but from whole characters only (ECMA-262, AdvanceStringIndex): V8 also finds `\B` between the two
 * halves of a character.
 */
function isFound(source: string, one: string): boolean {
  const sticky = new RegExp(source, 'uy');
  for (let at = 0; at <= one.length; at += one.codePointAt(at)! > 0xffff ? 2 : 1) {
    sticky.lastIndex = at;
    if (sticky.test(one)) return true;
  }
  return false;
}
