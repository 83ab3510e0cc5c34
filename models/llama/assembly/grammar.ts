// docs/models.md#llama-schemas: which bytes may come next. What is left to write is a chain of frames; where several
// ways are open, there are several chains, which share their ends. Frames are never changed: to try a token is to make
// frames, and to forget them.
import {
  ANY,
  ANY_OF,
  INTEGER,
  LIST,
  LITERALS,
  LITERAL_BYTES,
  MAP,
  NODE_LIST,
  NODE_MAP,
  NODE_NUMBER,
  NODE_TEXT,
  NODE_WORDS,
  NOT_NEGATIVE,
  NUMBER,
  OBJECT,
  PROPERTY_BYTES,
  TEXT,
  UP_TO_ONE,
  listAt,
  literalAt,
  nodeField,
} from "./schema";

/** A value of node `a`; with `b` a space may come before it. */
const VALUE: u32 = 0;
/** From byte `b` on, the literal at `a` of `c` bytes. */
const LITERAL: u32 = 1;
/** From byte `b` on, one of the literals `c` to `d` - 1 of the list at `a`. */
const CHOICE: u32 = 2;
/** In a text of node `a`: `b` says what the next byte may be, `c` counts characters. */
const IN_TEXT: u32 = 3;
/** In a number of the kind `a`: `b` says where, `c` counts digits of this part. */
const IN_NUMBER: u32 = 4;
/** In an object, a map or a list of node `a`: `b` says where; `c` is the next property, or counts what there is. */
const IN_OBJECT: u32 = 5;
const IN_MAP: u32 = 6;
const IN_LIST: u32 = 7;

const FIRST: u32 = 0;
const AFTER: u32 = 1;
const COMMA: u32 = 2;
const NAMED: u32 = 3;
const SPACED: u32 = 4;

const PLAIN: u32 = 0;
const ESCAPED: u32 = 1;
/** Hexadecimal digits that are left, added to it. */
const HEX: u32 = 2;
/** Behind `\ud`: a digit up to 7, because halves of pairs are not written so. */
const HEX_LOW: u32 = 8;
/** Further bytes of a character that are left, added to it; the next one is between two bounds. */
const MORE: u32 = 16;
const LOW_SHIFT: u32 = 8;
const HIGH_SHIFT: u32 = 16;

const SIGNED: u32 = 0;
const ZERO: u32 = 1;
const WHOLE: u32 = 2;
const POINT: u32 = 3;
const PART: u32 = 4;
const POWER: u32 = 5;
const POWER_SIGNED: u32 = 6;
const POWER_DIGITS: u32 = 7;
/** The number 1, where no larger one is allowed. */
const ONE: u32 = 8;
const MAX_DIGITS: u32 = 15;
const MAX_POWER_DIGITS: u32 = 2;

const FRAME_BYTES: u32 = 24;
export const MAX_CHAINS: u32 = 256;
const ROOM_BYTES: u32 = 1 << 18;
const MAX_LEVELS: i32 = 64;
/** In place of a frame: all is written. */
const DONE: u32 = 0;

/** Two rooms for frames: when a token is taken, what is still needed is copied into the other. */
let room: u32 = 0;
let otherRoom: u32 = 0;
let free: u32 = 0;
let limit: u32 = 0;
/** The chains that a byte is tried on, and those that come of it. */
let chains: u32 = 0;
let count: u32 = 0;
let nextChains: u32 = 0;
let nextCount: u32 = 0;
/** The chains behind the answer so far. */
let taken: u32 = 0;
let takenCount: u32 = 0;
let mark: u32 = 0;

export function reserveGrammar(): void {
  room = <u32>heap.alloc(ROOM_BYTES);
  otherRoom = <u32>heap.alloc(ROOM_BYTES);
  chains = <u32>heap.alloc(MAX_CHAINS << 2);
  nextChains = <u32>heap.alloc(MAX_CHAINS << 2);
  taken = <u32>heap.alloc(MAX_CHAINS << 2);
}

