// docs/sdk.md#near: MinHash signatures by one-permutation hashing, densified (Shrivastava 2017), and their LSH bands.
import { mix32 } from './hash.ts';

export const BINS = 128;
/** Two 16-bit values a word. */
export const SIGNATURE_WORDS = BINS / 2;
const SHINGLE = 3;
const EMPTY = 0xffffffff;

/** 128 values of 16 bits; the share of equal places estimates the Jaccard similarity of the texts' word 3-grams. */
export function minHash(text: string): Uint16Array {
  const bins = new Uint32Array(BINS).fill(EMPTY);
  const words = wordHashes(text);
  const put = (value: number): void => {
    const hash = mix32(value);
    const bin = hash >>> 25;
    // Smallest by 25 bits; its low 16 bits, hashed well, are the value.
    const rest = hash & 0x1ffffff;
    if (rest < bins[bin]!) bins[bin] = rest;
  };
  if (words.length < SHINGLE) put(words.reduce((hash, word) => (Math.imul(hash, 0x9e3779b1) + word) | 0, words.length));
  for (let i = SHINGLE - 1; i < words.length; i++) {
    put(Math.imul(Math.imul(words[i - 2]!, 0x9e3779b1) + words[i - 1]!, 0x85ebca6b) + words[i]!);
  }
  const signature = new Uint16Array(BINS);
  for (let bin = 0; bin < BINS; bin++) {
    // An empty bin borrows from the first full one on its own path: the same path for every text.
    let at = bin * BINS;
    while (bins[PATHS[at]!] === EMPTY) at++;
    signature[bin] = bins[PATHS[at]!]!;
  }
  return signature;
}

// Row b is a permutation of all bins that begins with b; part of the program's image. A text fills few of the bins, so on short
// ones most of the work is here: a table look-up for each look at a bin instead of a hash.
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

/** The most rows a band with which two texts of similarity `near` share a band with a probability of at least 0.995. */
export function bandingFor(near: number): Banding {
  for (let rows = 16; rows > 1; rows--) {
    const bands = Math.floor(BINS / rows);
    if (1 - (1 - near ** rows) ** bands >= 0.995) return { bands, rows };
  }
  return { bands: BINS, rows: 1 };
}

/** Hash of one band, 32 bits; the band's number is part of it. */
export function bandHash(signature: Uint16Array, band: number, rows: number): number {
  let hash = Math.imul(band + 1, 0x9e3779b1);
  for (let i = band * rows; i < (band + 1) * rows; i++)
    hash = (Math.imul(hash ^ signature[i]!, 0x01000193) + 0x7f4a7c15) | 0;
  return mix32(hash);
}

/** A hash per word, lower case. Letters and digits make words; each ideograph, kana and hangul syllable is one of its own. */
function wordHashes(text: string): number[] {
  const lower = text.toLowerCase();
  const hashes: number[] = [];
  let hash = 0;
  for (let i = 0; i < lower.length; i++) {
    const code = lower.charCodeAt(i);
    if ((code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 0xc0 && code < 0x2000)) {
      // Below 2^31 * 31, exact as a double; `| 0` keeps 32 bits.
      hash = (hash * 31 + code) | 0;
    } else {
      if (hash !== 0) hashes.push(hash);
      hash = 0;
      if ((code >= 0x3040 && code < 0xa000) || (code >= 0xac00 && code < 0xd7b0)) hashes.push(code);
    }
  }
  if (hash !== 0) hashes.push(hash);
  return hashes;
}
