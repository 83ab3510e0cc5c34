// docs/models.md#programs: UTF-8 that is known to be valid.

/** Bytes of the code point whose first byte this is. */
export function widthOf(first: u32): u32 {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

export function codePointAt(at: u32): u32 {
  const first = u32(load<u8>(at));
  if (first < 0x80) return first;
  let point = first & (0xff >> (widthOf(first) + 1));
  for (let i: u32 = 1; i < widthOf(first); i++) point = (point << 6) | (load<u8>(at + i) & 0x3f);
  return point;
}
