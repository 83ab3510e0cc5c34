// docs/models.md#programs: reads JSON where it stands. A value is the address of its first byte; 0 is none. `checkJson` comes first: all else
// trusts what it has seen.
import { Buffer } from "./buffer";

const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const BACKSLASH: u32 = 0x5c;
const MAX_LEVELS: u32 = 136;

/** Whether `at` to `end` is one JSON value. */
export function checkJson(at: u32, end: u32): bool {
  return checkValue(at, end, 0) == end;
}

export function isObject(value: u32): bool {
  return value != 0 && load<u8>(value) == 0x7b;
}

export function isList(value: u32): bool {
  return value != 0 && load<u8>(value) == 0x5b;
}

export function isText(value: u32): bool {
  return value != 0 && load<u8>(value) == QUOTE;
}

/** The first item of a list. */
export function firstItem(list: u32): u32 {
  if (!isList(list)) return 0;
  const at = skipSpace(list + 1);
  return load<u8>(at) == 0x5d ? 0 : at;
}

/** The item behind this one of a list. */
export function nextItem(item: u32): u32 {
  const at = skipSpace(endOf(item));
  return load<u8>(at) == COMMA ? skipSpace(at + 1) : 0;
}

/** The name of an object's first field, quotes included. */
export function firstName(object: u32): u32 {
  if (!isObject(object)) return 0;
  const at = skipSpace(object + 1);
  return load<u8>(at) == 0x7d ? 0 : at;
}

/** The name of the field behind the one with this name. */
export function nextName(name: u32): u32 {
  return nextItem(valueOf(name));
}

export function valueOf(name: u32): u32 {
  return skipSpace(skipSpace(endOf(name)) + 1);
}

/** The value of the field of this name, which is ASCII; 0 if there is none. The last one counts, as in JavaScript. */
export function field(object: u32, name: string): u32 {
  let found: u32 = 0;
  for (let at = firstName(object); at != 0; at = nextName(at)) if (isWord(at, name)) found = valueOf(at);
  return found;
}

/** Whether a value is this text, without escapes. */
export function isWord(value: u32, word: string): bool {
  if (!isText(value)) return false;
  let at = value + 1;
  for (let i = 0; i < word.length; i++, at++) if (load<u8>(at) != word.charCodeAt(i)) return false;
  return load<u8>(at) == QUOTE;
}

/** Whether two values are the same bytes. */
export function isSame(a: u32, b: u32): bool {
  const length = endOf(a) - a;
  return endOf(b) - b == length && memory.compare(a, b, length) == 0;
}

/** A whole number of at most nine digits; `otherwise` for anything else. */
export function integerOf(value: u32, otherwise: i32): i32 {
  if (value == 0) return otherwise;
  const end = endOf(value);
  let number = 0;
  if (end - value > 9) return otherwise;
  for (let at = value; at < end; at++) {
    const digit = u32(load<u8>(at)) - 0x30;
    if (digit > 9) return otherwise;
    number = number * 10 + digit;
  }
  return number;
}

/** Appends what a text says. Half a surrogate pair, which has no UTF-8, becomes U+FFFD. */
export function readText(value: u32, to: Buffer): void {
  const end = endOf(value) - 1;
  let at = value + 1;
  while (at < end) {
    let stop = at;
    while (stop < end && load<u8>(stop) != BACKSLASH) stop++;
    to.bytes(at, stop - at);
    if (stop == end) return;
    at = readEscape(stop, end, to);
  }
}

/** Appends bytes of a JSON text within a text of JSON: quotes and what is not printable are escaped. */
export function quoteText(at: u32, end: u32, to: Buffer): void {
  for (; at < end; at++) {
    const byte = u32(load<u8>(at));
    if (byte == QUOTE || byte == BACKSLASH) to.byte(BACKSLASH);
    if (byte >= 0x20) to.byte(byte);
    else quoteControl(byte, to);
  }
}

// As JSON.stringify does.
function quoteControl(byte: u32, to: Buffer): void {
  to.byte(BACKSLASH);
  if (byte == 0x08) return to.byte(0x62);
  if (byte == 0x09) return to.byte(0x74);
  if (byte == 0x0a) return to.byte(0x6e);
  if (byte == 0x0c) return to.byte(0x66);
  if (byte == 0x0d) return to.byte(0x72);
  to.text("u00");
  to.byte(0x30 + (byte >> 4));
  to.byte((byte & 15) < 10 ? 0x30 + (byte & 15) : 0x57 + (byte & 15));
}

/** Behind a value. */
export function endOf(value: u32): u32 {
  const first = load<u8>(value);
  if (first == QUOTE) return endOfText(value);
  let at = value;
  if (first != 0x7b && first != 0x5b) {
    while (!isEndOfWord(load<u8>(at))) at++;
    return at;
  }
  let levels = 0;
  while (true) {
    const byte = u32(load<u8>(at));
    if (byte == QUOTE) {
      at = endOfText(at);
      continue;
    }
    at++;
    // `[` and `{` differ by one bit, and so do `]` and `}`.
    if ((byte | 0x20) == 0x7b) levels++;
    else if ((byte | 0x20) == 0x7d && --levels == 0) return at;
  }
}

function endOfText(at: u32): u32 {
  at++;
  while (true) {
    const byte = load<u8>(at);
    if (byte == QUOTE) return at + 1;
    at += byte == BACKSLASH ? 2 : 1;
  }
}

