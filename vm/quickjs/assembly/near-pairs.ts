// docs/sdk.md#near: finds rows of one bucket that are alike: each row is compared with the first row of each of its
// bands. There is one table for a task.
import { inputRead } from "../../wasi/assembly/mizu";
import { firstOf, join, reserveRows } from "./components";
import { allocate, release } from "./engine";
import { reserveBins, signatureOf } from "./near-key";
import { isEstimateAtLeast, isJaccardAtLeast } from "./similar";

/** Added to the ordinal of a row whose key failed. */
const FAILED: u32 = 0x80000000;
const FIRST_SLOTS: u32 = 1024;
const MAX_SET: u32 = 64;
const TOLERANCE: f64 = 0.03;
export const BUCKET_BYTES: u32 = 32;

/** A row as it is compared: index, number of shingles, 64 words. */
const ROW_BYTES: u32 = 264;
/**
 * A row in memory: its number plus one (0: none), whether its signature is there, its words, and its signature if the
 * text is short.
 */
const ENTRY_BYTES: u32 = 8 + ROW_BYTES + 256;
/** So many rows with which others were compared stay in memory: 2 MiB. */
const KEPT: u32 = 4096;
/** So many comparisons of one row are remembered, and not made twice: more than a row has bands in all classes. */
const MAX_TRIED: u32 = 1024;
/** Base, input, and where the words of the rows begin. */
const PARTITION_BYTES: u32 = 12;
const MAX_PARTITIONS: u32 = 1024;

/** Each slot has a band's hash and the band's first row plus one; 0: empty. */
let table: u32 = 0;
let slots: u32 = 0;
let filled: u32 = 0;

let partitions: u32 = 0;
let partitionCount: u32 = 0;
/**
 * Entries by the lowest bits of their row; behind them the entry of the present row, then the rows that it was compared
 * with.
 */
let entries: u32 = 0;
let own: u32 = 0;
let tried: u32 = 0;

/** Length of the last result in bytes. */
export let pairsLength: u32 = 0;

/**
 * Takes one partition after another. `bucket`: near f64; u32 input, where the bucket's records begin, their number,
 * number of the partition's first row, number of its rows, where their words begin. The result has triples: 0, the
 * first row of a band, and a row that is like it and was not joined to it; or 0 and twice the same row, if its key
 * failed. The caller frees it. It is 0 without memory, or if a partition is malformed.
 */
export function findPairs(bucket: u32): u32 {
  const input = load<u32>(bucket, 8);
  const count = load<u32>(bucket, 16);
  const base = load<u32>(bucket, 20);
  const rows = load<u32>(bucket, 24);
  if (!addPartition(base, input, load<u32>(bucket, 28)) || !reserveRows(base + rows)) return 0;
  const records = allocate(8 * count + 8);
  if (records == 0) return 0;
  if (count > 0) inputRead(records, input, load<u32>(bucket, 12), 8 * count);
  const result = allocate(12 * count + 4);
  const done = result != 0 && pairsOf(records, count, base, rows, load<f64>(bucket), result);
  release(records);
  if (done) return result;
  if (result != 0) release(result);
  return 0;
}

/** `records` are a band's hash and an ordinal; those of a row stand together. */
function pairsOf(records: u32, count: u32, base: u32, rows: u32, near: f64, result: u32): bool {
  let end = result;
  let current: u32 = 0xffffffff;
  let triedEnd = tried;
  for (const last = records + 8 * count; records < last; records += 8) {
    const ordinal = load<u32>(records, 4);
    const row = base + (ordinal & (FAILED - 1));
    if (row >= base + rows) return false;
    if (ordinal >= FAILED) {
      end = add(end, row, row);
      continue;
    }
    if (row != current) {
      current = row;
      store<u32>(own, 0);
      triedEnd = tried;
    }
    if (filled >= slots >> 1 && !grow()) return false;
    const slot = find(load<u32>(records));
    if (load<u32>(slot, 4) == 0) {
      store<u32>(slot, load<u32>(records));
      store<u32>(slot, row + 1, 4);
      filled++;
      continue;
    }
    const first = load<u32>(slot, 4) - 1;
    if (first == row || has(triedEnd, first) || firstOf(first) == firstOf(row)) continue;
    if (triedEnd < tried + 4 * MAX_TRIED) {
      store<u32>(triedEnd, first);
      triedEnd += 4;
    }
    if (load<u32>(own) == 0) readEntry(own, row);
    if (!isNear(entryOf(first), own, near)) continue;
    join(first, row);
    end = add(end, first, row);
  }
  pairsLength = end - result;
  return true;
}

