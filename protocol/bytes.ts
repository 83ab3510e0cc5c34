// docs/messages.md: big-endian readers and writers that every encoding here is built from.
import { MizuError } from './errors.ts';
import { bytesToHex, concatBytes, type Hex, hexToBytes } from './hex.ts';

export type Writer = {
  u8(value: number): Writer;
  u16(value: number): Writer;
  u32(value: number): Writer;
  u64(value: bigint | number): Writer;
  u256(value: bigint): Writer;
  /** Writes exactly `size` bytes of hex. */
  hex(value: Hex, size: number): Writer;
  bytes(value: Uint8Array): Writer;
  zeros(size: number): Writer;
  finish(): Uint8Array;
};

export function createWriter(): Writer {
  const parts: Uint8Array[] = [];
  const int = (value: bigint, size: number): Writer => {
    if (value < 0n || value >= 1n << BigInt(8 * size)) throw new Error(`${value} does not fit ${size} bytes`);
    const part = new Uint8Array(size);
    let rest = value;
    for (let i = size - 1; i >= 0; i--) {
      part[i] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    return put(part);
  };
  const put = (part: Uint8Array): Writer => {
    parts.push(part);
    return writer;
  };
  const writer: Writer = {
    u8: (value) => int(BigInt(value), 1),
    u16: (value) => int(BigInt(value), 2),
    u32: (value) => int(BigInt(value), 4),
    u64: (value) => int(BigInt(value), 8),
    u256: (value) => int(value, 32),
    hex: (value, size) => {
      const bytes = hexToBytes(value);
      if (bytes.length !== size) throw new Error(`expected ${size} bytes, got ${bytes.length}`);
      return put(bytes);
    },
    bytes: put,
    zeros: (size) => put(new Uint8Array(size)),
    finish: () => concatBytes(parts),
  };
  return writer;
}

export type Reader = {
  u8(field: string): number;
  u16(field: string): number;
  u32(field: string): number;
  u64(field: string): bigint;
  /** Reads a u64 that must be a safe integer, as lengths are. */
  size(field: string): number;
  u256(field: string): bigint;
  hex(size: number, field: string): Hex;
  bytes(size: number, field: string): Uint8Array;
  /**
   * Refuses bytes that are not zero.
   * @throws MizuError `protocol/malformed`
   */
  zeros(size: number): void;
  rest(): Uint8Array;
  remaining(): number;
  /**
   * Refuses bytes that are left over.
   * @throws MizuError `protocol/malformed`
   */
  end(): void;
};

/** @throws MizuError `protocol/malformed` naming what was being read and where */
export function createReader(bytes: Uint8Array, what: string): Reader {
  let at = 0;
  const take = (size: number, field: string): Uint8Array => {
    if (at + size > bytes.length)
      throw malformed(what, `${size} bytes of ${field} at offset ${at}`, `${bytes.length - at} bytes`);
    at += size;
    return bytes.subarray(at - size, at);
  };
  const int = (size: number, field: string): bigint => {
    let value = 0n;
    for (const byte of take(size, field)) value = (value << 8n) | BigInt(byte);
    return value;
  };
  return {
    u8: (field) => Number(int(1, field)),
    u16: (field) => Number(int(2, field)),
    u32: (field) => Number(int(4, field)),
    u64: (field) => int(8, field),
    size: (field) => {
      const value = int(8, field);
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(what, `${field} below 2^53`, String(value));
      return Number(value);
    },
    u256: (field) => int(32, field),
    hex: (size, field) => bytesToHex(take(size, field)),
    bytes: (size, field) => take(size, field).slice(),
    zeros: (size) => {
      const place = take(size, 'zeros').findIndex((byte) => byte !== 0);
      if (place >= 0) throw malformed(what, `zeros at offset ${at - size}`, `byte ${place} of them is not zero`);
    },
    rest: () => take(bytes.length - at, 'the rest').slice(),
    remaining: () => bytes.length - at,
    end: () => {
      if (at !== bytes.length) throw malformed(what, `an end at offset ${at}`, `${bytes.length - at} more bytes`);
    },
  };
}

export function malformed(what: string, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'protocol/malformed',
    message: `Malformed ${what}.`,
    expected,
    actual,
    hint: 'See docs/messages.md for the encoding.',
  });
}
