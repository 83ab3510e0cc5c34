// docs/messages.md#domains: EIP-712 hashes and who signed them. One struct is built at a time.

import { ecrecover } from './host';
import { keccak } from './keccak';
import { alloc, equal, isZero, LEAF, putBe64 } from './memory';
import { text } from './text';

export const SIGNATURE_BYTES: u32 = 65;
const MAX_WORDS: usize = 12;
const MAX_TYPE: usize = 224;

let struct: usize = 0;
let out: usize = 0;

/** Starts a struct of this EIP-712 type. */
export function beginStruct(type: string): void {
  if (struct == 0) struct = alloc(MAX_WORDS * 32);
  const encoded = alloc(MAX_TYPE);
  keccak(encoded, <u32>(text(encoded, type) - encoded), struct);
  out = struct + 32;
}

export function addWord(word: usize): void {
  memory.copy(out, word, 32);
  out += 32;
}

export function addAddress(address: usize): void {
  memory.fill(out, 0, 12);
  memory.copy(out + 12, address, 20);
  out += 32;
}

export function addU64(value: u64): void {
  memory.fill(out, 0, 24);
  putBe64(out + 24, value);
  out += 32;
}

export function addBytes(bytes: usize, length: u32): void {
  keccak(bytes, length, out);
  out += 32;
}

/** The digest that is signed: keccak256(0x1901 ‖ domain separator ‖ struct hash). */
export function digest(domain: usize): usize {
  const bytes = alloc(66);
  store<u16>(bytes, 0x0119);
  memory.copy(bytes + 2, domain, 32);
  keccak(struct, <u32>(out - struct), bytes + 34);
  const hash = alloc(32);
  keccak(bytes, 66, hash);
  return hash;
}

const request = memory.data(128, 128);
/** The address, 20 bytes, that `recover` found last. */
export const signer = memory.data(32, 32);

/** Address of the signer of the digest; zero if nobody has signed it. It is good until the next call. */
export function recover(hash: usize, signature: usize): usize {
  memory.fill(request, 0, LEAF);
  memory.copy(request, hash, 32);
  memory.copy(request + 32, signature, SIGNATURE_BYTES);
  ecrecover(request, signer);
  return signer;
}

/** A bad signature recovers to the zero address, which therefore cannot sign anything. */
export function isSignedBy(hash: usize, signature: usize, address: usize): bool {
  return equal(recover(hash, signature), address, 20) && !isZero(address, 20);
}
