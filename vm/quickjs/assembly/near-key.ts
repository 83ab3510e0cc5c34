// docs/sdk.md#near: the key that a row brings to a near dedupe, compiled; the same as createNearKey of
// sdk/runtime/near-keys.ts to the bit.
import { allocate, release } from "./engine";
import { mix32 } from "./hash";

const LONG_BINS: u32 = 128;
const SHORT_BINS: u32 = 64;
const EMPTY: i32 = 0x7fffffff;
const REST_BITS: u32 = 25;
const MAX_ROUNDS: u32 = 60;
const MAX_SET: u32 = 64;
const LONG_CLASS: u32 = 7;
const ONE_ROUND: u32 = 512;
/** What each character of a token is multiplied by. */
const SPREAD: u32 = 0x85ebca6b;
/** Up to so many numbers, an insertion sort takes less work than four passes over the digits. */
const FEW: u32 = 32;
/** Two u32, three for each band of all classes, and the words. */
const RESULT_BYTES: u32 = 4 * (2 + 3 * (LONG_CLASS * SHORT_BINS + LONG_BINS) + MAX_SET);

export const OPTIONS_BYTES: u32 = 36;

/**
 * Where the last key lies, until the next one is made. Its first word is the number of shingles, its second the number
 * of bands.
 */
export let keyPointer: u32 = 0;
export let keyLength: u32 = 0;

let bins: u32 = 0;
let options: u32 = 0;
let ordinal: u32 = 0;

export function isAscii(pointer: u32, length: u32): bool {
  let bits: u64 = 0;
  let at: u32 = 0;
  for (; at + 8 <= length; at += 8) bits |= load<u64>(pointer + at);
  for (; at < length; at++) bits |= load<u8>(pointer + at);
  return (bits & 0x8080808080808080) == 0;
}

/**
 * Makes the key of ASCII text. `options`: near f64, shingle, 1 for characters, short bands and rows, long bands and
 * rows, buckets. Returns false without memory, or if the options are malformed.
 */
export function keyOfText(pointer: u32, length: u32, by: u32, row: u32): bool {
  const tokens = allocate(4 * length + 4);
  if (tokens == 0) return false;
  const done = keyOfTokens(tokens, hashTokens(pointer, length, load<u32>(by, 12) != 0, tokens), by, row);
  release(tokens);
  return done;
}

/** Makes the key from the hashes of `count` tokens. */
export function keyOfTokens(tokens: u32, count: u32, by: u32, row: u32): bool {
  if (keyPointer == 0) keyPointer = allocate(RESULT_BYTES);
  if (!reserveBins() || keyPointer == 0 || !isWhole(by)) return false;
  options = by;
  ordinal = row;
  keyLength = 8;
  store<u64>(keyPointer, 0);
  if (count == 0) return true;
  const first = min(load<u32>(options, 8), count);
  const hashes = allocate(4 * (count - first + 1));
  if (hashes == 0) return false;
  const done = setOf(tokens, count, first, hashes);
  if (done != 0) addBands(hashes, done);
  release(hashes);
  return done != 0;
}

/** Whether the bands are within the bins, and there is a bucket. */
function isWhole(by: u32): bool {
  const short = <u64>load<u32>(by, 16) * load<u32>(by, 20);
  const long = <u64>load<u32>(by, 24) * load<u32>(by, 28);
  return short <= SHORT_BINS && long <= LONG_BINS && load<u32>(by, 8) > 0 && load<u32>(by, 32) > 0;
}

function hashTokens(pointer: u32, length: u32, single: bool, tokens: u32): u32 {
  let count: u32 = 0;
  let hash: u32 = 0;
  let isWord = false;
  for (let i: u32 = 0; i < length; i++) {
    let byte: u32 = load<u8>(pointer + i);
    if (byte - 65 < 26) byte |= 32;
    if (byte - 97 < 26 || byte - 48 < 10) {
      hash = (hash ^ byte) * SPREAD;
      isWord = true;
      if (!single) continue;
    }
    if (!isWord) continue;
    store<u32>(tokens + 4 * count++, mix32(hash));
    hash = 0;
    isWord = false;
  }
  if (isWord) store<u32>(tokens + 4 * count++, mix32(hash));
  return count;
}

/** Writes the set of the shingles' hashes, ascending as i32; returns their number, 0 without memory. */
function setOf(tokens: u32, count: u32, first: u32, hashes: u32): u32 {
  let hash: u32 = 0;
  for (let i: u32 = 0; i < first; i++) hash = rotl<u32>(hash, 11) ^ load<u32>(tokens + 4 * i);
  const total = count - first + 1;
  const left = (11 * first) & 31;
  store<u32>(hashes, mix32(hash));
  for (let i: u32 = 1; i < total; i++) {
    const gone = load<u32>(tokens + 4 * (i - 1));
    hash = rotl<u32>(hash, 11) ^ load<u32>(tokens + 4 * (i + first - 1)) ^ rotl<u32>(gone, left);
    store<u32>(hashes + 4 * i, mix32(hash));
  }
  if (total <= FEW) sortFew(hashes, total);
  else if (!sortMany(hashes, total)) return 0;
  let kept: u32 = 1;
  let last = load<u32>(hashes);
  for (let i: u32 = 1; i < total; i++) {
    const next = load<u32>(hashes + 4 * i);
    if (next == last) continue;
    store<u32>(hashes + 4 * kept++, next);
    last = next;
  }
  return kept;
}

