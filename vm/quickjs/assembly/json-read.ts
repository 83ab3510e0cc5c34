// docs/vm.md#compiled: reads JSON as JSON.parse does. Forms that rows seldom have are left to QuickJS.
import {
  allocate,
  contextPointer,
  defineProperty,
  newList,
  newName,
  newObject,
  parseJson,
  preventExtensions,
  rawNumber,
  release,
  releaseName,
  releaseRaw,
  textOf,
} from "./engine";
import { FROZEN, MAX_DEPTH, NOTHING, RAW_NULL, frozenList } from "./raw";

/** All of JS_PROP_C_W_E of QuickJS. */
const OPEN: i32 = 7;
const RAW_FALSE: u64 = 1 << 32;
/** The levels of a row, of the line around it, and some more. */
const MAX_LEVELS: u32 = MAX_DEPTH + 8;
/** Integers of so many digits are exact, whatever the digits. */
const MAX_DIGITS: u32 = 15;
const MAX_NUMBER_BYTES: u32 = 40;
const FIRST_ITEMS: u32 = 256;
const MAX_ITEMS: u32 = 1 << 20;
const MAX_ESCAPED: u32 = 1 << 20;

let at: u32 = 0;
let end: u32 = 0;
let isFrozen: bool = false;

/** Raw values of lists that are being read. */
let items: u32 = 0;
let itemsRoom: u32 = 0;
let itemsCount: u32 = 0;

/** Holds texts without their escapes, and numbers. */
let draft: u32 = 0;
let draftRoom: u32 = 0;

/**
 * `NOTHING` if QuickJS has to read it, or to refuse it. With `frozen` all objects and lists within the outermost one
 * are frozen.
 */
export function readJson(pointer: u32, length: u32, frozen: bool): u64 {
  at = pointer;
  end = pointer + length;
  isFrozen = frozen;
  itemsCount = 0;
  const value = read(0);
  if (value == NOTHING) {
    while (itemsCount > 0) releaseRaw(contextPointer(), load<u64>(items + 8 * --itemsCount));
    return NOTHING;
  }
  if (peek() == 0) return value;
  releaseRaw(contextPointer(), value);
  return NOTHING;
}

/** The next byte that is not white space; 0 at the end. */
function peek(): u32 {
  while (at < end) {
    const byte = load<u8>(at);
    if (byte > 0x20) return byte;
    if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return 1;
    at++;
  }
  return 0;
}

function read(depth: u32): u64 {
  const byte = peek();
  switch (byte) {
    case 0x22:
      return readText() ? textOf(contextPointer(), textBegin, textLength) : NOTHING;
    case 0x7b:
      return depth == MAX_LEVELS ? NOTHING : readObject(depth + 1);
    case 0x5b:
      return depth == MAX_LEVELS ? NOTHING : readList(depth + 1);
    case 0x74:
      return readWord(0x65757274, 4) ? RAW_FALSE | 1 : NOTHING;
    case 0x66:
      at++;
      return readWord(0x65736c61, 4) ? RAW_FALSE : NOTHING;
    case 0x6e:
      return readWord(0x6c6c756e, 4) ? RAW_NULL : NOTHING;
  }
  return readNumber();
}

function readWord(word: u32, bytes: u32): bool {
  if (at + bytes > end || load<u32>(at) != word) return false;
  at += bytes;
  return true;
}

function readNumber(): u64 {
  const begin = at;
  const isNegative = load<u8>(at) == 0x2d;
  if (isNegative) at++;
  const digits = at;
  let value: i64 = 0;
  while (at < end) {
    const digit = u32(load<u8>(at)) - 0x30;
    if (digit > 9) break;
    value = value * 10 + i64(digit);
    at++;
  }
  const count = at - digits;
  const next = at < end ? load<u8>(at) : 0;
  const isWhole = next != 0x2e && (next | 0x20) != 0x65;
  const isPlain = count > 0 && count <= MAX_DIGITS && (count == 1 || load<u8>(digits) != 0x30);
  if (isWhole && isPlain && (value != 0 || !isNegative)) {
    if (isNegative) value = -value;
    const small = i32(value);
    return i64(small) == value ? u64(u32(small)) : rawNumber(contextPointer(), f64(value));
  }
  while (at < end && isOfNumber(load<u8>(at))) at++;
  const length = at - begin;
  if (length == 0 || length > MAX_NUMBER_BYTES || !reserveDraft(length + 8)) return NOTHING;
  memory.copy(draft, begin, length);
  store<u8>(draft + length, 0);
  // The name of the source, for the message of an error that nobody sees.
  store<u32>(draft + length + 1, 0);
  return parseJson(contextPointer(), draft, length, draft + length + 1);
}

