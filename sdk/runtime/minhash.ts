// docs/sdk.md#near: MinHash signatures by one-permutation hashing, densified (Shrivastava 2017), and their LSH bands.
import { mix32 } from './hash.ts';

export const BINS = 128;
/** Two 16-bit values a word. */
export const SIGNATURE_WORDS = BINS / 2;
const SHINGLE = 3;
const EMPTY = 0xffffffff;
const REST = 0x1ffffff;

/** 128 values of 16 bits; the share of equal places estimates the Jaccard similarity of the texts' word 3-grams. */
export function minHash(text: string): Uint16Array {
  const bins = new Uint32Array(BINS).fill(EMPTY);
  const hashes = shingles(text);
  for (let i = 0; i < hashes.length; i++) {
    const hash = hashes[i]!;
    // The bin by 7 bits, the smallest by the other 25.
    if ((hash & REST) < bins[hash >>> 25]!) bins[hash >>> 25] = hash & REST;
  }
  // A short text fills few bins: its shingles are thrown again, each round only into bins that the rounds before left empty.
  // (round, hash) orders the shingles of two texts alike, so this is MinHash still.
  const rounds = Math.ceil(BINS / hashes.length);
  for (let round = 1; round < rounds; round++) {
    const thrown = new Uint32Array(BINS).fill(EMPTY);
    for (let i = 0; i < hashes.length; i++) {
      const hash = (Math.imul(hashes[i]!, 0x915f77f5) + 0x6d2b79f5) >>> 0;
      hashes[i] = hash;
      const bin = hash >>> 25;
      if (bins[bin] === EMPTY && (hash & REST) < thrown[bin]!) thrown[bin] = hash & REST;
    }
    for (let i = 0; i < hashes.length; i++) {
      const bin = hashes[i]! >>> 25;
      if (bins[bin] === EMPTY) bins[bin] = thrown[bin]!;
    }
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

/** A hash per word 3-gram; of fewer words one for all of them. Never empty. */
function shingles(text: string): Uint32Array {
  const words = wordHashes(text);
  if (words.length < SHINGLE) {
    return Uint32Array.of(mix32(words.reduce((hash, word) => (Math.imul(hash, 0x9e3779b1) + word) | 0, words.length)));
  }
  const hashes = new Uint32Array(words.length - SHINGLE + 1);
  for (let i = 0; i < hashes.length; i++) {
    hashes[i] = mix32(Math.imul(Math.imul(words[i]!, 0x9e3779b1) + words[i + 1]!, 0x85ebca6b) + words[i + 2]!);
  }
  return hashes;
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