function add(at: u32, first: u32, row: u32): u32 {
  store<u32>(at, 0);
  store<u32>(at, first, 4);
  store<u32>(at, row, 8);
  return at + 12;
}

function has(end: u32, first: u32): bool {
  for (let at = tried; at < end; at += 4) if (load<u32>(at) == first) return true;
  return false;
}

/** Compares two short texts exactly, all others by an estimate. */
function isNear(a: u32, b: u32, near: f64): bool {
  const countA = load<u32>(a, 12);
  const countB = load<u32>(b, 12);
  if (countA <= MAX_SET && countB <= MAX_SET) return isJaccardAtLeast(a + 16, countA, b + 16, countB, near);
  return isEstimateAtLeast(signature(a), signature(b), near - TOLERANCE);
}

/** The signature of a short text is computed when the text first meets a long one. */
function signature(entry: u32): u32 {
  const count = load<u32>(entry, 12);
  if (count > MAX_SET) return entry + 16;
  const made = entry + 8 + ROW_BYTES;
  if (load<u32>(entry, 4) == 0) {
    signatureOf(entry + 16, count, made);
    store<u32>(entry, 1, 4);
  }
  return made;
}

function entryOf(row: u32): u32 {
  const entry = entries + ENTRY_BYTES * (row & (KEPT - 1));
  if (load<u32>(entry) != row + 1) readEntry(entry, row);
  return entry;
}

function readEntry(entry: u32, row: u32): void {
  let low: u32 = 0;
  let high: u32 = partitionCount - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (load<u32>(partitions + PARTITION_BYTES * middle) <= row) low = middle;
    else high = middle - 1;
  }
  const partition = partitions + PARTITION_BYTES * low;
  const place = load<u32>(partition, 8) + ROW_BYTES * (row - load<u32>(partition));
  store<u32>(entry, row + 1);
  store<u32>(entry, 0, 4);
  inputRead(entry + 8, load<u32>(partition, 4), place, ROW_BYTES);
}

/** Returns false without memory, or if there are too many. */
function addPartition(base: u32, input: u32, words: u32): bool {
  if (partitions == 0) {
    const bytes: u32 = PARTITION_BYTES * MAX_PARTITIONS + ENTRY_BYTES * (KEPT + 1) + 4 * MAX_TRIED;
    partitions = allocate(bytes);
    if (partitions == 0 || !reserveBins()) return false;
    memory.fill(partitions, 0, bytes);
    entries = partitions + PARTITION_BYTES * MAX_PARTITIONS;
    own = entries + ENTRY_BYTES * KEPT;
    tried = own + ENTRY_BYTES;
  }
  if (partitionCount == MAX_PARTITIONS) return false;
  const partition = partitions + PARTITION_BYTES * partitionCount++;
  store<u32>(partition, base);
  store<u32>(partition, input, 4);
  store<u32>(partition, words, 8);
  return true;
}

/** The band's slot, or the empty slot where it belongs. */
function find(band: u32): u32 {
  let at = (band * 0x9e3779b1) >> clz<u32>(slots - 1);
  while (true) {
    const slot = table + 8 * at;
    if (load<u32>(slot, 4) == 0 || load<u32>(slot) == band) return slot;
    at = (at + 1) & (slots - 1);
  }
}

function grow(): bool {
  const old = table;
  const oldEnd = old + 8 * slots;
  const larger: u32 = slots == 0 ? FIRST_SLOTS : 2 * slots;
  const bytes: u32 = 8 * larger;
  const fresh = allocate(bytes);
  if (fresh == 0) return false;
  memory.fill(fresh, 0, bytes);
  table = fresh;
  slots = larger;
  for (let at = old; at < oldEnd; at += 8) {
    if (load<u32>(at, 4) != 0) store<u64>(find(load<u32>(at)), load<u64>(at));
  }
  if (old != 0) release(old);
  return true;
}
