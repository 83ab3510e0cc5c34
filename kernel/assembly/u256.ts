// docs/kernel.md#money: amounts of wei, four 64-bit limbs from the low one up. Every overflow is told to the caller.

import { alloc, be64, putBe64 } from './memory';

export function fromBytes(src: usize): usize {
  const n = alloc(32);
  store<u64>(n, be64(src + 24), 0);
  store<u64>(n, be64(src + 16), 8);
  store<u64>(n, be64(src + 8), 16);
  store<u64>(n, be64(src), 24);
  return n;
}

export function toBytes(n: usize, dst: usize): void {
  putBe64(dst, load<u64>(n, 24));
  putBe64(dst + 8, load<u64>(n, 16));
  putBe64(dst + 16, load<u64>(n, 8));
  putBe64(dst + 24, load<u64>(n));
}

export function less(a: usize, b: usize): bool {
  for (let i: i32 = 24; i >= 0; i -= 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x != y) return x < y;
  }
  return false;
}

export function isZeroWei(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

export function fitsBits96(a: usize): bool {
  return ((load<u64>(a, 8) >> 32) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

/** dst = a + b mod 2^256; true if it overflowed. */
export function add(dst: usize, a: usize, b: usize): bool {
  let carry: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    const sum = x + y;
    const total = sum + carry;
    carry = u64(sum < x) | u64(total < sum);
    store<u64>(dst + i, total);
  }
  return carry != 0;
}

/** dst = a - b mod 2^256; true if b was more than a. */
export function sub(dst: usize, a: usize, b: usize): bool {
  let borrow: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    const difference = x - y;
    store<u64>(dst + i, difference - borrow);
    borrow = u64(x < y) | u64(difference < borrow);
  }
  return borrow != 0;
}

let high: u64 = 0;

/** Returns the low half of a * b; the high half is left in `high`. */
function multiplyWide(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const low = a0 * b0;
  const middle = a1 * b0 + (low >> 32);
  const cross = a0 * b1 + (middle & 0xffffffff);
  high = a1 * b1 + (middle >> 32) + (cross >> 32);
  return (cross << 32) | (low & 0xffffffff);
}

/** dst = a * k mod 2^256; true if it overflowed. dst may be a. */
export function multiply(dst: usize, a: usize, k: u64): bool {
  let carry: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const low = multiplyWide(load<u64>(a + i), k);
    const sum = low + carry;
    carry = high + u64(sum < low);
    store<u64>(dst + i, sum);
  }
  return carry != 0;
}

/** The greatest n <= cap with n * price <= amount. */
export function affordable(amount: usize, price: usize, cap: u64): u64 {
  const product = alloc(32);
  if (!multiply(product, price, cap) && !less(amount, product)) return cap;
  let n: u64 = 0;
  for (let bit: u64 = 1 << 63; bit != 0; bit >>= 1) {
    const candidate = n | bit;
    if (candidate <= cap && !multiply(product, price, candidate) && !less(amount, product)) n = candidate;
  }
  return n;
}
