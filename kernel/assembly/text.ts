// docs/kernel.md#receipt: ASCII writers. Each writes at p and returns the address after what it wrote.

import { alloc } from './memory';

export function text(p: usize, s: string): usize {
  const source = changetype<usize>(s);
  const length = <usize>s.length;
  for (let i: usize = 0; i < length; i++) store<u8>(p + i, <u8>load<u16>(source + (i << 1)));
  return p + length;
}

export function decimal(p: usize, value: u64): usize {
  let digits: usize = 1;
  for (let rest = value / 10; rest != 0; rest /= 10) digits++;
  let at = p + digits;
  do {
    const tens = value / 10;
    store<u8>(--at, <u8>(48 + (value - tens * 10)));
    value = tens;
  } while (value != 0);
  return p + digits;
}

/** 0x and two lower-case digits a byte; the number of bytes is a multiple of 4. */
export function hex(p: usize, src: usize, length: u32): usize {
  store<u16>(p, 0x7830);
  p += 2;
  for (let i: u32 = 0; i < length; i += 4) {
    let x = <u64>load<u32>(src + i);
    x = (x | (x << 16)) & 0x0000ffff0000ffff;
    x = (x | (x << 8)) & 0x00ff00ff00ff00ff;
    x = ((x >> 4) | (x << 8)) & 0x0f0f0f0f0f0f0f0f;
    // 6 added to a digit above 9 reaches bit 4: such digits become letters, which stand 39 further on.
    const letters = ((x + 0x0606060606060606) >> 4) & 0x0101010101010101;
    store<u64>(p, x + 0x3030303030303030 + letters * 39);
    p += 8;
  }
  return p;
}

const BILLION: u64 = 1000000000;

/** A 256-bit number in decimal. */
export function wei(p: usize, n: usize): usize {
  if ((load<u64>(n, 8) | load<u64>(n, 16) | load<u64>(n, 24)) == 0) return decimal(p, load<u64>(n));
  const rest = alloc(32);
  memory.copy(rest, n, 32);
  const groups = alloc(9 * 4);
  let count: usize = 0;
  let limbs: i32 = 8;
  while (limbs > 0) {
    let remainder: u64 = 0;
    for (let i = limbs - 1; i >= 0; i--) {
      const at = rest + ((<usize>i) << 2);
      const part = (remainder << 32) | <u64>load<u32>(at);
      const quotient = part / BILLION;
      store<u32>(at, <u32>quotient);
      remainder = part - quotient * BILLION;
    }
    store<u32>(groups + (count << 2), <u32>remainder);
    count++;
    while (limbs > 0 && load<u32>(rest + ((<usize>(limbs - 1)) << 2)) == 0) limbs--;
  }
  p = decimal(p, load<u32>(groups + ((count - 1) << 2)));
  for (let g: i32 = <i32>count - 2; g >= 0; g--) {
    let group = <u64>load<u32>(groups + ((<usize>g) << 2));
    for (let i: i32 = 8; i >= 0; i--) {
      const tens = group / 10;
      store<u8>(p + i, <u8>(48 + (group - tens * 10)));
      group = tens;
    }
    p += 9;
  }
  return p;
}
