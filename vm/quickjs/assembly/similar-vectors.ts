// docs/sdk.md#semantic: which vectors have the direction of an earlier one that is kept, over one partition after
// another. The kept vectors of a task stay in memory.
import { inputRead } from "../../wasi/assembly/mizu";
import { allocate, release } from "./engine";

@external("mizu", "dot_i8")
declare function dotI8(sum: i32, left: u32, right: u32, n: u32): i32;

const SIZE: u32 = 512;
const VECTOR_BYTES: u32 = 4 * SIZE;
/** Ordinal, index (`FAILED`: there is no vector), coordinates as i32. */
const RECORD_BYTES: u32 = 8 + VECTOR_BYTES;
const FAILED: u32 = 0xffffffff;
export const OPTIONS_BYTES: u32 = 24;

/**
 * A vector in memory. v is scale * bytes + rest, with the rest shorter than the vector; then v . w is at most
 * scale * scale' * bytes . bytes' + rounded * rest' + rest * length', by Cauchy and Schwarz. So most pairs need the
 * product of the bytes alone. Squared length, length, `rounded` (that of scale * bytes), `rest` (its own) and `scale`
 * are f64, the index is u32.
 */
const SQUARE: usize = 0;
const LENGTH: usize = 8;
const ROUNDED: usize = 16;
const REST: usize = 24;
const SCALE: usize = 32;
const INDEX: usize = 40;
const BYTES: usize = 128;
const COORDINATES: usize = 640;
const ENTRY_BYTES: u32 = 640 + VECTOR_BYTES;

/** Pointers to the entries that are kept, with room for `capacity`. */
let kept: u32 = 0;
let keptCount: u32 = 0;
let capacity: u32 = 0;
/** The entry of the present row, until that is kept. */
let own: u32 = 0;

/** Length of the last result in bytes. */
export let repeatsLength: u32 = 0;

/**
 * `options`: threshold f64; u32 input, where the records begin, their number, and what the result's records begin with.
 * The result has for each row that repeats a kept one: the group, its ordinal, and the index of the first kept row that
 * it repeats; for a row without a vector, `FAILED`. The caller frees it. It is 0 without memory.
 */
export function findRepeats(options: u32): u32 {
  const threshold = load<f64>(options);
  const input = load<u32>(options, 8);
  const offset = load<u32>(options, 12);
  const count = load<u32>(options, 16);
  const group = load<u32>(options, 20);
  const result = allocate(12 * count + 4);
  const record = allocate(RECORD_BYTES);
  if (result == 0 || record == 0) return 0;
  let end = result;
  for (let i: u32 = 0; i < count; i++) {
    inputRead(record, input, offset + RECORD_BYTES * i, RECORD_BYTES);
    let repeated = FAILED;
    if (load<u32>(record, 4) != FAILED) {
      if (!reserve()) return 0;
      fill(own, record);
      const first = firstLike(own, threshold);
      if (first == 0) {
        store<u32>(kept + 4 * keptCount++, own);
        own = 0;
        continue;
      }
      repeated = load<u32>(first, INDEX);
    }
    store<u32>(end, group);
    store<u32>(end, load<u32>(record), 4);
    store<u32>(end, repeated, 8);
    end += 12;
  }
  release(record);
  repeatsLength = end - result;
  return result;
}

/** The first kept entry with at least this cosine, or 0. */
function firstLike(entry: u32, threshold: f64): u32 {
  const bytes = entry + u32(BYTES);
  const rest = load<f64>(entry, REST);
  const scale = load<f64>(entry, SCALE);
  const rounded = load<f64>(entry, ROUNDED);
  const square = threshold * threshold * load<f64>(entry, SQUARE);
  for (let at = kept, last = kept + 4 * keptCount; at < last; at += 4) {
    const other = load<u32>(at);
    const product = f64(dotI8(0, bytes, other + u32(BYTES), SIZE));
    // One more than the bound, for the rounding of the bound itself: products are whole and below 2^42.
    const most =
      product * scale * load<f64>(other, SCALE) + rounded * load<f64>(other, REST) + rest * load<f64>(other, LENGTH) + 1;
    const least = square * load<f64>(other, SQUARE);
    if (most <= 0 || most * most < least) continue;
    const exact = f64(productOf(entry, other));
    if (exact > 0 && exact * exact >= least) return other;
  }
  return 0;
}

function productOf(a: u32, b: u32): i64 {
  let sum: i64 = 0;
  for (let at: u32 = u32(COORDINATES), last: u32 = ENTRY_BYTES; at < last; at += 4) {
    sum += i64(load<i32>(a + at)) * i64(load<i32>(b + at));
  }
  return sum;
}

function fill(entry: u32, record: u32): void {
  memory.copy(entry + u32(COORDINATES), record + 8, VECTOR_BYTES);
  store<u32>(entry, load<u32>(record, 4), INDEX);
  let largest: i32 = 0;
  for (let at: u32 = 0; at < VECTOR_BYTES; at += 4) {
    const value = load<i32>(record + 8 + at);
    largest = max(largest, value < 0 ? -value : value);
  }
  // A byte is then at most 127.
  const scale = max((largest + 126) / 127, 1);
  let square: i64 = 0;
  let rounded: i64 = 0;
  let rest: i64 = 0;
  for (let i: u32 = 0; i < SIZE; i++) {
    const value = load<i32>(record + 8 + 4 * i);
    const half = value < 0 ? -(scale >> 1) : scale >> 1;
    const byte = min(max((value + half) / scale, -127), 127);
    store<i8>(entry + i, i8(byte), BYTES);
    const near = i64(byte * scale);
    const left = i64(value) - near;
    square += i64(value) * i64(value);
    rounded += near * near;
    rest += left * left;
  }
  store<f64>(entry, f64(square), SQUARE);
  store<f64>(entry, sqrt<f64>(f64(square)), LENGTH);
  store<f64>(entry, sqrt<f64>(f64(rounded)), ROUNDED);
  store<f64>(entry, sqrt<f64>(f64(rest)), REST);
  store<f64>(entry, f64(scale), SCALE);
}

/** Makes room for one more. */
function reserve(): bool {
  if (own == 0) {
    // From a leaf's border on, as dot_i8 is cheapest; entries are never given back.
    const room = allocate(ENTRY_BYTES + 127);
    if (room == 0) return false;
    own = (room + 127) & ~127;
  }
  if (keptCount < capacity) return true;
  const larger: u32 = capacity == 0 ? 256 : 2 * capacity;
  const fresh = allocate(4 * larger);
  if (fresh == 0) return false;
  if (keptCount > 0) memory.copy(fresh, kept, 4 * keptCount);
  if (kept != 0) release(kept);
  kept = fresh;
  capacity = larger;
  return true;
}