export function beginGrammar(node: u32): void {
  free = room;
  limit = room + ROOM_BYTES;
  store<u32>(taken, frame(VALUE, node, 0, 0, 0, DONE));
  takenCount = 1;
  mark = free;
}

/** Whether the answer so far is whole. */
export function canEnd(): bool {
  for (let i: u32 = 0; i < takenCount; i++) if (isWhole(load<u32>(taken + (i << 2)))) return true;
  return false;
}

/** Whether the answer so far is whole, and nothing can follow. */
export function mustEnd(): bool {
  return takenCount == 1 && load<u32>(taken) == DONE;
}

/** Whether bytes may follow. */
export function canFollow(at: u32, end: u32): bool {
  const fits = run(at, end);
  free = mark;
  return fits;
}

/** Takes bytes that may follow. */
export function follow(at: u32, end: u32): void {
  run(at, end);
  free = otherRoom;
  limit = otherRoom + ROOM_BYTES;
  for (let i: u32 = 0; i < count; i++) store<u32>(taken + (i << 2), copyChain(load<u32>(chains + (i << 2))));
  takenCount = count;
  otherRoom = room;
  room = limit - ROOM_BYTES;
  mark = free;
}

function copyChain(from: u32): u32 {
  if (from == DONE || free + FRAME_BYTES > limit) return DONE;
  const to = free;
  free += FRAME_BYTES;
  memory.copy(to, from, FRAME_BYTES);
  store<u32>(to, copyChain(load<u32>(from, 20)), 20);
  return to;
}

function run(at: u32, end: u32): bool {
  count = takenCount;
  memory.copy(chains, taken, count << 2);
  for (; at < end && count > 0; at++) {
    const byte = <u32>load<u8>(at);
    nextCount = 0;
    for (let i: u32 = 0; i < count; i++) {
      const chain = load<u32>(chains + (i << 2));
      if (chain != DONE) feed(chain, byte, 0);
    }
    const swap = chains;
    chains = nextChains;
    nextChains = swap;
    count = nextCount;
  }
  return count > 0;
}

function frame(kind: u32, a: u32, b: u32, c: u32, d: u32, next: u32): u32 {
  // Nothing comes of a way for which there is no room.
  if (free + FRAME_BYTES > limit) return DONE;
  const at = free;
  free += FRAME_BYTES;
  store<u32>(at, kind);
  store<u32>(at, a, 4);
  store<u32>(at, b, 8);
  store<u32>(at, c, 12);
  store<u32>(at, d, 16);
  store<u32>(at, next, 20);
  return at;
}

function open(chain: u32): void {
  if (nextCount >= MAX_CHAINS) return;
  for (let i: u32 = 0; i < nextCount; i++) if (load<u32>(nextChains + (i << 2)) == chain) return;
  store<u32>(nextChains + (nextCount++ << 2), chain);
}

function push(kind: u32, a: u32, b: u32, c: u32, d: u32, next: u32): void {
  const at = frame(kind, a, b, c, d, next);
  if (at != DONE) open(at);
}

/** Whether a chain may end here. */
function isWhole(chain: u32): bool {
  if (chain == DONE) return true;
  return load<u32>(chain, 20) == DONE && isComplete(chain);
}

/** Whether what a frame has written may be all of it. */
function isComplete(at: u32): bool {
  const kind = load<u32>(at);
  if (kind == IN_NUMBER) return isNumberWhole(load<u32>(at, 8));
  if (kind != CHOICE) return false;
  const literal = listAt(load<u32>(at, 4)) + load<u32>(at, 12) * LITERAL_BYTES;
  return load<u32>(literal, 4) == load<u32>(at, 8);
}

function isNumberWhole(where: u32): bool {
  return where == ZERO || where == WHOLE || where == PART || where == POWER_DIGITS || where == ONE;
}

