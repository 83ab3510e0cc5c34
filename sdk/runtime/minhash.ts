// docs/sdk.md#near: word 3-grams, MinHash by one-permutation hashing, LSH bands.
import { mix32 } from './hash.ts';

/** Bins of a long text's signature, and of a short one's, which only serves to find candidates. */
export const LONG_BINS = 128;
export const SHORT_BINS = 64;

// Everything below stays in 32-bit integers: QuickJS is ten times slower where a sum or product leaves them. A bytecode costs
// about 75 gas, so what counts is how often the inner loops are run.
const SHINGLE = 3;
const EMPTY = 0x7fffffff;
/** Bits of a hash beside the 7 or 6 of its bin that are compared. */
const REST_BITS = 25;
/** (round << 25) + rest stays below EMPTY. */
export const MAX_ROUNDS = 60;
const encoder = new TextEncoder();

/** The set of the text's word 3-grams as ascending hashes; of fewer than three words one hash. Empty only without words. */
export function shingles(text: string): Int32Array {
  const words = wordHashes(text);
  if (words.length === 0) return new Int32Array(0);
  if (words.length < SHINGLE) return Int32Array.of(mix32(rotate(words[0]!, 7) ^ (words[1] ?? 0)));
  const count = words.length - SHINGLE + 1;
  const hashes = new Int32Array(count);
  for (let i = 0; i < count; i++) hashes[i] = mix32(rotate(words[i]!, 7) ^ rotate(words[i + 1]!, 18) ^ words[i + 2]!);
  hashes.sort();
  let kept = 1;
  for (let i = 1; i < count; i++) if (hashes[i] !== hashes[i - 1]) hashes[kept++] = hashes[i]!;
  return kept === count ? hashes : hashes.slice(0, kept);
}

/**
 * The smallest hash of each bin. A short text fills few: so each hash is thrown `rounds` times, and a later round counts only
 * where no earlier one fell. (round, hash) orders the 3-grams of two texts alike, so with the same rounds this is MinHash still.
 */
export function minHash(set: Int32Array, binCount: number, rounds: number): Int32Array {
  const bins = new Int32Array(binCount).fill(EMPTY);
  const mask = binCount - 1;
  const count = set.length;
  for (let i = 0; i < count; i++) {
    let hash = set[i]!;
    let round = 0;
    for (;;) {
      const value = (round << REST_BITS) | (hash >>> 7);
      const bin = hash & mask;
      if (value < bins[bin]!) bins[bin] = value;
      if (++round >= rounds) break;
      hash ^= hash << 13;
      hash ^= hash >>> 17;
      hash ^= hash << 5;
    }
  }
  return bins;
}

/** 16 bits of each of the 128 bins: two a word. */
export function packSignature(bins: Int32Array): Uint16Array {
  return new Uint16Array(bins);
}

/**
 * Whether the estimate of the Jaccard similarity, the share of equal bins among those that one of the texts fills, is at least
 * `least`. The loop ends as soon as too many differ.
 */
export function isEstimateAtLeast(a: Uint16Array, b: Uint16Array, least: number): boolean {
  const mayDiffer = LONG_BINS * (1 - least);
  let filled = 0;
  let differ = 0;
  for (let i = 0; i < LONG_BINS; i++) {
    const bin = a[i]!;
    if (bin !== b[i]) {
      if (++differ > mayDiffer) return false;
    } else if (bin === 0xffff) continue;
    filled++;
  }
  return filled - differ >= least * filled;
}

/** Whether the Jaccard similarity of two sets of ascending hashes is at least `least`. The loop ends as soon as too few can be common. */
export function isJaccardAtLeast(a: Int32Array, b: Int32Array, least: number): boolean {
  const lengthA = a.length;
  const lengthB = b.length;
  const total = lengthA + lengthB;
  const needed = Math.floor((least * total) / (1 + least));
  // How many of each set may still be missing in the other.
  let spareA = lengthA - needed;
  let spareB = lengthB - needed;
  if (spareA < 0 || spareB < 0) return false;
  let i = 0;
  let j = 0;
  while (i < lengthA && j < lengthB) {
    const x = a[i]!;
    const y = b[j]!;
    if (x === y) {
      i++;
      j++;
    } else if (x < y) {
      if (--spareA < 0) return false;
      i++;
    } else {
      if (--spareB < 0) return false;
      j++;
    }
  }
  // What was not common of `a`: what was passed over, and what is left.
  const common = needed + spareA - (lengthA - i);
  return common / (total - common) >= least;
}

export type Banding = { readonly bands: number; readonly rows: number };

/** The most rows a band with which two texts of similarity `near` share a band with a probability of at least 0.995. */
export function bandingFor(near: number, binCount: number): Banding {
  for (let rows = 16; rows > 1; rows--) {
    const bands = Math.floor(binCount / rows);
    if (1 - (1 - near ** rows) ** bands >= 0.995) return { bands, rows };
  }
  return { bands: binCount, rows: 1 };
}

/** A hash of each band, u32; bands of another class or another number have other hashes. */
export function bandHashes(bins: Int32Array, { bands, rows }: Banding, sizeClass: number): number[] {
  const hashes: number[] = [];
  let at = 0;
  for (let band = 0; band < bands; band++) {
    let hash = (sizeClass << 16) | band;
    for (const end = at + rows; at < end; at++) hash = ((hash << 11) | (hash >>> 21)) ^ bins[at]!;
    hashes.push(mix32(hash));
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
  const length = bytes.length;
  let hash = 0;
  for (let i = 0; i < length; i++) {
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