function sortFew(at: u32, count: u32): void {
  const end = at + 4 * count;
  for (let next = at + 4; next < end; next += 4) {
    const value = load<i32>(next);
    let to = next;
    for (; to > at && load<i32>(to - 4) > value; to -= 4) store<i32>(to, load<i32>(to - 4));
    store<i32>(to, value);
  }
}

/** Sorts by four digits of 8 bits, the lowest first; the highest has the sign. Returns false without memory. */
function sortMany(at: u32, count: u32): bool {
  const other = allocate(4 * count + 1024);
  if (other == 0) return false;
  const places = other + 4 * count;
  const end: u32 = 4 * count;
  let from = at;
  let to = other;
  for (let shift: u32 = 0; shift < 32; shift += 8) {
    const sign: u32 = shift == 24 ? 0x80 : 0;
    memory.fill(places, 0, 1024);
    for (let i: u32 = 0; i < end; i += 4) {
      const place = places + 4 * (((load<u32>(from + i) >> shift) & 255) ^ sign);
      store<u32>(place, load<u32>(place) + 4);
    }
    let sum: u32 = 0;
    for (let place = places; place < places + 1024; place += 4) {
      const here = load<u32>(place);
      store<u32>(place, sum);
      sum += here;
    }
    for (let i: u32 = 0; i < end; i += 4) {
      const value = load<u32>(from + i);
      const place = places + 4 * (((value >> shift) & 255) ^ sign);
      const target = load<u32>(place);
      store<u32>(to + target, value);
      store<u32>(place, target + 4);
    }
    const swap = from;
    from = to;
    to = swap;
  }
  release(other);
  return true;
}

function addBands(set: u32, count: u32): void {
  store<u32>(keyPointer, count);
  const most = floor(f64(count) / load<f64>(options));
  const largest = most > f64(MAX_SET) ? LONG_CLASS : classOf(u32(most));
  for (let at = classOf(count); at <= min(largest, LONG_CLASS - 1); at++) {
    minHash(set, count, SHORT_BINS, min(MAX_ROUNDS, (2 * SHORT_BINS) >> at));
    addHashes(load<u32>(options, 16), load<u32>(options, 20), at);
  }
  if (largest == LONG_CLASS) {
    minHash(set, count, LONG_BINS, count > ONE_ROUND ? 1 : 2);
    addHashes(load<u32>(options, 24), load<u32>(options, 28), LONG_CLASS);
  }
  store<u32>(keyPointer, (keyLength - 8) / 12, 4);
  if (count <= MAX_SET) {
    memory.copy(keyPointer + keyLength, set, 4 * count);
    keyLength += 4 * count;
    return;
  }
  packBins(keyPointer + keyLength);
  keyLength += 2 * LONG_BINS;
}

/** Called before the first signature; returns false without memory. */
export function reserveBins(): bool {
  if (bins == 0) bins = allocate(4 * LONG_BINS);
  return bins != 0;
}

/** Makes the signature of a short text from the hashes of its shingles. */
export function signatureOf(set: u32, count: u32, target: u32): void {
  minHash(set, count, LONG_BINS, 2);
  packBins(target);
}

/** Packs the lower 16 bits of each bin. */
function packBins(target: u32): void {
  for (let i: u32 = 0; i < LONG_BINS; i++) store<u16>(target + 2 * i, load<u16>(bins + 4 * i));
}

function classOf(count: u32): u32 {
  return count > MAX_SET ? LONG_CLASS : 32 - clz<u32>(count - 1);
}

function minHash(set: u32, count: u32, binCount: u32, rounds: u32): void {
  for (let i: u32 = 0; i < binCount; i++) store<i32>(bins + 4 * i, EMPTY);
  const mask = binCount - 1;
  for (let i: u32 = 0; i < count; i++) {
    let hash = load<u32>(set + 4 * i);
    let round: u32 = 0;
    while (true) {
      const value = i32((round << REST_BITS) | (hash >> 7));
      const bin = bins + 4 * (hash & mask);
      if (value < load<i32>(bin)) store<i32>(bin, value);
      if (++round >= rounds) break;
      hash ^= hash << 13;
      hash ^= hash >> 17;
      hash ^= hash << 5;
    }
  }
}

function addHashes(bands: u32, rows: u32, sizeClass: u32): void {
  let at = bins;
  for (let band: u32 = 0; band < bands; band++) {
    let hash = (sizeClass << 16) | band;
    for (const end = at + 4 * rows; at < end; at += 4) hash = rotl<u32>(hash, 11) ^ load<u32>(at);
    hash = mix32(hash);
    const record = keyPointer + keyLength;
    store<u32>(record, hash % load<u32>(options, 32));
    store<u32>(record, hash, 4);
    store<u32>(record, ordinal, 8);
    keyLength += 12;
  }
}
