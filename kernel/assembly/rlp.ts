// docs/kernel.md#state: RLP of the state's records. Only the kernel has written them, so they are well formed.

import { alloc } from './memory';

let cursor: usize = 0;

/** RLP of an address. */
const ADDRESS_ITEM: u32 = 21;

/** Number of addresses that `readAddresses` read last. */
export let addressCount: u32 = 0;

/** Length of the string that `readBytes` read last. */
export let length: u32 = 0;

/** Address of the first byte of an item's payload; its size is left in `length`. */
export function payload(item: usize): usize {
  const first = <u32>load<u8>(item);
  if (first < 0x80) {
    length = 1;
    return item;
  }
  const tag: u32 = first < 0xc0 ? 0x80 : 0xc0;
  const size = first - tag;
  if (size < 56) {
    length = size;
    return item + 1;
  }
  const sizeBytes = size - 55;
  length = 0;
  for (let i: u32 = 1; i <= sizeBytes; i++) length = (length << 8) | load<u8>(item + i);
  return item + 1 + sizeBytes;
}

/** Enters this list: the next read gives its first item. Returns the end of the list. */
export function readList(item: usize): usize {
  cursor = payload(item);
  return cursor + length;
}

/** Enters the list at the cursor. */
export function readNested(): usize {
  return readList(cursor);
}

export function readBytes(): usize {
  const bytes = payload(cursor);
  cursor = bytes + length;
  return bytes;
}

export function position(): usize {
  return cursor;
}

export function readU64(): u64 {
  const bytes = readBytes();
  let value: u64 = 0;
  for (let i: u32 = 0; i < length; i++) value = (value << 8) | load<u8>(bytes + i);
  return value;
}

/** A number as 256-bit limbs. */
export function readU256(): usize {
  const bytes = readBytes();
  const n = alloc(32);
  for (let i: u32 = 0; i < length; i++) store<u8>(n + i, load<u8>(bytes + length - 1 - i));
  return n;
}

// A record is at most 900 bytes; 8 bytes are kept before it for the list's header.
const ROOM: usize = 1024;
const HEADER: usize = 8;
let scratch: usize = 0;
let out: usize = 0;

/** Starts a record: a list that the following writes fill. */
export function beginRecord(): void {
  if (scratch == 0) scratch = alloc(ROOM);
  out = scratch + HEADER;
}

export function writeBytes(src: usize, size: u32): void {
  if (size != 1 || load<u8>(src) >= 0x80) out = header(out, 0x80, size);
  memory.copy(out, src, size);
  out += size;
}

export function writeU64(value: u64): void {
  if (value != 0 && value < 0x80) {
    store<u8>(out++, <u8>value);
    return;
  }
  const size = (71 - <u32>clz<u64>(value)) >> 3;
  store<u8>(out++, <u8>(0x80 + size));
  for (let shift = <i32>size * 8 - 8; shift >= 0; shift -= 8) store<u8>(out++, <u8>(value >> shift));
}

export function writeU256(n: usize): void {
  let size: u32 = 32;
  while (size > 0 && load<u8>(n + size - 1) == 0) size--;
  if (size <= 8) {
    writeU64(load<u64>(n));
    return;
  }
  store<u8>(out++, <u8>(0x80 + size));
  for (let i: i32 = <i32>size - 1; i >= 0; i--) store<u8>(out++, load<u8>(n + i));
}

/** The header of a list inside the record; its payload follows. */
export function writeListHeader(size: u32): void {
  out = header(out, 0xc0, size);
}

/** Writes bytes that are RLP already. */
export function writeRaw(src: usize, size: u32): void {
  memory.copy(out, src, size);
  out += size;
}

/** Writes a list of addresses that stand one behind the other. */
export function writeAddresses(src: usize, count: u32): void {
  writeListHeader(count * ADDRESS_ITEM);
  for (let i: u32 = 0; i < count; i++) writeBytes(src + i * 20, 20);
}

/** Reads the list of addresses at the cursor, one behind the other; their number is left in `addressCount`. */
export function readAddresses(): usize {
  const end = readNested();
  addressCount = <u32>(end - cursor) / ADDRESS_ITEM;
  const addresses = alloc(addressCount * 20);
  for (let i: u32 = 0; i < addressCount; i++) memory.copy(addresses + i * 20, readBytes(), 20);
  return addresses;
}

/** Ends the record; returns a copy that stays, its size in `length`. */
export function endRecord(): usize {
  const body = scratch + HEADER;
  const size = <u32>(out - body);
  const start = body - headerSize(size);
  header(start, 0xc0, size);
  length = <u32>(out - start);
  const copy = alloc(length);
  memory.copy(copy, start, length);
  return copy;
}

export function headerSize(size: u32): u32 {
  return size < 56 ? 1 : size < 256 ? 2 : 3;
}

/** Writes the header of a string (0x80) or list (0xc0) of less than 64 KiB. */
export function header(p: usize, tag: u32, size: u32): usize {
  if (size < 56) {
    store<u8>(p, <u8>(tag + size));
    return p + 1;
  }
  if (size < 256) {
    store<u8>(p, <u8>(tag + 56));
    store<u8>(p + 1, <u8>size);
    return p + 2;
  }
  store<u8>(p, <u8>(tag + 57));
  store<u8>(p + 1, <u8>(size >> 8));
  store<u8>(p + 2, <u8>size);
  return p + 3;
}
