// docs/rows.md#limits: writes canonical JSON (RFC 8785) of values that hold plain data only, the same as
// sdk/runtime/canonical.ts to the byte.
import {
  allocate,
  contextPointer,
  floatOf,
  lengthOf,
  release,
  releaseRaw,
  releaseUtf8,
  stringOf,
  utf8Of,
} from "./engine";
import {
  BOOLEAN,
  INTEGER,
  LIST_CLASS,
  MAX_DEPTH,
  NOTHING,
  NULL,
  OBJECT,
  ROPE,
  STRING,
  UNDEFINED,
  begin,
  closeFields,
  countFields,
  fieldAt,
  hasSurrogate,
  isFloat,
  itemOf,
  openFields,
  plainClass,
  tagOf,
  valueOf,
} from "./raw";

/** A row has at most 2^20 characters, of 3 bytes each. */
const MAX_BYTES: u32 = 1 << 23;
const FIRST_CAPACITY: u32 = 1 << 12;
const MAX_SAFE: f64 = 9007199254740991;

let buffer: u32 = 0;
let capacity: u32 = 0;
let length: u32 = 0;
let scratch: u32 = 0;

export function jsonPointer(): u32 {
  return buffer;
}

export function jsonLength(): u32 {
  return length;
}

/**
 * False if the value is left to sdk/runtime/canonical.ts, which also says what is wrong. No code of the user has run.
 */
export function writeJson(value: u64): bool {
  if (scratch == 0) scratch = allocate(16);
  if (scratch == 0 || !begin()) return false;
  length = 0;
  return write(value, 1);
}

/** Makes room for `bytes` more, and 8 behind them. */
function reserve(bytes: u32): bool {
  const needed = length + bytes + 8;
  if (needed <= capacity) return true;
  if (bytes > MAX_BYTES || needed > MAX_BYTES) return false;
  let grown = max(capacity, FIRST_CAPACITY);
  while (grown < needed) grown *= 2;
  const larger = allocate(grown);
  if (larger == 0) return false;
  memory.copy(larger, buffer, length);
  if (buffer != 0) release(buffer);
  buffer = larger;
  capacity = grown;
  return true;
}

/** Writes a byte for which `reserve` has made room. */
function put(byte: u32): void {
  store<u8>(buffer + length, byte);
  length++;
}

function write(value: u64, depth: u32): bool {
  const tag = tagOf(value);
  if (tag == STRING || tag == ROPE) return writeText(value);
  if (!reserve(32)) return false;
  switch (tag) {
    case INTEGER:
      writeInteger(i64(i32(value)));
      return true;
    case BOOLEAN:
      if (u32(value) != 0) putWord(0x65757274, 4);
      else putWord(0x65736c6166, 5);
      return true;
    case NULL:
      putWord(0x6c6c756e, 4);
      return true;
    case OBJECT:
      if (depth > MAX_DEPTH) return false;
      const kind = plainClass(value);
      return kind == LIST_CLASS ? writeList(value, depth) : kind != 0 && writeObject(value, depth);
  }
  return isFloat(tag) && writeFloat(value);
}

function putWord(word: u64, bytes: u32): void {
  store<u64>(buffer + length, word);
  length += bytes;
}

function writeList(list: u64, depth: u32): bool {
  if (lengthOf(contextPointer(), list, scratch) < 0) return false;
  const count = load<u32>(scratch);
  put(0x5b);
  for (let i: u32 = 0; i < count; i++) {
    if (i > 0) {
      if (!reserve(8)) return false;
      put(0x2c);
    }
    const item = itemOf(list, i);
    if (item == NOTHING) return false;
    let done: bool;
    if (tagOf(item) == UNDEFINED) {
      done = reserve(8);
      if (done) putWord(0x6c6c756e, 4);
    } else done = write(item, depth + 1);
    releaseRaw(contextPointer(), item);
    if (!done) return false;
  }
  if (!reserve(1)) return false;
  put(0x5d);
  return true;
}

function writeObject(object: u64, depth: u32): bool {
  const frame = openFields(object);
  if (frame == 0) return false;
  const done = writeFields(object, frame, depth);
  closeFields(frame);
  if (!done || !reserve(1)) return false;
  put(0x7d);
  return true;
}