function isOfNumber(byte: u32): bool {
  return byte - 0x30 <= 9 || byte == 0x2e || byte == 0x2b || byte == 0x2d || (byte | 0x20) == 0x65;
}

function readObject(depth: u32): u64 {
  const context = contextPointer();
  const flags = isFrozen ? FROZEN : OPEN;
  const object = newObject(context);
  at++;
  if (peek() == 0x7d) at++;
  else {
    while (true) {
      if (peek() != 0x22 || !readText()) return fail(object);
      const name = newName(context, textBegin, textLength);
      if (name == 0) return fail(object);
      let value = NOTHING;
      if (peek() == 0x3a) {
        at++;
        value = read(depth);
      }
      // If a name comes twice, its first value cannot be overwritten when it is frozen.
      const done = value != NOTHING && defineProperty(context, object, name, value, flags) > 0;
      releaseName(context, name);
      if (!done) return fail(object);
      const next = peek();
      if (next != 0x2c && next != 0x7d) return fail(object);
      at++;
      if (next == 0x7d) break;
    }
  }
  return !isFrozen || preventExtensions(context, object) > 0 ? object : fail(object);
}

function readList(depth: u32): u64 {
  const first = itemsCount;
  at++;
  if (peek() == 0x5d) at++;
  else {
    while (true) {
      const value = read(depth);
      if (value == NOTHING || !keep(value)) return NOTHING;
      const next = peek();
      if (next != 0x2c && next != 0x5d) return NOTHING;
      at++;
      if (next == 0x5d) break;
    }
  }
  const context = contextPointer();
  const count = itemsCount - first;
  itemsCount = first;
  return isFrozen && depth > 1 ? frozenList(count, items + 8 * first) : newList(context, count, items + 8 * first);
}

function fail(object: u64): u64 {
  releaseRaw(contextPointer(), object);
  return NOTHING;
}

function keep(value: u64): bool {
  if (itemsCount == itemsRoom) {
    const room = max<u32>(2 * itemsRoom, FIRST_ITEMS);
    const larger = room > MAX_ITEMS ? 0 : allocate(8 * room);
    if (larger == 0) {
      releaseRaw(contextPointer(), value);
      return false;
    }
    memory.copy(larger, items, 8 * itemsCount);
    if (items != 0) release(items);
    items = larger;
    itemsRoom = room;
  }
  store<u64>(items + 8 * itemsCount++, value);
  return true;
}

let textBegin: u32 = 0;
let textLength: u32 = 0;

const ONES: u64 = 0x0101010101010101;
const SPACES: u64 = ONES * 0x20;
const QUOTES: u64 = ONES * 0x22;
const SLASHES: u64 = ONES * 0x5c;
const HIGH: u64 = ONES << 7;

/**
 * Reads from the quote on to behind the closing one, and notes where the UTF-8 without escapes lies, in the line or in
 * `draft`.
 */
function readText(): bool {
  const begin = at + 1;
  let isAscii = true;
  let place = begin;
  for (; place + 8 <= end; place += 8) {
    const word = load<u64>(place);
    const quotes = word ^ QUOTES;
    const slashes = word ^ SLASHES;
    if (((((word - SPACES) & ~word) | ((quotes - ONES) & ~quotes) | ((slashes - ONES) & ~slashes)) & HIGH) != 0) break;
    if ((word & HIGH) != 0) isAscii = false;
  }
  for (; place < end; place++) {
    const byte = load<u8>(place);
    if (byte == 0x22) {
      textBegin = begin;
      textLength = place - begin;
      at = place + 1;
      return isAscii || isUtf8(begin, place);
    }
    if (byte == 0x5c) return readEscaped(begin, place);
    if (byte < 0x20) return false;
    if (byte >= 0x80) isAscii = false;
  }
  return false;
}

