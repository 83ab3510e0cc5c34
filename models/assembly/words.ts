// docs/edge.md#builtin: words, as the built-in model takes them from a text: lower-case ASCII, and characters from U+0080 on count as letters.
import { Buffer } from "./buffer";

/** Whether a byte of UTF-8 belongs to a word. */
@inline
function isLetter(byte: u32): bool {
  return byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 26 || byte >= 0x80;
}

/** Appends the words, with `between` before each but the first. */
export function joinWords(at: u32, end: u32, between: u32, to: Buffer): void {
  const begin = to.length;
  while (at < end) {
    const byte = u32(load<u8>(at++));
    if (!isLetter(byte)) continue;
    if (to.length > begin) to.byte(between);
    at--;
    for (; at < end && isLetter(load<u8>(at)); at++) {
      const letter = u32(load<u8>(at));
      to.byte(letter - 0x41 < 26 ? letter + 32 : letter);
    }
  }
}
