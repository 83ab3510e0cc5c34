// docs/sdk.md#chunk: nothing of a text is lost, no chunk is too long, and words are those of near dedupe.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunksOf } from './chunk.ts';
import { hashTokens, wordPlaces } from './tokens.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        'word',
        'été',
        '日本',
        'ภาษา',
        '😀',
        'a\u00adb',
        '\u200b',
        '\ufe0f',
        'x\u0301',
        ' ',
        '\n',
        '\r\n',
        '. ',
        '\ud800',
        '7',
      ),
      {
        maxLength: 20,
      },
    )
    .map((parts) => parts.join('')),
);
const unitOf = (unit: 'characters' | 'words' | 'lines', text: string): number =>
  unit === 'words'
    ? wordPlaces(text).length
    : unit === 'characters'
      ? [...text].length
      : text.replace(/\n$/, '').split('\n').length;

test.each(['characters', 'words', 'lines'] as const)('%s', (unit) => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 5 }), fc.nat(4), (text, size, over) => {
      const overlap = Math.min(over, size - 1);
      const pieces = chunksOf(text, unit, size, overlap);
      const count = text === '' ? 0 : unitOf(unit, text);
      expect(pieces.length).toBe(count === 0 ? 0 : 1 + Math.max(0, Math.ceil((count - size) / (size - overlap))));
      let covered = 0;
      for (const { text: piece, start } of pieces) {
        expect(start).toBeLessThanOrEqual(covered);
        expect(text.slice(start, start + piece.length)).toBe(piece);
        if (unit !== 'words') expect(unitOf(unit, piece)).toBeLessThanOrEqual(size);
        covered = start + piece.length;
      }
      expect(covered).toBe(count === 0 ? 0 : text.length);
      if (overlap === 0) expect(pieces.map((piece) => piece.text).join('')).toBe(count === 0 ? '' : text);
    }),
    { numRuns: 300 },
  );
});

test('chunks by words, with what two of them share', () => {
  expect(chunksOf('"One two, three four five."', 'words', 2, 1)).toEqual([
    { text: '"One two, ', start: 0 },
    { text: 'two, three ', start: 5 },
    { text: 'three four ', start: 10 },
    { text: 'four five."', start: 16 },
  ]);
  expect(chunksOf('私は日本', 'words', 3, 0).map(({ text }) => text)).toEqual(['私は日', '本']);
  expect(chunksOf('a\r\nb\n\nc', 'lines', 2, 0).map(({ text }) => text)).toEqual(['a\r\nb\n', '\nc']);
  expect(chunksOf('😀é\u{1f600}', 'characters', 2, 0).map(({ text }) => text)).toEqual(['😀é', '😀']);
  expect(chunksOf('... !', 'words', 2, 0)).toEqual([]);
});

test('a word is what near dedupe takes for one', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      // What NFC puts together is one word before and after.
      const normal = text.replace(/[\ud800-\udfff]/gu, '').normalize('NFC');
      expect(wordPlaces(normal).length).toBe(hashTokens(normal, 'words').length);
    }),
    { numRuns: 500 },
  );
});
