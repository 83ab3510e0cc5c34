// docs/sdk.md#near: what a row brings to a near dedupe: its bands, and what two candidates are compared by.
import type { GuestIo } from './io.ts';
import { bandingFor, LONG_BINS, minHash, SHORT_BINS } from './minhash.ts';
import { hashTokens, type TokenKind } from './tokens.ts';

/** Texts with no more shingles are compared by them, longer ones by their signatures. */
export const MAX_SET = 64;
/** Of each row: its index, the number of its shingles (0: it takes no part), then their hashes or, above 64, the signature. */
export const NEAR_WORDS = 2 + MAX_SET;
/** Above, a second round would fill less than 2 % of the bins. */
const ONE_ROUND = 512;
/** Added to the ordinal in a record whose key failed. */
export const FAILED_ORDINAL = 0x80000000;

/** `records`, for each band: its bucket, its hash, the row's ordinal. `words` are what the text is compared by, none without tokens. */
export type NearKey = { readonly count: number; readonly records: Uint32Array; readonly words: Uint32Array };

/** What two texts are compared by. */
export type NearOptions = { readonly near: number; readonly shingle: number; readonly tokens: TokenKind };

export type NearBands = { readonly tokens: TokenKind; readonly options: Uint8Array };

/**
 * `options`, little-endian: near as f64; u32 shingle, 1 for characters, bands and rows of short texts, bands and rows of long ones,
 * buckets.
 */
export function createNearBands({ near, shingle, tokens }: NearOptions, buckets: number): NearBands {
  const [short, long] = [bandingFor(near, SHORT_BINS), bandingFor(near, LONG_BINS)];
  const options = new DataView(new ArrayBuffer(36));
  options.setFloat64(0, near, true);
  [shingle, Number(tokens === 'characters'), short.bands, short.rows, long.bands, long.rows, buckets].forEach(
    (word, i) => {
      options.setUint32(8 + 4 * i, word, true);
    },
  );
  return { tokens, options: new Uint8Array(options.buffer) };
}

export function createNearKey(io: GuestIo, text: string, ordinal: number, { tokens, options }: NearBands): NearKey {
  const key =
    io.nearKey(text, options, ordinal) ??
    io.nearKey(new Uint8Array(hashTokens(text, tokens).buffer), options, ordinal)!;
  const end = 2 + 3 * key[1]!;
  return { count: key[0]!, records: key.subarray(2, end), words: key.subarray(end) };
}

export function longBins(set: Int32Array): Int32Array {
  return minHash(set, LONG_BINS, set.length > ONE_ROUND ? 1 : 2);
}
