// docs/vm.md#tree: keccak-256 and the 128-byte-leaf tree, as WebAssembly: JavaScript's keccak is ~15x slower.
// FIPS 202 keccak-f[1600] with Ethereum's 0x01 padding. One call hashes a whole object: no per-leaf crossing.
import { PAIR_BYTES, permutePair } from './permutation-pair';

const RATE: i32 = 136;
const LEAF: i32 = 128;
const DIGEST: i32 = 32;

// Memory: below 2048 the compiler's data, then state (200 bytes), one block of input, round constants, zero-tree roots
// (33 x 32), two states (400 bytes), the caller's bytes.
const STATE: usize = 2048;
const BLOCK: usize = 2304;
const CONSTANTS: usize = 2560;
const ZEROS: usize = 3072;
const PAIR: usize = 4352;
const HEAP: usize = 8192;
const MAX_DEPTH: i32 = 32;

const ROUND_CONSTANTS: StaticArray<u64> = [
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
  0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
  0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
  0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
];

function permute(): void {
  let a00 = load<u64>(STATE), a01 = load<u64>(STATE, 8), a02 = load<u64>(STATE, 16), a03 = load<u64>(STATE, 24), a04 = load<u64>(STATE, 32);
  let a05 = load<u64>(STATE, 40), a06 = load<u64>(STATE, 48), a07 = load<u64>(STATE, 56), a08 = load<u64>(STATE, 64), a09 = load<u64>(STATE, 72);
  let a10 = load<u64>(STATE, 80), a11 = load<u64>(STATE, 88), a12 = load<u64>(STATE, 96), a13 = load<u64>(STATE, 104), a14 = load<u64>(STATE, 112);
  let a15 = load<u64>(STATE, 120), a16 = load<u64>(STATE, 128), a17 = load<u64>(STATE, 136), a18 = load<u64>(STATE, 144), a19 = load<u64>(STATE, 152);
  let a20 = load<u64>(STATE, 160), a21 = load<u64>(STATE, 168), a22 = load<u64>(STATE, 176), a23 = load<u64>(STATE, 184), a24 = load<u64>(STATE, 192);
  for (let round = 0; round < 24; round++) {
    // theta
    const c0 = a00 ^ a05 ^ a10 ^ a15 ^ a20, c1 = a01 ^ a06 ^ a11 ^ a16 ^ a21, c2 = a02 ^ a07 ^ a12 ^ a17 ^ a22;
    const c3 = a03 ^ a08 ^ a13 ^ a18 ^ a23, c4 = a04 ^ a09 ^ a14 ^ a19 ^ a24;
    const d0 = c4 ^ rotl(c1, 1), d1 = c0 ^ rotl(c2, 1), d2 = c1 ^ rotl(c3, 1), d3 = c2 ^ rotl(c4, 1), d4 = c3 ^ rotl(c0, 1);
    // rho and pi
    const b00 = a00 ^ d0, b10 = rotl(a01 ^ d1, 1), b20 = rotl(a02 ^ d2, 62), b05 = rotl(a03 ^ d3, 28), b15 = rotl(a04 ^ d4, 27);
    const b16 = rotl(a05 ^ d0, 36), b01 = rotl(a06 ^ d1, 44), b11 = rotl(a07 ^ d2, 6), b21 = rotl(a08 ^ d3, 55), b06 = rotl(a09 ^ d4, 20);
    const b07 = rotl(a10 ^ d0, 3), b17 = rotl(a11 ^ d1, 10), b02 = rotl(a12 ^ d2, 43), b12 = rotl(a13 ^ d3, 25), b22 = rotl(a14 ^ d4, 39);
    const b23 = rotl(a15 ^ d0, 41), b08 = rotl(a16 ^ d1, 45), b18 = rotl(a17 ^ d2, 15), b03 = rotl(a18 ^ d3, 21), b13 = rotl(a19 ^ d4, 8);
    const b14 = rotl(a20 ^ d0, 18), b24 = rotl(a21 ^ d1, 2), b09 = rotl(a22 ^ d2, 61), b19 = rotl(a23 ^ d3, 56), b04 = rotl(a24 ^ d4, 14);
    // chi and iota
    a00 = b00 ^ (~b01 & b02) ^ load<u64>(CONSTANTS + (<usize>round << 3)); a01 = b01 ^ (~b02 & b03); a02 = b02 ^ (~b03 & b04); a03 = b03 ^ (~b04 & b00); a04 = b04 ^ (~b00 & b01);
    a05 = b05 ^ (~b06 & b07); a06 = b06 ^ (~b07 & b08); a07 = b07 ^ (~b08 & b09); a08 = b08 ^ (~b09 & b05); a09 = b09 ^ (~b05 & b06);
    a10 = b10 ^ (~b11 & b12); a11 = b11 ^ (~b12 & b13); a12 = b12 ^ (~b13 & b14); a13 = b13 ^ (~b14 & b10); a14 = b14 ^ (~b10 & b11);
    a15 = b15 ^ (~b16 & b17); a16 = b16 ^ (~b17 & b18); a17 = b17 ^ (~b18 & b19); a18 = b18 ^ (~b19 & b15); a19 = b19 ^ (~b15 & b16);
    a20 = b20 ^ (~b21 & b22); a21 = b21 ^ (~b22 & b23); a22 = b22 ^ (~b23 & b24); a23 = b23 ^ (~b24 & b20); a24 = b24 ^ (~b20 & b21);
  }
  store<u64>(STATE, a00); store<u64>(STATE, a01, 8); store<u64>(STATE, a02, 16); store<u64>(STATE, a03, 24); store<u64>(STATE, a04, 32);
  store<u64>(STATE, a05, 40); store<u64>(STATE, a06, 48); store<u64>(STATE, a07, 56); store<u64>(STATE, a08, 64); store<u64>(STATE, a09, 72);
  store<u64>(STATE, a10, 80); store<u64>(STATE, a11, 88); store<u64>(STATE, a12, 96); store<u64>(STATE, a13, 104); store<u64>(STATE, a14, 112);
  store<u64>(STATE, a15, 120); store<u64>(STATE, a16, 128); store<u64>(STATE, a17, 136); store<u64>(STATE, a18, 144); store<u64>(STATE, a19, 152);
  store<u64>(STATE, a20, 160); store<u64>(STATE, a21, 168); store<u64>(STATE, a22, 176); store<u64>(STATE, a23, 184); store<u64>(STATE, a24, 192);
}

