// docs/sdk.md#dedupe: integer hashes with fixed seeds (MurmurHash3, public domain), the same in every engine.
import type { GuestIo } from './io.ts';

const encoder = new TextEncoder();
// A local name: looking up Math.imul costs QuickJS more than calling it.
const { imul } = Math;

/** 128 bits of the text's UTF-8 as four u32: MurmurHash3 x86_128. In the DataVM `io.hash`, compiled, is the same. */
export function hashText(text: string, seed: number): Uint32Array {
  const bytes = encoder.encode(text);
  const padded = new Uint8Array((bytes.length + 15) & ~15);
  padded.set(bytes);
  const words = new Uint32Array(padded.buffer);
  let h1 = seed;
  let h2 = seed;
  let h3 = seed;
  let h4 = seed;
  // The tail is hashed as a whole block of zeros and text: the length, mixed in below, tells texts apart that end in NUL.
  for (let i = 0; i < words.length; i += 4) {
    h1 = operator(h1 ^ scramble(words[i]!, 0x239b961b, 15, 0xab0e9789), 19, h2, 0x561ccd1b);
    h2 = operator(h2 ^ scramble(words[i + 1]!, 0xab0e9789, 16, 0x38b34ae5), 17, h3, 0x0bcaa747);
    h3 = operator(h3 ^ scramble(words[i + 2]!, 0x38b34ae5, 17, 0xa1e38b93), 15, h4, 0x96cd1c35);
    h4 = operator(h4 ^ scramble(words[i + 3]!, 0xa1e38b93, 18, 0x239b961b), 13, h1, 0x32ac3b17);
  }
  h1 ^= bytes.length;
  h2 ^= bytes.length;
  h3 ^= bytes.length;
  h4 ^= bytes.length;
  h1 = mix32((h1 + h2 + h3 + h4) | 0);
  h2 = mix32((h2 + h1) | 0);
  h3 = mix32((h3 + h1) | 0);
  h4 = mix32((h4 + h1) | 0);
  return Uint32Array.of(h1 + h2 + h3 + h4, h2 + h1, h3 + h1, h4 + h1);
}

/** The finaliser of MurmurHash3: every bit of the result depends on every bit of `value`. */
export function mix32(value: number): number {
  let h = value;
  h = imul(h ^ (h >>> 16), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The task that a key goes to. */
export function bucketOf(key: string, buckets: number): number {
  return hashText(key, 0)[0]! % buckets;
}

/** A number in [0, 1) that depends on the text and the seed alone. */
export function hashToUnit({ hashFirst }: GuestIo, text: string, seed: string): number {
  return hashFirst(`${seed}\n${text}`, 0x6d697a75) / 2 ** 32;
}

function scramble(word: number, c1: number, rotate: number, c2: number): number {
  const k = imul(word, c1);
  return imul((k << rotate) | (k >>> (32 - rotate)), c2);
}

function operator(h: number, rotate: number, neighbour: number, addend: number): number {
  const rotated = (h << rotate) | (h >>> (32 - rotate));
  return (imul((rotated + neighbour) | 0, 5) + addend) | 0;
}
