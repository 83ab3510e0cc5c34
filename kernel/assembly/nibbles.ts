// docs/kernel.md#state: paths of the trie: `count` nibbles from nibble `start` of the bytes at `path`, high one first.

import { alloc, equal } from './memory';

@inline
export function nibble(path: usize, i: u32): u32 {
  return (<u32>load<u8>(path + (i >> 1)) >> ((~i & 1) << 2)) & 15;
}

export function commonPrefix(a: usize, aStart: u32, b: usize, bStart: u32, count: u32): u32 {
  let i: u32 = 0;
  while (i < count && nibble(a, aStart + i) == nibble(b, bStart + i)) i++;
  return i;
}

/** Both starts are even or both odd: whole bytes are compared after the first odd nibble. */
export function sameNibbles(a: usize, aStart: u32, b: usize, bStart: u32, count: u32): bool {
  if (aStart & 1) {
    if (nibble(a, aStart) != nibble(b, bStart)) return false;
    aStart++;
    bStart++;
    count--;
  }
  return equal(a + (aStart >> 1), b + (bStart >> 1), count >> 1);
}

function append(target: usize, at: u32, path: usize, start: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const p = target + ((at + i) >> 1);
    store<u8>(p, load<u8>(p) | <u8>(nibble(path, start + i) << ((~(at + i) & 1) << 2)));
  }
}

/** The two paths one after the other. The result ends at nibble 66, so that the parities of leaves and keys agree. */
export function joinPaths(a: usize, aStart: u32, aCount: u32, b: usize, bStart: u32, bCount: u32): usize {
  const joined = alloc(34);
  const start = joinedStart(aCount + bCount);
  append(joined, start, a, aStart, aCount);
  append(joined, start + aCount, b, bStart, bCount);
  return joined;
}

export function joinedStart(count: u32): u32 {
  return 66 - count;
}

/** Bytes of the hex-prefix form of `count` nibbles. */
export function compactSize(count: u32): u32 {
  return (count >> 1) + 1;
}

/** Hex-prefix form (Ethereum yellow paper, appendix C). */
export function writeCompact(p: usize, path: usize, start: u32, count: u32, leaf: bool): void {
  const flag: u32 = leaf ? 0x20 : 0;
  if (count & 1) store<u8>(p, <u8>(flag | 0x10 | nibble(path, start++)));
  else store<u8>(p, <u8>flag);
  const bytes = count >> 1;
  if ((start & 1) == 0) {
    memory.copy(p + 1, path + (start >> 1), bytes);
    return;
  }
  for (let i: u32 = 0; i < bytes; i++) {
    store<u8>(p + 1 + i, <u8>((nibble(path, start + 2 * i) << 4) | nibble(path, start + 2 * i + 1)));
  }
}