function writeFields(object: u64, frame: u32, depth: u32): bool {
  const count = countFields(frame);
  put(0x7b);
  let isFirst = true;
  for (let i: u32 = 0; i < count; i++) {
    const field = fieldAt(frame, i);
    const value = valueOf(object, load<u32>(field));
    if (value == NOTHING) return false;
    if (tagOf(value) == UNDEFINED) continue;
    let done = reserve(8);
    if (done) {
      if (!isFirst) put(0x2c);
      isFirst = false;
      done = writeUtf8(load<u32>(field, 4), load<u32>(field, 8));
      if (done) put(0x3a);
      done = done && write(value, depth + 1);
    }
    releaseRaw(contextPointer(), value);
    if (!done) return false;
  }
  return true;
}

function writeFloat(value: u64): bool {
  if (floatOf(contextPointer(), scratch, value) < 0) return false;
  const number = load<f64>(scratch);
  if (number - number != 0) return false;
  if (number == trunc(number) && abs(number) <= MAX_SAFE) {
    writeInteger(i64(number));
    return true;
  }
  const text = stringOf(contextPointer(), value);
  const pointer = utf8Of(contextPointer(), scratch, text, 0);
  releaseRaw(contextPointer(), text);
  if (pointer == 0) return false;
  // It has at most 25 characters, none of which is escaped.
  const size = load<u32>(scratch);
  memory.copy(buffer + length, pointer, size);
  length += size;
  releaseUtf8(contextPointer(), pointer);
  return true;
}

function writeInteger(value: i64): void {
  let rest = u64(value < 0 ? -value : value);
  if (value < 0) put(0x2d);
  let digits: u32 = 1;
  for (let bound: u64 = 10; rest >= bound; bound *= 10) digits++;
  let at = buffer + length + digits;
  length += digits;
  do {
    store<u8>(--at, 0x30 + (rest % 10));
    rest /= 10;
  } while (rest != 0);
}

function writeText(value: u64): bool {
  const pointer = utf8Of(contextPointer(), scratch, value, 0);
  if (pointer == 0) return false;
  const size = load<u32>(scratch);
  const done = !hasSurrogate(pointer, size) && writeUtf8(pointer, size);
  releaseUtf8(contextPointer(), pointer);
  return done;
}

const ONES: u64 = 0x0101010101010101;
const SPACES: u64 = ONES * 0x20;
const QUOTES: u64 = ONES * 0x22;
const SLASHES: u64 = ONES * 0x5c;
const HIGH: u64 = ONES << 7;

/** Copies eight bytes at once if none of them is escaped. One byte more is reserved behind them. */
function writeUtf8(pointer: u32, size: u32): bool {
  if (!reserve(size + 10)) return false;
  put(0x22);
  const end = pointer + size;
  let at = pointer;
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at);
    const quotes = word ^ QUOTES;
    const slashes = word ^ SLASHES;
    const escaped = ((word - SPACES) & ~word) | ((quotes - ONES) & ~quotes) | ((slashes - ONES) & ~slashes);
    if ((escaped & HIGH) == 0) {
      store<u64>(buffer + length, word);
      length += 8;
    } else {
      if (!reserve(end - at + 48 + 10)) return false;
      for (let i: u32 = 0; i < 8; i++) putEscaped(load<u8>(at + i));
    }
  }
  if (!reserve(6 * (end - at) + 10)) return false;
  for (; at < end; at++) putEscaped(load<u8>(at));
  put(0x22);
  return true;
}

function putEscaped(byte: u32): void {
  if (byte >= 0x20 && byte != 0x22 && byte != 0x5c) {
    put(byte);
    return;
  }
  put(0x5c);
  switch (byte) {
    case 0x08:
      return put(0x62);
    case 0x09:
      return put(0x74);
    case 0x0a:
      return put(0x6e);
    case 0x0c:
      return put(0x66);
    case 0x0d:
      return put(0x72);
    case 0x22:
    case 0x5c:
      return put(byte);
  }
  putWord(0x303075, 3);
  put(0x30 + (byte >> 4));
  const low = byte & 15;
  put(low < 10 ? 0x30 + low : 0x57 + low);
}
