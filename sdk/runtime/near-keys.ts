// docs/sdk.md#near: what a row brings to a near dedupe: its bands, and what two candidates are compared by.
import {
  type Banding,
  bandHashes,
  bandingFor,
  isEstimateAtLeast,
  isJaccardAtLeast,
  LONG_BINS,
  MAX_ROUNDS,
  minHash,
  packSignature,
  SHORT_BINS,
  shingles,
} from './minhash.ts';
import type { TokenKind } from './tokens.ts';

/** Texts with no more shingles are compared by them, longer ones by their signatures. */
export const MAX_SET = 64;
/** Of each row: its index, the number of its shingles (0: it takes no part), then their hashes or, above 64, the signature. */
export const NEAR_WORDS = 2 + MAX_SET;
/** Size classes of short texts are those of up to 1, 2, 4, … 64 shingles; all longer ones are one class. */
const LONG_CLASS = 7;
/** Above, a second round would fill less than 2 % of the bins. */
const ONE_ROUND = 512;
/** The estimate scatters by sqrt(J(1-J)/128), 0.035 at 0.8: pairs at the threshold should be found, not tossed for. */
const TOLERANCE = 0.03;

export type NearKey = { readonly count: number; readonly bands: readonly number[]; readonly words: Uint32Array };

/** What two texts are compared by. */
export type NearOptions = { readonly near: number; readonly shingle: number; readonly tokens: TokenKind };

export type NearBands = NearOptions & { readonly short: Banding; readonly long: Banding };

export function createNearBands(options: NearOptions): NearBands {
  const { near } = options;
  return { ...options, short: bandingFor(near, SHORT_BINS), long: bandingFor(near, LONG_BINS) };
}

/**
 * Two texts meet in the size class of the larger one, where both are thrown equally often. So a text is in its own class and in
 * those of all sizes that it may be like.
 */
export function createNearKey(text: string, { near, shingle, tokens, short, long }: NearBands): NearKey {
  const set = shingles(text, shingle, tokens);
  const count = set.length;
  if (count === 0) return { count, bands: [], words: new Uint32Array(0) };
  const bands: number[] = [];
  const largest = sizeClass(Math.floor(count / near));
  for (let at = sizeClass(count); at <= Math.min(largest, LONG_CLASS - 1); at++) {
    bands.push(...bandHashes(minHash(set, SHORT_BINS, shortRounds(at)), short, at));
  }
  if (largest < LONG_CLASS) return { count, bands, words: new Uint32Array(set.buffer, 0, count) };
  const bins = longBins(set);
  bands.push(...bandHashes(bins, long, LONG_CLASS));
  const words = count <= MAX_SET ? new Uint32Array(set.buffer, 0, count) : new Uint32Array(packSignature(bins).buffer);
  return { count, bands, words };
}

function sizeClass(count: number): number {
  return count > MAX_SET ? LONG_CLASS : 32 - Math.clz32(count - 1);
}

// One to two throws for each bin.
function shortRounds(sizeClassOfBoth: number): number {
  return Math.min(MAX_ROUNDS, (2 * SHORT_BINS) >> sizeClassOfBoth);
}

function longBins(set: Int32Array): Int32Array {
  return minHash(set, LONG_BINS, set.length > ONE_ROUND ? 1 : 2);
}

export type NearEntry = {
  readonly index: number;
  readonly count: number;
  readonly words: Uint32Array;
  /** Of a short text it is computed when it meets a long one. */
  signature: Uint16Array | null;
};

/** From a row's `NEAR_WORDS` words. */
export function readNearEntry(words: Uint32Array): NearEntry {
  const count = words[1]!;
  return { index: words[0]!, count, words: words.slice(2, 2 + Math.min(count, MAX_SET)), signature: null };
}

/** Exactly for two short texts, else by an estimate. */
export function isNear(a: NearEntry, b: NearEntry, near: number): boolean {
  if (a.count <= MAX_SET && b.count <= MAX_SET) return isJaccardAtLeast(toSet(a), toSet(b), near);
  return isEstimateAtLeast(toSignature(a), toSignature(b), near - TOLERANCE);
}

function toSet({ words }: NearEntry): Int32Array {
  return new Int32Array(words.buffer);
}

function toSignature(entry: NearEntry): Uint16Array {
  entry.signature ??=
    entry.count <= MAX_SET ? packSignature(longBins(toSet(entry))) : new Uint16Array(entry.words.buffer);
  return entry.signature;
}
