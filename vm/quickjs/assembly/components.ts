// docs/sdk.md#near: which rows belong together; the first of them stands for all of them. There is one table for a
// task.
import { allocate, release } from "./engine";

/** For each row a row that it belongs to: itself, or an earlier one. */
let parents: u32 = 0;
let rows: u32 = 0;
let capacity: u32 = 0;

/** Length of the last result in bytes. */
export let resultLength: u32 = 0;

/** Makes room for at least so many rows; returns false without memory. */
export function reserveRows(count: u32): bool {
  if (count > capacity) {
    const larger = max<u32>(count, 2 * capacity);
    const fresh = allocate(4 * larger);
    if (fresh == 0) return false;
    if (parents != 0) {
      memory.copy(fresh, parents, 4 * rows);
      release(parents);
    }
    parents = fresh;
    capacity = larger;
  }
  for (; rows < count; rows++) store<u32>(parents + 4 * rows, rows);
  return true;
}

/** The first of the rows that belong together with this one. */
export function firstOf(row: u32): u32 {
  let at = row;
  while (true) {
    const up = load<u32>(parents + 4 * at);
    if (up == at) return at;
    const above = load<u32>(parents + 4 * up);
    store<u32>(parents + 4 * at, above);
    at = above;
  }
}

export function join(a: u32, b: u32): void {
  const x = firstOf(a);
  const y = firstOf(b);
  if (x < y) store<u32>(parents + 4 * y, x);
  else store<u32>(parents + 4 * x, y);
}

/**
 * Joins `count` pairs of `among` rows. The result are those rows that are paired with themselves. The caller frees it.
 * It is 0 without memory, or if a row does not exist.
 */
export function joinPairs(pairs: u32, count: u32, among: u32): u32 {
  if (!reserveRows(among)) return 0;
  const result = allocate(4 * count + 4);
  if (result == 0) return 0;
  let end = result;
  for (const last = pairs + 8 * count; pairs < last; pairs += 8) {
    const a = load<u32>(pairs);
    const b = load<u32>(pairs, 4);
    if (a >= among || b >= among) {
      release(result);
      return 0;
    }
    if (a != b) join(a, b);
    else {
      store<u32>(end, a);
      end += 4;
    }
  }
  resultLength = end - result;
  return result;
}

/**
 * For the rows from `base` on that are not the first of their group: the group, the row's number from `base` on, the
 * group's first row. Freed and 0 as above.
 */
export function listRepeats(group: u32, base: u32, count: u32): u32 {
  if (!reserveRows(base + count)) return 0;
  const result = allocate(12 * count + 4);
  if (result == 0) return 0;
  let end = result;
  for (let ordinal: u32 = 0; ordinal < count; ordinal++) {
    const first = firstOf(base + ordinal);
    if (first == base + ordinal) continue;
    store<u32>(end, group);
    store<u32>(end, ordinal, 4);
    store<u32>(end, first, 8);
    end += 12;
  }
  resultLength = end - result;
  return result;
}
