// docs/vm.md#program: reading and writing the pieces of the WebAssembly binary format.
import { MizuError } from '../../protocol/errors.ts';

const MAX_LEB_BYTES = 10;

/** A cursor over module bytes; every read is bounded and names its offset when it fails. */
export type Reader = { readonly bytes: Uint8Array; offset: number; readonly end: number };

export function createReader(bytes: Uint8Array, offset = 0, end = bytes.length): Reader {
  return { bytes, offset, end };
}

export function readByte(reader: Reader): number {
  if (reader.offset >= reader.end) throw malformed(reader.offset, 'one more byte', 'the end');
  return reader.bytes[reader.offset++] as number;
}

export function readU32(reader: Reader): number {
  const start = reader.offset;
  let result = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = readByte(reader);
    result += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) {
      if (result > 0xffffffff) break;
      return result;
    }
  }
  throw malformed(start, 'an unsigned 32-bit LEB128 number', 'a longer one');
}

/** Steps over a LEB128 number of any signedness. */
export function skipLeb(reader: Reader): void {
  const start = reader.offset;
  for (let count = 0; count < MAX_LEB_BYTES; count++) if (readByte(reader) < 0x80) return;
  throw malformed(start, 'a LEB128 number of at most 10 bytes', 'a longer one');
}

export function readBytes(reader: Reader, length: number): Uint8Array {
  if (length > reader.end - reader.offset) {
    throw malformed(reader.offset, `${length} bytes`, `${reader.end - reader.offset} bytes`);
  }
  const bytes = reader.bytes.subarray(reader.offset, reader.offset + length);
  reader.offset += length;
  return bytes;
}

export function readName(reader: Reader): string {
  const start = reader.offset;
  const bytes = readBytes(reader, readU32(reader));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed(start, 'a name in UTF-8', 'other bytes');
  }
}

export function readVector<T>(reader: Reader, readItem: (reader: Reader) => T): T[] {
  const count = readU32(reader);
  if (count > reader.end - reader.offset) {
    throw malformed(reader.offset, `${count} items`, `${reader.end - reader.offset} bytes`);
  }
  return Array.from({ length: count }, () => readItem(reader));
}

export function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

export function encodeSigned(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    if ((rest === 0n && byte < 0x40) || (rest === -1n && byte >= 0x40)) {
      bytes.push(byte);
      return bytes;
    }
    bytes.push(byte | 0x80);
  }
}

export function encodeName(name: string): Uint8Array {
  return encodeSized(new TextEncoder().encode(name));
}

export function encodeSized(bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.from(encodeU32(bytes.length)), bytes]);
}

export function encodeVector(items: readonly Uint8Array[]): Uint8Array {
  return concat([Uint8Array.from(encodeU32(items.length)), ...items]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

export function malformed(offset: number, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'vm/malformed',
    message: `The WebAssembly module is malformed at byte ${offset}.`,
    expected,
    actual,
    hint: 'Build the module again, or pass the .wasm file itself (not .wat text, not an archive).',
  });
}

export function unsupported(offset: number, feature: string): MizuError {
  return new MizuError({
    code: 'vm/unsupported-feature',
    message: `The module uses ${feature} at byte ${offset}, which the DataVM does not have.`,
    expected:
      'WebAssembly MVP + sign-extension + non-trapping float-to-int + bulk memory + mutable globals + multi-value',
    actual: feature,
    hint: 'Switch the feature off in the compiler (for example -C target-cpu=mvp, or -mno-reference-types).',
  });
}