function feed(at: u32, byte: u32, level: i32): void {
  if (level > MAX_LEVELS) return;
  const kind = load<u32>(at);
  const a = load<u32>(at, 4);
  const b = load<u32>(at, 8);
  const c = load<u32>(at, 12);
  const next = load<u32>(at, 20);
  if (kind == VALUE) {
    if (byte == 0x20 && b != 0) push(VALUE, a, 0, 0, 0, next);
    else feedValue(a, next, byte, level + 1);
  } else if (kind == LITERAL) feedLiteral(a, b, c, next, byte);
  else if (kind == CHOICE) feedChoice(a, b, c, load<u32>(at, 16), next, byte);
  else if (kind == IN_TEXT) feedText(a, b, c, next, byte);
  else if (kind == IN_NUMBER) feedNumber(a, b, c, next, byte);
  else if (kind == IN_OBJECT) feedObject(a, b, c, next, byte);
  else if (kind == IN_MAP) feedMap(a, b, next, byte);
  else feedList(a, b, c, next, byte, level);
  // What may be all of it may also end here, and the byte belongs to what follows.
  if (next != DONE && isComplete(at)) feed(next, byte, level + 1);
}

function feedValue(node: u32, next: u32, byte: u32, level: i32): void {
  if (level > MAX_LEVELS) return;
  const kind = nodeField(node, 0);
  const a = nodeField(node, 1);
  if (kind == TEXT) {
    if (byte == 0x22) push(IN_TEXT, node, PLAIN, 0, 0, next);
  } else if (kind == NUMBER) feedNumber(a, SIGNED, byte == 0x2d ? 1 : 0, next, byte);
  else if (kind == OBJECT) {
    if (byte == 0x7b) push(IN_OBJECT, node, FIRST, 0, 0, next);
  } else if (kind == MAP) {
    if (byte == 0x7b) push(IN_MAP, node, FIRST, 0, 0, next);
  } else if (kind == LIST) {
    if (byte == 0x5b) push(IN_LIST, node, FIRST, 0, 0, next);
  } else if (kind == LITERALS) feedChoice(a, 0, 0, nodeField(node, 2), next, byte);
  else if (kind == ANY_OF) {
    const end = a + (nodeField(node, 2) << 2);
    for (let place = a; place < end; place += 4) feedValue(load<u32>(listAt(place)), next, byte, level + 1);
  } else feedAny(next, byte, level);
}

function feedAny(next: u32, byte: u32, level: i32): void {
  feedValue(NODE_TEXT, next, byte, level + 1);
  feedValue(NODE_NUMBER, next, byte, level + 1);
  feedValue(NODE_MAP, next, byte, level + 1);
  feedValue(NODE_LIST, next, byte, level + 1);
  feedValue(NODE_WORDS, next, byte, level + 1);
}

function feedLiteral(place: u32, done: u32, length: u32, next: u32, byte: u32): void {
  if (load<u8>(literalAt(place) + done) != byte) return;
  if (done + 1 == length) open(next);
  else push(LITERAL, place, done + 1, length, 0, next);
}

function feedChoice(list: u32, done: u32, low: u32, high: u32, next: u32, byte: u32): void {
  while (low < high && byteOf(list, low, done) != byte) low++;
  let end = low;
  while (end < high && byteOf(list, end, done) == byte) end++;
  if (low == end) return;
  const isOnly = end == low + 1 && load<u32>(listAt(list) + low * LITERAL_BYTES, 4) == done + 1;
  if (isOnly) open(next);
  else push(CHOICE, list, done + 1, low, end, next);
}

/** 256 behind the end of the literal. */
function byteOf(list: u32, index: u32, place: u32): u32 {
  const literal = listAt(list) + index * LITERAL_BYTES;
  return place < load<u32>(literal, 4) ? <u32>load<u8>(literalAt(load<u32>(literal)) + place) : 256;
}

