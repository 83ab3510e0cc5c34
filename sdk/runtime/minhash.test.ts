import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryIo } from '../local/memory-io.ts';
import { hashText, mix32 } from './hash.ts';
import {
  bandHashes,
  bandingFor,
  isEstimateAtLeast,
  isJaccardAtLeast,
  minHash,
  packSignature,
  shingles as shinglesOf,
} from './minhash.ts';
import { createNearBands, createNearKey, type NearKey } from './near-keys.ts';
import { isNear } from './near-task.ts';
import { hashTokens } from './tokens.ts';

const { io } = createMemoryIo({}, []);
const shingles = (text: string) => shinglesOf(hashTokens(text, 'words'), 3);
const bandsOf = ({ records }: NearKey) => records.filter((_, i) => i % 3 === 1);
const exact = (a: string, b: string) => jaccard(shingles(a), shingles(b));
const estimated = (a: string, b: string) =>
  estimate(packSignature(minHash(shingles(a), 128, 2)), packSignature(minHash(shingles(b), 128, 2)));

function jaccard(a: Int32Array, b: Int32Array): number {
  const common = a.filter((hash) => b.includes(hash)).length;
  return common / (a.length + b.length - common);
}

function estimate(a: Uint16Array, b: Uint16Array): number {
  const filled = [...a.keys()].filter((bin) => a[bin] !== 0xffff || b[bin] !== 0xffff);
  return filled.filter((bin) => a[bin] === b[bin]).length / filled.length;
}

// A seeded generator of words: the same texts in every run.
function createWords(seed: number): (count: number) => string[] {
  let state = seed;
  return (count) =>
    Array.from({ length: count }, () => {
      state = mix32(state + 0x9e3779b9);
      return `w${state % 5000}`;
    });
}

function trueJaccard(a: readonly string[], b: readonly string[]): number {
  const shingles = (words: readonly string[]): Set<string> =>
    new Set(words.slice(2).map((_, i) => words.slice(i, i + 3).join(' ')));
  const [x, y] = [shingles(a), shingles(b)];
  const common = [...x].filter((shingle) => y.has(shingle)).length;
  return common / (x.size + y.size - common);
}

test('the estimate is the Jaccard similarity of word 3-grams, for short and long texts', () => {
  const words = createWords(7);
  for (const length of [40, 200, 1000]) {
    let [error, worst] = [0, 0];
    for (let i = 0; i < 60; i++) {
      const a = words(length);
      const b = [...a.slice(0, Math.floor((length * (60 - i)) / 60)), ...words(Math.ceil((length * i) / 60))];
      const off = estimated(a.join(' '), b.join(' ')) - trueJaccard(a, b);
      expect(exact(a.join(' '), b.join(' '))).toBe(trueJaccard(a, b));
      error += off / 60;
      worst = Math.max(worst, Math.abs(off));
    }
    expect(Math.abs(error)).toBeLessThan(0.03);
    expect(worst).toBeLessThan(0.2);
  }
});

test('case, white space and punctuation do not count, words do', () => {
  expect(exact('The  quick, brown fox\njumps!', 'the quick brown fox jumps')).toBe(1);
  expect(exact('one two three four', 'five six seven eight')).toBe(0);
  expect(exact('naïve “words” here', 'Naïve words, here')).toBe(1);
  expect(exact('日本語の“文章”です', '日本語の文章です。')).toBe(1);
  expect(shingles('... !').length).toBe(0);
  expect(shingles('one two').length).toBe(1);
});

test('pairs at the threshold share a band, in the class of short texts, of long ones, and across', () => {
  for (const near of [0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1]) {
    for (const bins of [64, 128]) {
      const { bands, rows } = bandingFor(near, bins);
      expect(bands * rows).toBeLessThanOrEqual(bins);
      expect(1 - (1 - near ** rows) ** bands).toBeGreaterThanOrEqual(0.995);
    }
  }
  const banding = createNearBands({ near: 0.8, shingle: 3, tokens: 'words' }, 1);
  const words = createWords(3);
  for (const length of [14, 18, 34, 40, 64, 66, 70, 127, 300, 500]) {
    let found = 0;
    for (let i = 0; i < 40; i++) {
      const text = words(length);
      const like = [...text, ...words(Math.floor(length / 10))];
      const [a, b] = [text, like].map((list) => createNearKey(io, list.join(' '), 0, banding)) as [NearKey, NearKey];
      const bands = bandsOf(b);
      const share = bandsOf(a).some((hash) => bands.includes(hash));
      const entry = ({ count, words: own }: NearKey) => Uint32Array.of(0, count, ...own);
      if (share && isNear(entry(a), entry(b), 0.8)) found++;
    }
    expect([length, found]).toEqual([length, 40]);
  }
  const bins = minHash(shingles('a b c d e f g'), 64, 16);
  const short = bandingFor(0.8, 64);
  expect(new Set(bandHashes(bins, short, 3)).size).toBe(short.bands);
});

test('whether two sets or signatures are like enough is what the whole comparison says', () => {
  const sets = fc
    .uniqueArray(fc.integer({ min: -40, max: 40 }), { maxLength: 64 })
    .map((list) => Int32Array.from(list).sort());
  const bins = fc
    .array(fc.constantFrom(1, 2, 3, 0xffff), { minLength: 128, maxLength: 128 })
    .map((list) => Uint16Array.from(list));
  const least = fc.oneof(
    fc.double({ min: 0.25, max: 1, noNaN: true }),
    fc.constantFrom(0.25, 0.3, 0.5, 0.6, 0.75, 0.8, 1),
  );
  fc.assert(
    fc.property(sets, sets, least, (a, b, near) => {
      if (a.length + b.length > 0) expect(isJaccardAtLeast(a, b, near)).toBe(jaccard(a, b) >= near);
      expect(isJaccardAtLeast(a, a, near)).toBe(a.length > 0);
    }),
  );
  fc.assert(
    fc.property(bins, bins, fc.nat(128), least, (a, b, same, near) => {
      b.set(a.subarray(0, same));
      const filled = [...a.keys()].filter((bin) => a[bin] !== 0xffff || b[bin] !== 0xffff).length;
      const equal = Math.round(estimate(a, b) * filled);
      expect(isEstimateAtLeast(a, b, near)).toBe(equal >= near * filled);
    }),
  );
});

test('hashText has fixed values and tells length apart', () => {
  expect([...hashText('', 0)]).toEqual([0, 0, 0, 0]);
  expect([...hashText('mizu', 0)]).toEqual([...hashText('mizu', 0)]);
  expect(hashText('a', 0)).not.toEqual(hashText('a\0', 0));
  const seen = new Set(Array.from({ length: 20_000 }, (_, i) => hashText(`key ${i}`, 0).join()));
  expect(seen.size).toBe(20_000);
});
