import { expect, test } from 'vitest';
import { hashText, mix32 } from './hash.ts';
import { bandHash, bandingFor, minHash, similarity } from './minhash.ts';

// A seeded generator of words: the same texts in every run.
function createWords(seed: number): (count: number) => string[] {
  let state = seed;
  return (count) =>
    Array.from({ length: count }, () => {
      state = mix32(state + 0x9e3779b9);
      return `w${state % 5000}`;
    });
}

function jaccard(a: readonly string[], b: readonly string[]): number {
  const shingles = (words: readonly string[]): Set<string> =>
    new Set(words.slice(2).map((_, i) => words.slice(i, i + 3).join(' ')));
  const [x, y] = [shingles(a), shingles(b)];
  const common = [...x].filter((shingle) => y.has(shingle)).length;
  return common / (x.size + y.size - common);
}

test('the estimate is the Jaccard similarity of word 3-grams, for short and long texts', () => {
  const words = createWords(7);
  for (const length of [12, 40, 200, 1000]) {
    let [error, worst] = [0, 0];
    for (let i = 0; i < 60; i++) {
      const a = words(length);
      const b = [...a.slice(0, Math.floor((length * (60 - i)) / 60)), ...words(Math.ceil((length * i) / 60))];
      const off = similarity(minHash(a.join(' ')), minHash(b.join(' '))) - jaccard(a, b);
      error += off / 60;
      worst = Math.max(worst, Math.abs(off));
    }
    expect(Math.abs(error)).toBeLessThan(0.03);
    expect(worst).toBeLessThan(0.2);
  }
});

test('case, white space and punctuation do not count, words do', () => {
  const same = similarity(minHash('The  quick, brown fox\njumps!'), minHash('the quick brown fox jumps'));
  expect(same).toBe(1);
  expect(similarity(minHash('one two three four'), minHash('five six seven eight'))).toBeLessThan(0.1);
  expect(minHash('').length).toBe(128);
  expect(similarity(minHash('日本語の“文章”です'), minHash('日本語の文章です。'))).toBe(1);
});

test('pairs at the threshold share a band', () => {
  for (const near of [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1]) {
    const { bands, rows } = bandingFor(near);
    expect(bands * rows).toBeLessThanOrEqual(128);
    expect(1 - (1 - near ** rows) ** bands).toBeGreaterThanOrEqual(0.995);
  }
  const a = new Int32Array(minHash('a b c d e f g').buffer);
  expect(bandHash(a, 0, 6)).toBe(bandHash(a, 0, 6));
  expect(bandHash(a, 0, 6)).not.toBe(bandHash(a, 1, 6));
});

test('hashText has fixed values and tells length apart', () => {
  expect([...hashText('', 0)]).toEqual([0, 0, 0, 0]);
  expect([...hashText('mizu', 0)]).toEqual([...hashText('mizu', 0)]);
  expect(hashText('a', 0)).not.toEqual(hashText('a\0', 0));
  const seen = new Set(Array.from({ length: 20_000 }, (_, i) => hashText(`key ${i}`, 0).join()));
  expect(seen.size).toBe(20_000);
});