function feedText(node: u32, where: u32, written: u32, next: u32, byte: u32): void {
  if (where == PLAIN) feedPlain(node, written, next, byte);
  else if (where == ESCAPED) {
    if (byte == 0x75) push(IN_TEXT, node, HEX + 4, written, 0, next);
    else if (isEscape(byte)) push(IN_TEXT, node, PLAIN, written + 1, 0, next);
  } else if (where <= HEX_LOW) {
    if (!isHex(byte) || (where == HEX_LOW && byte > 0x37)) return;
    const left = where == HEX_LOW ? 2 : where - HEX - 1;
    if (where == HEX + 4 && (byte | 0x20) == 0x64) push(IN_TEXT, node, HEX_LOW, written, 0, next);
    else push(IN_TEXT, node, left == 0 ? PLAIN : HEX + left, left == 0 ? written + 1 : written, 0, next);
  } else {
    const low = (where >> LOW_SHIFT) & 0xff;
    const high = (where >> HIGH_SHIFT) & 0xff;
    if (byte < low || byte > high) return;
    const left = (where & 0xff) - MORE - 1;
    if (left == 0) push(IN_TEXT, node, PLAIN, written + 1, 0, next);
    else push(IN_TEXT, node, more(left, 0x80, 0xbf), written, 0, next);
  }
}

function more(left: u32, low: u32, high: u32): u32 {
  return (MORE + left) | (low << LOW_SHIFT) | (high << HIGH_SHIFT);
}

function feedPlain(node: u32, written: u32, next: u32, byte: u32): void {
  if (byte == 0x22) {
    if (written >= nodeField(node, 1)) open(next);
    return;
  }
  if (written >= nodeField(node, 2) || byte < 0x20) return;
  if (byte == 0x5c) push(IN_TEXT, node, ESCAPED, written, 0, next);
  else if (byte < 0x80) push(IN_TEXT, node, PLAIN, written + 1, 0, next);
  else if (byte >= 0xc2 && byte < 0xe0) push(IN_TEXT, node, more(1, 0x80, 0xbf), written, 0, next);
  else if (byte >= 0xe0 && byte < 0xf0)
    push(IN_TEXT, node, more(2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf), written, 0, next);
  else if (byte >= 0xf0 && byte < 0xf5)
    push(IN_TEXT, node, more(3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf), written, 0, next);
}

function isEscape(byte: u32): bool {
  return (
    byte == 0x22 || byte == 0x5c || byte == 0x2f || byte == 0x62 || byte == 0x66 || byte == 0x6e || byte == 0x72 || byte == 0x74
  );
}

function isHex(byte: u32): bool {
  const letter = byte | 0x20;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66);
}

function isDigit(byte: u32): bool {
  return byte >= 0x30 && byte <= 0x39;
}

function feedNumber(flags: u32, where: u32, digits: u32, next: u32, byte: u32): void {
  // `digits` is 1 behind nothing if the byte is the sign itself.
  if (where == SIGNED && byte == 0x2d) {
    if (digits == 1 && (flags & NOT_NEGATIVE) == 0) push(IN_NUMBER, flags, SIGNED, 0, 0, next);
    return;
  }
  if (where == SIGNED) {
    if (byte == 0x30) push(IN_NUMBER, flags, ZERO, 1, 0, next);
    else if ((flags & UP_TO_ONE) != 0) {
      if (byte == 0x31) push(IN_NUMBER, flags, ONE, 1, 0, next);
    }
    else if (isDigit(byte)) push(IN_NUMBER, flags, WHOLE, 1, 0, next);
    return;
  }
  if (isDigit(byte)) feedDigit(flags, where, digits, next);
  else if ((flags & INTEGER) != 0) return;
  else if (byte == 0x2e && (where == ZERO || where == WHOLE)) push(IN_NUMBER, flags, POINT, 0, 0, next);
  else if ((byte | 0x20) == 0x65 && (flags & UP_TO_ONE) == 0 && (where == ZERO || where == WHOLE || where == PART))
    push(IN_NUMBER, flags, POWER, 0, 0, next);
  else if ((byte == 0x2b || byte == 0x2d) && where == POWER) push(IN_NUMBER, flags, POWER_SIGNED, 0, 0, next);
}

