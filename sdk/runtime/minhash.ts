// docs/sdk.md#near: MinHash signatures by one-permutation hashing, densified (Shrivastava 2017), and their LSH bands.
import { mix32 } from './hash.ts';

export const BINS = 128;
/** Two 16-bit values a word. */
export const SIGNATURE_WORDS = BINS / 2;
const SHINGLE = 3;
// Everything below stays in 32-bit integers: QuickJS is ten times slower where a sum or product leaves them.
const EMPTY = 0x7fffffff;
const BIN_MASK = BINS - 1;
/** What is left of a hash beside the 7 bits of its bin. */
const REST_BITS = 25;
/** (round << 25) + rest stays below EMPTY. */
const MAX_ROUNDS = 60;
const encoder = new TextEncoder();

/** 128 values of 16 bits; the share of equal places estimates the Jaccard similarity of the texts' word 3-grams. */
export function minHash(text: string): Uint16Array {
  const hashes = shingles(text);
  const count = hashes.length;
  const bins = new Int32Array(BINS).fill(EMPTY);
  for (let i = 0; i < count; i++) {
    const hash = hashes[i]!;
    const bin = hash & BIN_MASK;
    const rest = hash >>> 7;
    if (rest < bins[bin]!) bins[bin] = rest;
  }
  // A short text fills few bins: its shingles are thrown again, each round only into bins that the rounds before left empty.
  // (round, hash) orders the shingles of two texts alike, so this is MinHash still. What is then left borrows from a full bin.
  const rounds = Math.min(MAX_ROUNDS, Math.ceil(BINS / count));
  for (let round = 1; round < rounds; round++) {
    for (let i = 0; i < count; i++) {
      let hash = hashes[i]!;
      hash ^= hash << 13;
      hash ^= hash >>> 17;
      hash ^= hash << 5;
      hashes[i] = hash;
      const bin = hash & BIN_MASK;
      const value = (round << REST_BITS) | (hash >>> 7);
      if (value < bins[bin]!) bins[bin] = value;
    }
  }
  const signature = new Uint16Array(BINS);
  for (let bin = 0; bin < BINS; bin++) {
    let value = bins[bin]!;
    for (let at = bin * BINS + 1; value === EMPTY; at++) value = bins[PATHS[at]!]!;
    signature[bin] = value;
  }
  return signature;
}

// Row b is a permutation of all bins that begins with b; part of the program's image.
const PATHS = createPaths();

function createPaths(): Uint8Array {
  const paths = new Uint8Array(BINS * BINS);
  for (let bin = 0; bin < BINS; bin++) {
    const row = Array.from({ length: BINS }, (_, i) => i);
    [row[0], row[bin]] = [bin, 0];
    for (let i = BINS - 1; i > 1; i--) {
      const other = 1 + (mix32(bin * BINS + i) % i);
      [row[i], row[other]] = [row[other]!, row[i]!];
    }
    paths.set(row, bin * BINS);
  }
  return paths;
}

export function similarity(a: Uint16Array, b: Uint16Array): number {
  let equal = 0;
  for (let i = 0; i < BINS; i++) if (a[i] === b[i]) equal++;
  return equal / BINS;
}

export type Banding = { readonly bands: number; readonly rows: number };

/**
 * The most rows a band with which two texts of similarity `near` share a band with a probability of at least 0.995. Even, so
 * that a band is whole words of the signature.
 */
export function bandingFor(near: number): Banding {
  for (let rows = 16; rows > 2; rows -= 2) {
    const bands = Math.floor(BINS / rows);
    if (1 - (1 - near ** rows) ** bands >= 0.995) return { bands, rows };
  }
  return { bands: BINS / 2, rows: 2 };
}

/** Hash of one band, 32 bits; the band's number is part of it. `words`: the signature, two values a word. */
export function bandHash(words: Int32Array, band: number, rows: number): number {
  const width = rows >> 1;
  const end = (band + 1) * width;
  let hash = band + 1;
  for (let i = end - width; i < end; i++) hash = ((hash << 11) | (hash >>> 21)) ^ words[i]!;
  return mix32(hash);
}

/** A hash per word 3-gram; of fewer words one for all of them. Never empty. */
function shingles(text: string): Int32Array {
  const words = wordHashes(text);
  if (words.length < SHINGLE) return Int32Array.of(mix32(rotate(words[0] ?? 0, 7) ^ (words[1] ?? 0)));
  const hashes = new Int32Array(words.length - SHINGLE + 1);
  for (let i = 0; i < hashes.length; i++) {
    hashes[i] = mix32(rotate(words[i]!, 7) ^ rotate(words[i + 1]!, 18) ^ words[i + 2]!);
  }
  return hashes;
}

/**
 * A hash per word, lower case, over UTF-8. Letters and digits make words, as do all other characters beyond ASCII but Latin-1's
 * signs and general punctuation; each ideograph, kana and hangul syllable is a word of its own.
 */
function wordHashes(text: string): number[] {
  const bytes = encoder.encode(text.toLowerCase());
  const hashes: number[] = [];
  let hash = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if ((byte >= 97 && byte <= 122) || (byte >= 48 && byte <= 57)) {
      hash = ((hash << 5) | (hash >>> 27)) ^ byte;
      continue;
    }
    const kind = byte < 0x80 ? 'sign' : kindOf(byte, bytes[i + 1] ?? 0);
    if (kind === 'letter') {
      hash = ((hash << 5) | (hash >>> 27)) ^ byte;
      continue;
    }
    if (hash !== 0) hashes.push(hash);
    hash = 0;
    if (kind === 'syllable') hashes.push((byte << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!);
    if (byte >= 0xe0) i += 2;
    else if (byte >= 0xc0) i += 1;
  }
  if (hash !== 0) hashes.push(hash);
  return hashes;
}

// By the first two bytes of a character's UTF-8; the bytes that follow a letter's first are letters too.
function kindOf(first: number, second: number): 'letter' | 'sign' | 'syllable' {
  if (first === 0xc2 || (first === 0xe2 && second === 0x80) || (first === 0xe3 && second === 0x80)) return 'sign';
  return first >= 0xe3 && first <= 0xed ? 'syllable' : 'letter';
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