function absorb(block: usize): void {
  for (let i: usize = 0; i < <usize>RATE; i += 8) store<u64>(STATE + i, load<u64>(STATE + i) ^ load<u64>(block + i));
}

/** keccak-256 of `length` bytes at `source`, 32 bytes to `target`. */
export function keccak(source: usize, length: i32, target: usize): void {
  memory.fill(STATE, 0, 200);
  while (length >= RATE) {
    absorb(source);
    permute();
    source += RATE;
    length -= RATE;
  }
  memory.fill(BLOCK, 0, RATE);
  memory.copy(BLOCK, source, length);
  store<u8>(BLOCK + length, 0x01);
  store<u8>(BLOCK + RATE - 1, load<u8>(BLOCK + RATE - 1) | 0x80);
  absorb(BLOCK);
  permute();
  memory.copy(target, STATE, DIGEST);
}

// Tag and content fill one block, padding included: one permutation a leaf and one a node.
function hashBlock(tag: u8, source: usize, length: i32, target: usize): void {
  store<u8>(BLOCK, tag);
  memory.copy(BLOCK + 1, source, length);
  memory.fill(BLOCK + 1 + length, 0, RATE - 1 - length);
  store<u8>(BLOCK + 1 + length, 0x01);
  store<u8>(BLOCK + RATE - 1, load<u8>(BLOCK + RATE - 1) | 0x80);
  memory.fill(STATE, 0, 200);
  absorb(BLOCK);
  permute();
  memory.copy(target, STATE, DIGEST);
}

