// docs/messages.md: reading a message's body from left to right without leaving it.

import { message, messageLength } from './context';
import { refuseBound } from './refusal';

let at: usize = 0;

export function seek(offset: u32): void {
  at = message + offset;
}

/** Address of the next `size` bytes; 0 and a refusal if there are fewer. */
export function next(field: string, size: u32): usize {
  const left = bytesLeft();
  if (size > left) {
    refuseBound(field, 'bytes of at least ', size, left);
    return 0;
  }
  const bytes = at;
  at += size;
  return bytes;
}

export function bytesLeft(): u32 {
  return <u32>(message + messageLength - at);
}

export function here(): usize {
  return at;
}
