// docs/isa.md#memory: instructions that work on leaves; each call is one repetition.
import { keccak } from '../../../protocol/assembly/tree';
import { data, dataLength, dirty, FAULT, LEAF_BYTES, LEAF_SHIFT, memoryBytes, memoryStart, NO_MEMORY, PAGE_BYTES, pagesMax, RANDOM, RANDOM_HASH, REPEAT, reserve, RUNNING, setMemoryBytes, SLOTS, SLOTS_MASK } from './layout';

/** The slot behind `slot`, `index` further on. */
// @ts-ignore: decorator
@inline
function argument(slot: usize, index: usize): usize {
  return ((slot + (index << 3)) & SLOTS_MASK) | SLOTS;
}

function advance(slot: usize, first: u32, second: u32, left: u32): i32 {
  if (left == 0) return RUNNING;
  store<u64>(slot, <u64>first);
  store<u64>(argument(slot, 1), <u64>second);
  store<u64>(argument(slot, 2), <u64>left);
  return REPEAT;
}

/** Bytes from `address` on that lie in its leaf. */
// @ts-ignore: decorator
@inline
function behind(address: u32): u32 {
  return LEAF_BYTES - (address & (LEAF_BYTES - 1));
}

/** Bytes before `end` that lie in one leaf. */
// @ts-ignore: decorator
@inline
function before(end: u32): u32 {
  return ((end - 1) & (LEAF_BYTES - 1)) + 1;
}

function outside(address: u32, size: u32): bool {
  return <u64>address + <u64>size > memoryBytes;
}

// A part of one leaf never lies in two.
function mark(address: u32): void {
  store<u8>(dirty + (address >> LEAF_SHIFT), 1);
}

export function fill(slot: usize): i32 {
  const dst = load<u32>(slot), value = load<u32>(argument(slot, 1)), n = load<u32>(argument(slot, 2));
  if (outside(dst, n)) return FAULT;
  if (n == 0) return RUNNING;
  const k = min(n, behind(dst));
  memory.fill(memoryStart + dst, <u8>value, k);
  mark(dst);
  return advance(slot, dst + k, value, n - k);
}

export function copy(slot: usize): i32 {
  const dst = load<u32>(slot), src = load<u32>(argument(slot, 1)), n = load<u32>(argument(slot, 2));
  if (outside(dst, n) || outside(src, n)) return FAULT;
  if (n == 0) return RUNNING;
  if (dst <= src) {
    const k = min(n, min(behind(dst), behind(src)));
    memory.copy(memoryStart + dst, memoryStart + src, k);
    mark(dst);
    return advance(slot, dst + k, src + k, n - k);
  }
  const k = min(n, min(before(dst + n), before(src + n)));
  memory.copy(memoryStart + dst + n - k, memoryStart + src + n - k, k);
  mark(dst + n - k);
  return advance(slot, dst, src, n - k);
}

export function initialize(slot: usize, imm: u64): i32 {
  const dst = load<u32>(slot), src = load<u32>(argument(slot, 1)), n = load<u32>(argument(slot, 2));
  const length = load<u64>(SLOTS + (<usize>((imm >> 32) & 0xffff) << 3));
  const end = <u64>src + <u64>n;
  const offset = <u64><u32>imm;
  if (outside(dst, n) || end > length || offset + end > <u64>dataLength) return FAULT;
  if (n == 0) return RUNNING;
  const k = min(n, min(behind(dst), behind(<u32>offset + src)));
  memory.copy(memoryStart + dst, data + <usize>offset + src, k);
  mark(dst);
  return advance(slot, dst + k, src + k, n - k);
}

export function dot(slot: usize): i32 {
  const left = load<u32>(argument(slot, 1)), right = load<u32>(argument(slot, 2)), n = load<u32>(argument(slot, 3));
  if (outside(left, n) || outside(right, n)) return FAULT;
  const k = min(n, min(behind(left), behind(right)));
  const sum = load<u32>(slot) + dotBytes(memoryStart + left, memoryStart + right, k);
  store<u64>(slot, <u64>sum);
  if (k == n) return RUNNING;
  store<u64>(argument(slot, 1), <u64>(left + k));
  store<u64>(argument(slot, 2), <u64>(right + k));
  store<u64>(argument(slot, 3), <u64>(n - k));
  return REPEAT;
}

/** Four sums of two products each, of eight signed bytes. */
// @ts-ignore: decorator
@inline
function products(left: usize, right: usize): v128 {
  return i32x4.dot_i16x8_s(v128.load_ext<i8>(left), v128.load_ext<i8>(right));
}

function dotBytes(left: usize, right: usize, n: u32): u32 {
  let lanes = i32x4.splat(0);
  let rest = n;
  for (; rest >= 32; rest -= 32) {
    const first = i32x4.add(products(left, right), products(left + 8, right + 8));
    const second = i32x4.add(products(left + 16, right + 16), products(left + 24, right + 24));
    lanes = i32x4.add(lanes, i32x4.add(first, second));
    left += 32;
    right += 32;
  }
  for (; rest >= 8; rest -= 8) {
    lanes = i32x4.add(lanes, products(left, right));
    left += 8;
    right += 8;
  }
  let sum: u32 = i32x4.extract_lane(lanes, 0) + i32x4.extract_lane(lanes, 1) + i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3);
  for (; rest != 0; rest--) sum += <u32>(<i32>load<i8>(left++) * <i32>load<i8>(right++));
  return sum;
}

/** First 8 bytes of keccak256(0x04 ‖ seed ‖ counter). */
export function random(counter: u64): u64 {
  store<u64>(RANDOM, bswap<u64>(counter), 33);
  keccak(RANDOM, 41, RANDOM_HASH);
  return bswap<u64>(load<u64>(RANDOM_HASH));
}

/** Grows the guest's memory; the result goes to `slot`. */
export function grow(slot: usize, delta: u32): i32 {
  const pages = memoryBytes / PAGE_BYTES;
  const after = pages + <u64>delta;
  if (after > <u64>pagesMax) {
    store<u64>(slot, <u64>u32.MAX_VALUE);
    return RUNNING;
  }
  if (!reserve(<u64>memoryStart + after * PAGE_BYTES)) return NO_MEMORY;
  setMemoryBytes(after * PAGE_BYTES);
  store<u64>(slot, pages);
  return RUNNING;
}