/** Fills in the constants; call once. Returns the first address that a caller may use. */
export function init(): usize {
  for (let i = 0; i < 24; i++) store<u64>(CONSTANTS + (<usize>i << 3), unchecked(ROUND_CONSTANTS[i]));
  memory.fill(HEAP, 0, LEAF);
  hashBlock(0x00, HEAP, LEAF, ZEROS);
  for (let d = 1; d <= MAX_DEPTH; d++) {
    const below = ZEROS + <usize>((d - 1) * DIGEST);
    memory.copy(HEAP, below, DIGEST);
    memory.copy(HEAP + DIGEST, below, DIGEST);
    hashBlock(0x01, HEAP, 2 * DIGEST, below + DIGEST);
  }
  return HEAP;
}

export function zeroRoot(depth: i32): usize {
  return ZEROS + <usize>(depth * DIGEST);
}

// Puts tag, content (a multiple of 8 bytes) and padding into one of the two states: a vector holds a lane of each.
function fillHalf(tag: u64, source: usize, length: i32, half: usize): void {
  let carried = tag;
  const end = source + <usize>length;
  let lane = half;
  for (let at = source; at < end; at += 8) {
    const word = load<u64>(at);
    store<u64>(lane, carried | (word << 8));
    carried = word >> 56;
    lane += 16;
  }
  store<u64>(lane, carried | 0x0100);
  const last = half + <usize>(RATE - 8) * 2;
  store<u64>(last, load<u64>(last) | 0x8000000000000000);
}

function takeHalf(half: usize, target: usize): void {
  for (let i: usize = 0; i < <usize>DIGEST; i += 8) store<u64>(target + i, load<u64>(half + i * 2));
}

/** As `hashBlock` of each, in little more time than one takes. Both are read before a target is written. */
function hashPair(tag: u8, first: usize, second: usize, length: i32, firstTarget: usize, secondTarget: usize): void {
  memory.fill(PAIR, 0, PAIR_BYTES);
  fillHalf(tag, first, length, PAIR);
  fillHalf(tag, second, length, PAIR + 8);
  permutePair(PAIR, CONSTANTS);
  takeHalf(PAIR, firstTarget);
  takeHalf(PAIR + 8, secondTarget);
}

/** Hashes two leaves, which lie anywhere, into the digests at two targets. */
export function leafPair(first: usize, second: usize, firstTarget: usize, secondTarget: usize): void {
  hashPair(0x00, first, second, LEAF, firstTarget, secondTarget);
}

/** Hashes two pairs of digests into the digests of their nodes. */
export function nodePair(first: usize, second: usize, firstTarget: usize, secondTarget: usize): void {
  hashPair(0x01, first, second, 2 * DIGEST, firstTarget, secondTarget);
}

/** Hashes `count` leaves at `source` into `count` digests at `target` (may not overlap the leaves that follow). */
export function leaves(source: usize, count: i32, target: usize): void {
  for (let i = 1; i < count; i += 2) {
    leafPair(source, source + LEAF, target, target + DIGEST);
    source += 2 * LEAF;
    target += 2 * DIGEST;
  }
  if (count & 1) hashBlock(0x00, source, LEAF, target);
}

/**
 * One level up, in place: `count` digests at `level`, whose own depth is `depth`; an odd end is paired with the zero
 * tree. Returns the new count.
 */
export function up(level: usize, count: i32, depth: i32): i32 {
  const pairs = count >> 1;
  let source = level;
  let target = level;
  for (let i = 1; i < pairs; i += 2) {
    nodePair(source, source + 2 * DIGEST, target, target + DIGEST);
    source += 4 * DIGEST;
    target += 2 * DIGEST;
  }
  if (pairs & 1) hashBlock(0x01, source, 2 * DIGEST, target);
  if (count & 1) {
    const last = level + <usize>(count - 1) * DIGEST;
    memory.copy(HEAP, last, DIGEST);
    memory.copy(HEAP + DIGEST, zeroRoot(depth), DIGEST);
    hashBlock(0x01, HEAP, 2 * DIGEST, level + <usize>pairs * DIGEST);
    return pairs + 1;
  }
  return pairs;
}