@inline
function isEndOfWord(byte: u32): bool {
  return byte <= 0x20 || byte == COMMA || (byte | 0x20) == 0x7d;
}

/** Within a value, or before it. */
export function skipSpace(at: u32): u32 {
  while (isSpace(load<u8>(at))) at++;
  return at;
}

@inline
function isSpace(byte: u32): bool {
  return byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09;
}

function readEscape(at: u32, end: u32, to: Buffer): u32 {
  const letter = load<u8>(at + 1);
  if (letter == 0x75) {
    let unit = hexAt(at + 2);
    at += 6;
    if ((unit & 0xfc00) == 0xd800 && at + 6 <= end && load<u16>(at) == 0x755c && (hexAt(at + 2) & 0xfc00) == 0xdc00) {
      unit = 0x10000 + ((unit & 0x3ff) << 10) + (hexAt(at + 2) & 0x3ff);
      at += 6;
    }
    writePoint((unit & 0xfffff800) == 0xd800 ? 0xfffd : unit, to);
    return at;
  }
  to.byte(letter == 0x62 ? 8 : letter == 0x66 ? 12 : letter == 0x6e ? 10 : letter == 0x72 ? 13 : letter == 0x74 ? 9 : letter);
  return at + 2;
}

function writePoint(point: u32, to: Buffer): void {
  if (point < 0x80) return to.byte(point);
  if (point < 0x800) to.byte(0xc0 | (point >> 6));
  else {
    if (point < 0x10000) to.byte(0xe0 | (point >> 12));
    else {
      to.byte(0xf0 | (point >> 18));
      to.byte(0x80 | ((point >> 12) & 0x3f));
    }
    to.byte(0x80 | ((point >> 6) & 0x3f));
  }
  to.byte(0x80 | (point & 0x3f));
}

function hexAt(at: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) value = (value << 4) | hexDigit(load<u8>(at + i));
  return value;
}

function hexDigit(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 16;
}

function checkSpace(at: u32, end: u32): u32 {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

/** Behind the value, and the white space behind it; 0 if it is none. */
function checkValue(at: u32, end: u32, level: u32): u32 {
  at = checkSpace(at, end);
  if (at >= end || level > MAX_LEVELS) return 0;
  const first = load<u8>(at);
  if (first == 0x7b || first == 0x5b) at = checkInside(at, end, level, first == 0x7b);
  else if (first == QUOTE) at = checkText(at, end);
  else at = checkWord(at, end);
  return at == 0 ? 0 : checkSpace(at, end);
}

function checkInside(at: u32, end: u32, level: u32, named: bool): u32 {
  const close: u32 = named ? 0x7d : 0x5d;
  at = checkSpace(at + 1, end);
  if (at < end && load<u8>(at) == close) return at + 1;
  while (true) {
    if (named) {
      at = checkSpace(at, end);
      if (at >= end || load<u8>(at) != QUOTE) return 0;
      at = checkText(at, end);
      if (at == 0) return 0;
      at = checkSpace(at, end);
      if (at >= end || load<u8>(at++) != 0x3a) return 0;
    }
    at = checkValue(at, end, level + 1);
    if (at == 0 || at >= end) return 0;
    const next = u32(load<u8>(at++));
    if (next == close) return at;
    if (next != COMMA) return 0;
  }
}

function checkText(at: u32, end: u32): u32 {
  for (at++; at < end; at++) {
    const byte = load<u8>(at);
    if (byte < 0x20) return 0;
    if (byte == QUOTE) return at + 1;
    if (byte != BACKSLASH) continue;
    if (++at >= end) return 0;
    const letter = load<u8>(at);
    if (letter == 0x75) {
      if (at + 4 >= end) return 0;
      for (let i: u32 = 1; i <= 4; i++) if (hexDigit(load<u8>(at + i)) > 15) return 0;
      at += 4;
    } else if (!isEscape(letter)) return 0;
  }
  return 0;
}

function isEscape(letter: u32): bool {
  return (
    letter == QUOTE || letter == BACKSLASH || letter == 0x2f || letter == 0x62 || letter == 0x66 ||
    letter == 0x6e || letter == 0x72 || letter == 0x74
  );
}

/** A number, `true`, `false` or `null`. */
function checkWord(at: u32, end: u32): u32 {
  const from = at;
  while (at < end && !isEndOfWord(load<u8>(at))) at++;
  const length = at - from;
  if (length == 4 && (load<u32>(from) == 0x65757274 || load<u32>(from) == 0x6c6c756e)) return at;
  if (length == 5 && load<u32>(from + 1) == 0x65736c61 && load<u8>(from) == 0x66) return at;
  return checkNumber(from, at) ? at : 0;
}

function checkNumber(at: u32, end: u32): bool {
  if (at < end && load<u8>(at) == 0x2d) at++;
  const whole = at;
  at = checkDigits(at, end);
  if (at == whole || (at - whole > 1 && load<u8>(whole) == 0x30)) return false;
  if (at < end && load<u8>(at) == 0x2e) {
    const begin = ++at;
    at = checkDigits(at, end);
    if (at == begin) return false;
  }
  if (at < end && (load<u8>(at) | 0x20) == 0x65) {
    at++;
    if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) at++;
    const begin = at;
    at = checkDigits(at, end);
    if (at == begin) return false;
  }
  return at == end;
}

function checkDigits(at: u32, end: u32): u32 {
  while (at < end && u32(load<u8>(at)) - 0x30 < 10) at++;
  return at;
}
