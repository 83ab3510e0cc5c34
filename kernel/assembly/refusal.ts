// docs/kernel.md#receipt: why a message was refused: the field, what was expected, and what came.

import { alloc } from './memory';
import { decimal, hex, text, wei } from './text';

const ROOM: usize = 512;

export let refusal: usize = 0;
export let refusalLength: u32 = 0;

export function clearRefusal(): void {
  refusalLength = 0;
}

function begin(field: string): usize {
  if (refusal == 0) refusal = alloc(ROOM);
  return text(text(refusal, field), ': expected ');
}

function got(p: usize): usize {
  return text(p, ', got ');
}

function end(p: usize): bool {
  refusalLength = <u32>(p - refusal);
  return false;
}

export function refuse(field: string, expected: string, actual: string): bool {
  return end(text(got(text(begin(field), expected)), actual));
}

export function refuseNumber(field: string, expected: string, actual: u64): bool {
  return end(decimal(got(text(begin(field), expected)), actual));
}

/** The text `expected` is followed by a number. */
export function refuseBound(field: string, expected: string, bound: u64, actual: u64): bool {
  return end(decimal(got(decimal(text(begin(field), expected), bound)), actual));
}

/** The text `expected` is followed by an amount. */
export function refuseWei(field: string, expected: string, bound: usize, actual: usize): bool {
  return end(wei(got(wei(text(begin(field), expected), bound)), actual));
}

/** The text `expected` is followed by bytes; the bytes that came have the same length. */
export function refuseBytes(field: string, expected: string, bound: usize, actual: usize, length: u32): bool {
  return end(hex(got(hex(text(begin(field), expected), bound, length)), actual, length));
}

/** The value that came is given as bytes. */
export function refuseUnknown(field: string, expected: string, actual: usize, length: u32): bool {
  return end(hex(got(text(begin(field), expected)), actual, length));
}
