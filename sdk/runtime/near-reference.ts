// docs/sdk.md#near: `io.nearKey` as the DataVM's compiled code has it (vm/quickjs/assembly/near-key.ts), to the bit: outside of the DataVM, and its oracle.
import { type Banding, bandHashes, MAX_ROUNDS, minHash, packSignature, SHORT_BINS, shingles } from './minhash.ts';
import { longBins, MAX_SET } from './near-keys.ts';
import { hashTokens, NOT_ASCII } from './tokens.ts';

/** Size classes of short texts are those of up to 1, 2, 4, … 64 shingles; all longer ones are one class. */
const LONG_CLASS = 7;

/**
 * The number of shingles, the number of bands, for each band its bucket, its hash and `ordinal`, and what the text is compared by: the hashes of its shingles or, above 64,
 * its signature. Two texts meet in the size class of the larger one, where both are thrown equally often. So a text is in its own
 * class and in those of all sizes that it may be like.
 */
export function nearKeyReference(
  source: string | Uint8Array,
  options: Uint8Array,
  ordinal: number,
): Uint32Array | undefined {
  if (typeof source === 'string' && NOT_ASCII.test(source)) return undefined;
  const view = new DataView(options.buffer, options.byteOffset, options.byteLength);
  const near = view.getFloat64(0, true);
  const [shingle, single, ...bandings] = Array.from({ length: 7 }, (_, i) => view.getUint32(8 + 4 * i, true));
  const [short, long] = [0, 2].map((at): Banding => ({ bands: bandings[at]!, rows: bandings[at + 1]! }));
  const tokens =
    typeof source === 'string'
      ? hashTokens(source, single === 1 ? 'characters' : 'words')
      : new Int32Array(source.slice().buffer);
  const set = shingles(tokens, shingle!);
  const count = set.length;
  if (count === 0) return new Uint32Array(2);
  const bands: number[] = [];
  const largest = sizeClass(Math.floor(count / near));
  for (let at = sizeClass(count); at <= Math.min(largest, LONG_CLASS - 1); at++) {
    bands.push(...bandHashes(minHash(set, SHORT_BINS, shortRounds(at)), short!, at));
  }
  if (largest === LONG_CLASS) bands.push(...bandHashes(longBins(set), long!, LONG_CLASS));
  const words = count <= MAX_SET ? set : new Uint32Array(packSignature(longBins(set)).buffer);
  const buckets = bandings[4]!;
  const records = bands.flatMap((band) => [band % buckets, band, ordinal]);
  return Uint32Array.from([count, bands.length, ...records, ...words]);
}

function sizeClass(count: number): number {
  return count > MAX_SET ? LONG_CLASS : 32 - Math.clz32(count - 1);
}

// One to two throws for each bin.
function shortRounds(sizeClassOfBoth: number): number {
  return Math.min(MAX_ROUNDS, (2 * SHORT_BINS) >> sizeClassOfBoth);
}

/** `io.group`. */
export function groupReference(bytes: Uint8Array, words: number, groups: number): Uint8Array {
  const all = new Uint32Array(bytes.slice().buffer);
  const byGroup: number[][] = Array.from({ length: groups }, () => []);
  for (let at = 0; at < all.length; at += 1 + words) byGroup[all[at]!]!.push(...all.subarray(at + 1, at + 1 + words));
  const offsets = [0];
  for (const list of byGroup) offsets.push(offsets.at(-1)! + list.length / words);
  return new Uint8Array(Uint32Array.from([...offsets, ...byGroup.flat()]).buffer);
}
