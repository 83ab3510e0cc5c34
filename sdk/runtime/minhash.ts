// docs/sdk.md#near: shingles, MinHash by one-permutation hashing, LSH bands.
import { mix32 } from './hash.ts';

/** Bins of a long text's signature, and of a short one's, which only serves to find candidates. */
export const LONG_BINS = 128;
export const SHORT_BINS = 64;

// Everything below stays in 32-bit integers: QuickJS is ten times slower where a sum or product leaves them. A bytecode costs
// about 75 gas, so what counts is how often the inner loops are run.
const EMPTY = 0x7fffffff;
/** Bits of a hash beside the 7 or 6 of its bin that are compared. */
const REST_BITS = 25;
/** (round << 25) + rest stays below EMPTY. */
export const MAX_ROUNDS = 60;

/** The set of the shingles, `size` tokens each, as ascending hashes; of fewer tokens one hash. Empty only without tokens. */
export function shingles(tokens: Int32Array, size: number): Int32Array {
  if (tokens.length === 0) return new Int32Array(0);
  const first = Math.min(size, tokens.length);
  // Each token is turned by 11 bits more than the one behind it: one step adds a token and takes off the first.
  let hash = 0;
  for (let i = 0; i < first; i++) hash = ((hash << 11) | (hash >>> 21)) ^ tokens[i]!;
  const count = tokens.length - first + 1;
  const hashes = new Int32Array(count);
  const left = (11 * first) & 31;
  const right = 32 - left;
  hashes[0] = mix32(hash);
  for (let i = 1; i < count; i++) {
    const gone = tokens[i - 1]!;
    hash = ((hash << 11) | (hash >>> 21)) ^ tokens[i + first - 1]! ^ ((gone << left) | (gone >>> right));
    hashes[i] = mix32(hash);
  }
  hashes.sort();
  let kept = 1;
  for (let i = 1; i < count; i++) if (hashes[i] !== hashes[i - 1]) hashes[kept++] = hashes[i]!;
  return kept === count ? hashes : hashes.slice(0, kept);
}

/**
 * The smallest hash of each bin. A short text fills few: so each hash is thrown `rounds` times, and a later round counts only
 * where no earlier one fell. (round, hash) orders the shingles of two texts alike, so with the same rounds this is MinHash still.
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
