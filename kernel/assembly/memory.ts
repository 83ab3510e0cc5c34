// docs/vm.md#program: memory is handed out and never taken back. Big-endian access and comparison of bytes.

export const LEAF: u32 = 128;
const GROW_PAGES: i32 = 16;

let top: usize = 0;
let limit: usize = 0;

/** Called first in a step: the memory above the static data is free, and zero. */
export function startMemory(): void {
  top = (__heap_base + 127) & ~127;
  limit = (<usize>memory.size()) << 16;
}

function reserve(end: usize): void {
  while (end > limit) {
    // Every message is bounded so that 64 MiB are never reached: docs/kernel.md#limits.
    if (memory.grow(GROW_PAGES) < 0) unreachable();
    limit += (<usize>GROW_PAGES) << 16;
  }
}

/** Zeroed bytes at an address divisible by 8. */
export function alloc(size: usize): usize {
  const address = top;
  top = (top + size + 7) & ~7;
  reserve(top);
  return address;
}

/** Zeroed bytes at the start of a leaf: it costs one instruction to hand a leaf to the host. */
export function allocLeaf(size: usize): usize {
  top = (top + 127) & ~127;
  return alloc(size);
}

/** Room for `size` bytes at the start of a leaf; `take` then keeps the part that was used. */
export function peekLeaf(size: usize): usize {
  top = (top + 127) & ~127;
  reserve(top + size);
  return top;
}

export function take(size: usize): void {
  top = (top + size + 7) & ~7;
}

export function equal(a: usize, b: usize, length: u32): bool {
  let i: u32 = 0;
  for (; i + 8 <= length; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
  }
  for (; i < length; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
  }
  return true;
}

export function isZero(a: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) {
    if (load<u8>(a + i) != 0) return false;
  }
  return true;
}

export function be16(p: usize): u32 {
  return ((<u32>load<u8>(p)) << 8) | load<u8>(p + 1);
}

export function be32(p: usize): u32 {
  return bswap<u32>(load<u32>(p));
}

export function be64(p: usize): u64 {
  return bswap<u64>(load<u64>(p));
}

export function putBe16(p: usize, value: u32): void {
  store<u8>(p, <u8>(value >> 8));
  store<u8>(p + 1, <u8>value);
}

export function putBe32(p: usize, value: u32): void {
  store<u32>(p, bswap<u32>(value));
}

export function putBe64(p: usize, value: u64): void {
  store<u64>(p, bswap<u64>(value));
}
