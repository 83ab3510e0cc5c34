// docs/vm.md#tree: roots of objects that the kernel makes, or whose bytes it is given.

import { TAG_LEAF, TAG_NODE, TAG_OBJECT } from './generated/constants';
import { log } from './host';
import { keccak, keccakTagged } from './keccak';
import { alloc, LEAF, putBe64 } from './memory';

const MAX_DEPTH: u32 = 32;
const RECORD_OBJECT: u8 = 0x4f;

let zeros: usize = 0;
let zerosKnown: u32 = 0;

/** Root of a tree of zero leaves. */
function zeroRoot(depth: u32): usize {
  if (zeros == 0) {
    const leaf = alloc(LEAF + 8) + 8;
    zeros = alloc((MAX_DEPTH + 1) * 32);
    keccakTagged(TAG_LEAF, leaf, LEAF, zeros);
  }
  while (zerosKnown < depth) {
    const below = zeros + (zerosKnown << 5);
    hashNode(below, below, below + 32);
    zerosKnown++;
  }
  return zeros + (depth << 5);
}

const pair = memory.data(72, 8);

function hashNode(left: usize, right: usize, dst: usize): void {
  memory.copy(pair + 8, left, 32);
  memory.copy(pair + 40, right, 32);
  keccakTagged(TAG_NODE, pair + 8, 64, dst);
}

/** Smallest d with 2^d leaves holding `size` bytes. */
export function depthOf(size: u64): u32 {
  const leaves = (size + 127) >> 7;
  return leaves <= 1 ? 0 : 64 - <u32>clz<u64>(leaves - 1);
}

/** Root of a tree with zero leaves to its right, from depth `from` up to `to`, in place. */
export function lift(root: usize, from: u32, to: u32): void {
  for (let depth = from; depth < to; depth++) hashNode(root, zeroRoot(depth), root);
}

export function hashObject(treeRoot: usize, size: u64, dst: usize): void {
  const bytes = alloc(48) + 7;
  store<u8>(bytes, <u8>TAG_OBJECT);
  putBe64(bytes + 1, size);
  memory.copy(bytes + 9, treeRoot, 32);
  keccak(bytes, 41, dst);
}

/** Object root of the bytes. The byte before them must be readable and is put back. */
export function objectRoot(bytes: usize, size: u32, dst: usize): void {
  let count: u32 = size <= LEAF ? 1 : (size + 127) >> 7;
  const level = alloc((<usize>count + 1) << 5);
  const whole = size >> 7;
  for (let i: u32 = 0; i < whole; i++) keccakTagged(TAG_LEAF, bytes + (i << 7), LEAF, level + (i << 5));
  if (whole < count) {
    const last = alloc(LEAF + 8) + 8;
    memory.copy(last, bytes + (whole << 7), size - (whole << 7));
    keccakTagged(TAG_LEAF, last, LEAF, level + (whole << 5));
  }
  for (let depth: u32 = 0; count > 1; depth++) {
    if (count & 1) memory.copy(level + (count << 5), zeroRoot(depth), 32);
    count = (count + 1) >> 1;
    for (let i: u32 = 0; i < count; i++) hashNode(level + (i << 6), level + (i << 6) + 32, level + (i << 5));
  }
  hashObject(level, size, dst);
}

/** Zeroed room for an object that the kernel makes; the byte before it is used for the record's kind. */
export function allocObject(size: usize): usize {
  return alloc(size + 8) + 8;
}

/** Hands an object of `allocObject` to the host and writes its root. */
export function publishObject(bytes: usize, size: u32, dst: usize): void {
  objectRoot(bytes, size, dst);
  store<u8>(bytes - 1, RECORD_OBJECT);
  log(bytes - 1, size + 1);
}