function feedDigit(flags: u32, where: u32, digits: u32, next: u32): void {
  if (where == WHOLE && digits < MAX_DIGITS) push(IN_NUMBER, flags, WHOLE, digits + 1, 0, next);
  else if (where == POINT || (where == PART && digits < MAX_DIGITS))
    push(IN_NUMBER, flags, PART, digits + 1, 0, next);
  else if (where == POWER || where == POWER_SIGNED || (where == POWER_DIGITS && digits < MAX_POWER_DIGITS))
    push(IN_NUMBER, flags, POWER_DIGITS, digits + 1, 0, next);
}

function feedObject(node: u32, where: u32, index: u32, next: u32, byte: u32): void {
  const properties = nodeField(node, 1);
  const all = nodeField(node, 2);
  if (where == COMMA && byte == 0x20) push(IN_OBJECT, node, SPACED, index, 0, next);
  else if (where == AFTER && byte == 0x2c) {
    if (index < all) push(IN_OBJECT, node, COMMA, index, 0, next);
  } else if (byte == 0x7d && (where == FIRST || where == AFTER)) {
    for (let i = index; i < all; i++) if (load<u32>(listAt(properties) + i * PROPERTY_BYTES, 12) != 0) return;
    open(next);
  } else if (byte == 0x22 && where != AFTER) {
    for (let i = index; i < all; i++) {
      const property = listAt(properties) + i * PROPERTY_BYTES;
      const rest = frame(IN_OBJECT, node, AFTER, i + 1, 0, next);
      const value = frame(VALUE, load<u32>(property, 8), 1, 0, 0, rest);
      if (rest != DONE && value != DONE) feedLiteral(load<u32>(property), 0, load<u32>(property, 4), value, byte);
      if (load<u32>(property, 12) != 0) return;
    }
  }
}

function feedMap(node: u32, where: u32, next: u32, byte: u32): void {
  if (where == NAMED) {
    // Behind the name.
    if (byte != 0x3a) return;
    const rest = frame(IN_MAP, node, AFTER, 0, 0, next);
    if (rest != DONE) push(VALUE, nodeField(node, 1), 1, 0, 0, rest);
  } else if (where == COMMA && byte == 0x20) push(IN_MAP, node, SPACED, 0, 0, next);
  else if (byte == 0x2c && where == AFTER) push(IN_MAP, node, COMMA, 0, 0, next);
  else if (byte == 0x7d && (where == FIRST || where == AFTER)) open(next);
  else if (byte == 0x22 && where != AFTER) {
    const rest = frame(IN_MAP, node, NAMED, 0, 0, next);
    if (rest != DONE) push(IN_TEXT, NODE_TEXT, PLAIN, 0, 0, rest);
  }
}

function feedList(node: u32, where: u32, items: u32, next: u32, byte: u32, level: i32): void {
  if (byte == 0x5d && (where == FIRST || where == AFTER) && items >= nodeField(node, 2)) {
    open(next);
    // `]` begins no value.
    return;
  }
  if (where == AFTER) {
    if (byte == 0x2c && items < nodeField(node, 3)) push(IN_LIST, node, COMMA, items, 0, next);
    return;
  }
  if (where == COMMA && byte == 0x20) {
    push(IN_LIST, node, SPACED, items, 0, next);
    return;
  }
  if (items >= nodeField(node, 3)) return;
  const rest = frame(IN_LIST, node, AFTER, items + 1, 0, next);
  if (rest != DONE) feedValue(nodeField(node, 1), rest, byte, level + 1);
}
