// docs/sdk.md#near: rows that share a band, each with the first row that has it. One table for a task.
import { allocate, release } from "./engine";

/** Added to the ordinal of a row whose key failed. */
const FAILED: u32 = 0x80000000;
const FIRST_SLOTS: u32 = 1024;

/** Of each slot: a band's hash, and one more than its first row; 0: empty. */
let table: u32 = 0;
let slots: u32 = 0;
let filled: u32 = 0;

/** Bytes of the last result. */
export let candidatesLength: u32 = 0;

/**
 * `count` records of a band's hash and an ordinal, those of a row together; `base`: the number of ordinal 0. Pairs of row numbers: the
 * first row of a band and this one, each pair once; or twice the same, where the key failed. The caller frees the result; 0: no memory.
 */
export function findCandidates(records: u32, count: u32, base: u32): u32 {
  const result = allocate(8 * count + 8);
  if (result == 0) return 0;
  let end = result;
  // Pairs of the row whose turn it is.
  let own = result;
  let current: u32 = 0xffffffff;
  for (let i: u32 = 0; i < count; i++) {
    const band = load<u32>(records + 8 * i);
    const ordinal = load<u32>(records + 8 * i, 4);
    if (ordinal >= FAILED) {
      end = add(end, base + (ordinal - FAILED), base + (ordinal - FAILED));
      continue;
    }
    const row = base + ordinal;
    if (row != current) {
      current = row;
      own = end;
    }
    if (filled >= slots >> 1 && !grow()) {
      release(result);
      return 0;
    }
    const slot = find(band);
    const first = load<u32>(slot, 4);
    if (first == 0) {
      store<u32>(slot, band);
      store<u32>(slot, row + 1, 4);
      filled++;
    } else if (first - 1 != row && !has(own, end, first - 1)) end = add(end, first - 1, row);
  }
  candidatesLength = end - result;
  return result;
}

function add(at: u32, first: u32, row: u32): u32 {
  store<u32>(at, first);
  store<u32>(at, row, 4);
  return at + 8;
}

function has(from: u32, to: u32, first: u32): bool {
  for (let at = from; at < to; at += 8) if (load<u32>(at) == first) return true;
  return false;
}

/** The band's slot, or the empty one where it belongs. */
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
