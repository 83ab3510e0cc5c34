// docs/sdk.md#near: whether two rows are alike, in the same way as isJaccardAtLeast and isEstimateAtLeast of
// sdk/runtime/minhash.ts.

const LONG_BINS: u32 = 128;
const EMPTY: u32 = 0xffff;

/** Compares two sets of ascending i32. It ends as soon as too few can be common. */
export function isJaccardAtLeast(a: u32, lengthA: u32, b: u32, lengthB: u32, least: f64): bool {
  const total = f64(lengthA + lengthB);
  const needed = i32(floor<f64>((least * total) / (1 + least)));
  // How many of each set may still be missing in the other.
  let spareA = i32(lengthA) - needed;
  let spareB = i32(lengthB) - needed;
  if (spareA < 0 || spareB < 0) return false;
  const endA = a + 4 * lengthA;
  const endB = b + 4 * lengthB;
  while (a < endA && b < endB) {
    const x = load<i32>(a);
    const y = load<i32>(b);
    if (x == y) {
      a += 4;
      b += 4;
    } else if (x < y) {
      if (--spareA < 0) return false;
      a += 4;
    } else {
      if (--spareB < 0) return false;
      b += 4;
    }
  }
  // What is not common of `a`: the items that were passed over, and those that are left.
  const common = f64(needed + spareA - i32((endA - a) >> 2));
  return common / (total - common) >= least;
}

/** Compares two signatures of 128 u16 each. It ends as soon as too many differ. */
export function isEstimateAtLeast(a: u32, b: u32, least: f64): bool {
  const mayDiffer = f64(LONG_BINS) * (1 - least);
  let filled = 0;
  let differ = 0;
  for (let i: u32 = 0; i < LONG_BINS; i++) {
    const x: u32 = load<u16>(a + 2 * i);
    const y: u32 = load<u16>(b + 2 * i);
    if (x != y) {
      if (f64(++differ) > mayDiffer) return false;
    } else if (x == EMPTY) continue;
    filled++;
  }
  return f64(filled - differ) >= least * f64(filled);
}
