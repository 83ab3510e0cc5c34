// docs/vm.md#tree: keccak-256 (the Keccak padding 0x01, not SHA-3's), rate 136 bytes.

import { permute } from './permutation';

const RATE: u32 = 136;
const STATE_BYTES: usize = 200;
const state = memory.data(200, 8);
const block = memory.data(136, 8);

function absorb(src: usize): void {
  for (let i: usize = 0; i < <usize>RATE; i += 8) store<u64>(state + i, load<u64>(state + i) ^ load<u64>(src + i));
  permute(state);
}

export function keccak(src: usize, length: u32, dst: usize): void {
  memory.fill(state, 0, STATE_BYTES);
  while (length >= RATE) {
    absorb(src);
    src += RATE;
    length -= RATE;
  }
  memory.fill(block, 0, RATE);
  memory.copy(block, src, length);
  store<u8>(block + length, 1);
  store<u8>(block + RATE - 1, load<u8>(block + RATE - 1) | 0x80);
  absorb(block);
  store<u64>(dst, load<u64>(state));
  store<u64>(dst, load<u64>(state, 8), 8);
  store<u64>(dst, load<u64>(state, 16), 16);
  store<u64>(dst, load<u64>(state, 24), 24);
}

/** keccak256(tag ‖ bytes) without a copy: the byte before `src` is borrowed for the tag and put back. */
export function keccakTagged(tag: u32, src: usize, length: u32, dst: usize): void {
  const before = load<u8>(src - 1);
  store<u8>(src - 1, <u8>tag);
  keccak(src - 1, length + 1, dst);
  store<u8>(src - 1, before);
}
