// docs/edge.md#builtin: the bytes of a text are those of its UTF-8.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8Length } from './text.ts';

test('a text has as many bytes as its UTF-8, lone surrogates too', () => {
  expect(['', 'a', 'ä', '€', '😀', '\ud83d', '\ude00', '\ud83da'].map(utf8Length)).toEqual([0, 1, 2, 3, 4, 3, 3, 4]);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
    }),
  );
});
