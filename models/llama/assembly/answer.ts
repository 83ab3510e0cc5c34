// docs/models.md#llama-engine: an answer as text: tokens of bytes need not give UTF-8.
import { Buffer } from "../../assembly/buffer";
import { widthOf } from "../../assembly/utf8";

/** Copies bytes; U+FFFD stands for each that is no part of a character. */
export function copyText(at: u32, end: u32, to: Buffer): void {
  while (at < end) {
    const width = characterWidth(at, end);
    if (width == 0) {
      to.byte(0xef);
      to.byte(0xbf);
      to.byte(0xbd);
      at++;
    } else {
      to.bytes(at, width);
      at += width;
    }
  }
}

/** 0 if no character of valid UTF-8 begins there. */
function characterWidth(at: u32, end: u32): u32 {
  const first = <u32>load<u8>(at);
  if (first < 0x80) return 1;
  const width = widthOf(first);
  if (first < 0xc2 || first > 0xf4 || at + width > end) return 0;
  for (let i: u32 = 1; i < width; i++) if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  const second = <u32>load<u8>(at + 1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second >= 0xa0) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  return first == 0xf4 && second >= 0x90 ? 0 : width;
}