function readEscaped(begin: u32, first: u32): bool {
  const room = first - begin;
  let written = room;
  if (!reserveDraft(room + 64)) return false;
  memory.copy(draft, begin, room);
  for (let place = first; place < end; place++) {
    if (written + 8 > draftRoom && !reserveDraft(2 * draftRoom)) return false;
    let byte: u32 = load<u8>(place);
    if (byte == 0x22) {
      textBegin = draft;
      textLength = written;
      at = place + 1;
      return isUtf8(draft, draft + written);
    }
    if (byte < 0x20) return false;
    if (byte == 0x5c) {
      if (++place >= end) return false;
      byte = escaped(load<u8>(place));
      if (byte == 0) {
        const unit = readUnit(place);
        if (unit < 0) return false;
        place += 4;
        written = putUnit(unit, written);
        continue;
      }
    }
    store<u8>(draft + written, byte);
    written++;
  }
  return false;
}

/** The character that stands for this byte behind a backslash; 0 for `u` and for bytes without a meaning there. */
function escaped(byte: u32): u32 {
  switch (byte) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      return byte;
    case 0x62:
      return 8;
    case 0x66:
      return 12;
    case 0x6e:
      return 10;
    case 0x72:
      return 13;
    case 0x74:
      return 9;
  }
  return 0;
}

/** The unit of `uXXXX`; below 0 if it is malformed, or half a surrogate pair. */
function readUnit(place: u32): i32 {
  if (place + 5 > end || load<u8>(place) != 0x75) return -1;
  let unit: u32 = 0;
  for (let i: u32 = 1; i <= 4; i++) {
    const byte = u32(load<u8>(place + i));
    const letter = (byte | 0x20) - 0x61;
    const digit = byte - 0x30;
    if (digit > 9 && letter > 5) return -1;
    unit = unit * 16 + (digit <= 9 ? digit : letter + 10);
  }
  return (unit & 0xf800) == 0xd800 ? -1 : i32(unit);
}

function putUnit(unit: u32, written: u32): u32 {
  const to = draft + written;
  if (unit < 0x80) {
    store<u8>(to, unit);
    return written + 1;
  }
  if (unit < 0x800) {
    store<u8>(to, 0xc0 | (unit >> 6));
    store<u8>(to, 0x80 | (unit & 63), 1);
    return written + 2;
  }
  store<u8>(to, 0xe0 | (unit >> 12));
  store<u8>(to, 0x80 | ((unit >> 6) & 63), 1);
  store<u8>(to, 0x80 | (unit & 63), 2);
  return written + 3;
}

function reserveDraft(bytes: u32): bool {
  if (bytes <= draftRoom) return true;
  if (bytes > MAX_ESCAPED) return false;
  const larger = allocate(bytes);
  if (larger == 0) return false;
  memory.copy(larger, draft, draftRoom);
  if (draft != 0) release(draft);
  draft = larger;
  draftRoom = bytes;
  return true;
}

/** Whether the bytes are UTF-8 without overlong forms, halves of surrogate pairs and code points above U+10FFFF. */
function isUtf8(begin: u32, stop: u32): bool {
  let place = begin;
  while (place < stop) {
    const byte = u32(load<u8>(place));
    if (byte < 0x80) {
      place++;
      continue;
    }
    const more: u32 = byte < 0xc2 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : byte < 0xf5 ? 3 : 0;
    if (more == 0 || place + more >= stop) return false;
    const second = u32(load<u8>(place, 1));
    if (byte == 0xe0 && second < 0xa0) return false;
    if (byte == 0xed && second >= 0xa0) return false;
    if (byte == 0xf0 && second < 0x90) return false;
    if (byte == 0xf4 && second >= 0x90) return false;
    for (let i: u32 = 1; i <= more; i++) if ((load<u8>(place + i) & 0xc0) != 0x80) return false;
    place += more + 1;
  }
  return true;
}
