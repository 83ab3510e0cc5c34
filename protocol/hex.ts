// docs/glossary.md: hashes, addresses and byte strings are 0x-hex at borders and Uint8Array inside.

/** Bytes as text: `0x`, then two digits a byte. */
export type Hex = `0x${string}`;

/** 20 bytes, in lower case unless it comes from outside. */
export type Address = Hex;

/** 32 zero bytes: they stand for a hash or a root where there is none. */
export const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`;

const DIGITS = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

export function bytesToHex(bytes: Uint8Array): Hex {
  let hex = '0x';
  for (let i = 0; i < bytes.length; i++) hex += DIGITS[bytes[i] as number];
  return hex as Hex;
}

/** @throws Error if the text is not an even number of hex digits after 0x */
export function hexToBytes(hex: Hex): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(hex)) throw new Error(`not 0x-hex of whole bytes: ${hex.slice(0, 80)}`);
  const bytes = new Uint8Array((hex.length - 2) / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 + 2 * i, 4 + 2 * i), 16);
  return bytes;
}

/** Compares two addresses: L1 and wallets write them with upper-case letters, the state writes them without. */
export function isSameAddress(one: Address | undefined, other: Address): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

export function isHash(value: unknown): value is Hex {
  return typeof value === 'string' && /^0x[0-9a-f]{64}$/.test(value);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
