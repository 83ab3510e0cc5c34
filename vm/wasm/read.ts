// docs/vm.md#program: reads the pieces of the WebAssembly binary format; every refusal names the byte offset. All of
// vm/ reads it with this.
import { MizuError } from '../../protocol/errors.ts';

export type Cursor = { readonly bytes: Uint8Array; at: number; end: number };

export function createCursor(bytes: Uint8Array, at = 0, end = bytes.length): Cursor {
  return { bytes, at, end };
}

export function readByte(cursor: Cursor): number {
  if (cursor.at >= cursor.end) throw malformedModule(cursor.at, 'another byte', 'the end of the section');
  return cursor.bytes[cursor.at++]!;
}

/** Unsigned LEB128 of at most 32 bits. */
export function readU32(cursor: Cursor): number {
  const start = cursor.at;
  if (start < cursor.end && cursor.bytes[start]! < 0x80) return cursor.bytes[cursor.at++]!;
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = readByte(cursor);
    if (shift === 28 && byte > 0x0f) break;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw malformedModule(start, 'an unsigned LEB128 integer of at most 32 bits', 'a longer or larger one');
}

/** Signed LEB128 of at most 32 bits. */
export function readS32(cursor: Cursor): number {
  return Number(readSigned(cursor, 32));
}

/** Signed LEB128 of at most 33 bits, as block types have. */
export function readS33(cursor: Cursor): number {
  return Number(readSigned(cursor, 33));
}

/** Signed LEB128 of at most 64 bits. */
export function readS64(cursor: Cursor): bigint {
  return BigInt(readSigned(cursor, 64));
}

export function readSpan(cursor: Cursor, size: number): Uint8Array {
  if (size > cursor.end - cursor.at)
    throw malformedModule(cursor.at, `${size} bytes`, `${cursor.end - cursor.at} bytes`);
  cursor.at += size;
  return cursor.bytes.subarray(cursor.at - size, cursor.at);
}

export function readName(cursor: Cursor): string {
  const size = readU32(cursor);
  const start = cursor.at;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readSpan(cursor, size));
  } catch (cause) {
    if (cause instanceof MizuError) throw cause;
    throw malformedModule(start, 'a name in UTF-8', 'other bytes');
  }
}

/** Reads a count of items of at least one byte each; so it is bounded by the bytes that are left. */
export function readCount(cursor: Cursor, limit: number, what: string): number {
  const start = cursor.at;
  const count = readU32(cursor);
  if (count > limit) throw moduleTooLarge(what, limit, count, start);
  if (count > cursor.end - cursor.at)
    throw malformedModule(start, `${count} ${what}`, `${cursor.end - cursor.at} bytes`);
  return count;
}

export function malformedModule(offset: number, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'vm/malformed',
    message: `The WebAssembly module is malformed at byte ${offset}.`,
    expected,
    actual,
    hint: 'Build the module again, and pass the .wasm file itself: this one is text or an archive, or was cut off or damaged.',
  });
}

export function moduleTooLarge(what: string, limit: number, actual: number, offset: number): MizuError {
  return new MizuError({
    code: 'vm/too-large',
    message: `The WebAssembly module has too many ${what} at byte ${offset}.`,
    expected: `at most ${limit} ${what}`,
    actual: String(actual),
    hint: 'Split the program, or build it for size.',
  });
}

// Values of up to 28 bits, which are nearly all, are read without a bigint.
function readSigned(cursor: Cursor, bits: number): number | bigint {
  const start = cursor.at;
  let small = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = readByte(cursor);
    small |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (byte & 0x40) === 0 ? small : small - 2 ** (shift + 7);
  }
  let value = BigInt(small);
  for (let shift = 28; shift < bits; shift += 7) {
    const byte = readByte(cursor);
    const left = bits - shift;
    if (left < 7) {
      // The unused bits of the last byte repeat the sign.
      const unused = (byte & 0x7f) >> (left - 1);
      if (byte >= 0x80 || (unused !== 0 && unused !== 0x7f >> (left - 1))) break;
    }
    value |= BigInt(byte & 0x7f) << BigInt(shift);
    if (byte < 0x80) return BigInt.asIntN(bits, (byte & 0x40) === 0 ? value : value | (-1n << BigInt(shift + 7)));
  }
  throw malformedModule(start, `a signed LEB128 integer of at most ${bits} bits`, 'a longer or larger one');
}
