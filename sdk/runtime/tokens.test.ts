import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LANGUAGES } from '../../test/sdk/languages.fixture.ts';
import { hashTokens } from './tokens.ts';

const words = (text: string) => [...hashTokens(text, 'words')];
const characters = (text: string) => [...hashTokens(text, 'characters')];

test('a word is the same in any case and normalisation form, with any punctuation, in every script', () => {
  for (const text of Object.values(LANGUAGES).flat()) {
    const tokens = words(text);
    expect(tokens.length).toBeGreaterThan(18);
    expect(new Set(tokens).size).toBeGreaterThan(tokens.length / 3);
    expect(words(text.normalize('NFD'))).toEqual(tokens);
    expect(words(text.toUpperCase())).toEqual(tokens);
    expect(words(`«${text.replaceAll(/\p{P}/gu, (sign) => ` ${sign}${sign} `)}!»`)).toEqual(tokens);
    expect(characters(text.normalize('NFD').toUpperCase())).toEqual(characters(text));
  }
  expect(words('It’s a café')).toEqual(words("it's a CAFE\u0301"));
  expect(words('la\u00adzy qu\u200bick')).toEqual(words('lazy quick'));
  expect(words('Straße ΟΔΟΣ')).toEqual(words('STRASSE οδος'));
  expect(words('été')).not.toEqual(words('ete'));
});

test('scripts without spaces are taken by characters, others by words', () => {
  expect(words('今天天气很好。')).toHaveLength(6);
  expect(words('コーヒーを、飲む')).toHaveLength(7);
  expect(words('วันนี้')).toHaveLength(3);
  expect(words('ភាសាខ្មែរ')).toHaveLength(5);
  expect(words('မြန်မာ')).toHaveLength(3);
  expect(words('ສະບາຍດີ')).toHaveLength(6);
  expect(words('오늘은 날씨가 좋다')).toHaveLength(3);
  expect(words('Привет, мир! x2')).toHaveLength(3);
  expect(words('iPhone15を買う naïve')).toHaveLength(5);
  expect(words('😀😀🎉')).toHaveLength(3);
  expect(words('... — ¿!。「」 © €')).toHaveLength(0);
  expect(characters('naïve cat 7')).toHaveLength(9);
  expect(characters('cat')).toEqual(['c', 'a', 't'].flatMap(words));
});

test('ASCII alone is taken like ASCII among other characters', () => {
  const ascii = fc.string({ unit: 'binary-ascii', maxLength: 60 });
  fc.assert(
    fc.property(ascii, (text) => {
      expect(words(`${text} é`).slice(0, -1)).toEqual(words(text));
      expect(characters(`${text}é`).slice(0, -1)).toEqual(characters(text));
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(words(text.normalize('NFD'))).toEqual(words(text));
      expect(characters(text.normalize('NFD'))).toEqual(characters(text));
    }),
  );
});

test('words that are counted on, in digits and letters, have hashes of their own', () => {
  const counted: Readonly<Record<string, (i: number) => string>> = {
    decimal: (i) => String(i),
    'base 36': (i) => `w${i.toString(36)}`,
    binary: (i) => i.toString(2).padStart(20, '0'),
    'within a word': (i) => `order${i.toString(26)}x`,
    letters: (i) =>
      [...i.toString(16)].map((digit) => String.fromCharCode(0x430 + Number.parseInt(digit, 16))).join(''),
  };
  for (const [name, word] of Object.entries(counted)) {
    const text = Array.from({ length: 20_000 }, (_, i) => word(i)).join(' ');
    const hashes = hashTokens(text, 'words');
    // Of so many at random 0.05 would collide.
    expect([name, hashes.length - new Set(hashes).size]).toEqual([name, 0]);
  }
});
