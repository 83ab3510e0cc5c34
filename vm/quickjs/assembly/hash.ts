// docs/vm.md#quickjs: MurmurHash3 x86_128 (public domain) over bytes, and its finaliser; the same as
// sdk/runtime/hash.ts to the bit.

/** Every bit of the result depends on every bit of `value`. */
export function mix32(value: u32): u32 {
  let h = value;
  h = (h ^ (h >> 16)) * 0x85ebca6b;
  h = (h ^ (h >> 13)) * 0xc2b2ae35;
  return h ^ (h >> 16);
}

let h1: u32 = 0;
let h2: u32 = 0;
let h3: u32 = 0;
let h4: u32 = 0;

/** Writes four u32 to `result`, which has 32 bytes: the last 16 are for the last block. */
export function hash128(pointer: u32, length: u32, seed: u32, result: u32): void {
  h1 = h2 = h3 = h4 = seed;
  const whole = length & ~15;
  for (let at: u32 = 0; at < whole; at += 16) addBlock(pointer + at);
  if (length > whole) {
    const last = result + 16;
    memory.fill(last, 0, 16);
    memory.copy(last, pointer + whole, length - whole);
    addBlock(last);
  }
  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = mix32(h1 + h2 + h3 + h4);
  h2 = mix32(h2 + h1);
  h3 = mix32(h3 + h1);
  h4 = mix32(h4 + h1);
  store<u32>(result, h1 + h2 + h3 + h4);
  store<u32>(result, h2 + h1, 4);
  store<u32>(result, h3 + h1, 8);
  store<u32>(result, h4 + h1, 12);
}

function addBlock(at: u32): void {
  h1 = step(h1 ^ scramble(load<u32>(at), 0x239b961b, 15, 0xab0e9789), 19, h2, 0x561ccd1b);
  h2 = step(h2 ^ scramble(load<u32>(at, 4), 0xab0e9789, 16, 0x38b34ae5), 17, h3, 0x0bcaa747);
  h3 = step(h3 ^ scramble(load<u32>(at, 8), 0x38b34ae5, 17, 0xa1e38b93), 15, h4, 0x96cd1c35);
  h4 = step(h4 ^ scramble(load<u32>(at, 12), 0xa1e38b93, 18, 0x239b961b), 13, h1, 0x32ac3b17);
}

function scramble(word: u32, c1: u32, rotate: u32, c2: u32): u32 {
  return rotl<u32>(word * c1, rotate) * c2;
}

function step(h: u32, rotate: u32, neighbour: u32, addend: u32): u32 {
  return (rotl<u32>(h, rotate) + neighbour) * 5 + addend;
}
