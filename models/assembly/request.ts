// docs/rows.md#messages: what a request says, and where the text stands that it is about.
import { Buffer } from "./buffer";
import { field, firstItem, isList, isObject, isText, isWord, nextItem, readText } from "./json";

const MAX_MESSAGES: u32 = 256;
const MAX_PARTS: u32 = 64;

/** What is wrong with the messages of a request; an empty text if nothing is. */
export function messageProblem(messages: u32): string {
  if (!isList(messages)) return "no list of messages";
  let count: u32 = 0;
  for (let message = firstItem(messages); message != 0; message = nextItem(message)) {
    if (++count > MAX_MESSAGES) break;
    if (!isObject(message) || !isText(field(message, "role"))) return "a message has no role";
    if (!isContent(field(message, "content"))) return "content is a text or a list of 1 to 64 parts of type text";
  }
  return count == 0 || count > MAX_MESSAGES ? "a request has 1 to 256 messages" : "";
}

/** Whether a message shows an image. */
export function hasImages(messages: u32): bool {
  for (let message = firstItem(messages); message != 0; message = nextItem(message)) {
    for (let part = firstItem(field(message, "content")); part != 0; part = nextItem(part))
      if (isWord(field(part, "type"), "image_url")) return true;
  }
  return false;
}

function isContent(content: u32): bool {
  if (isText(content)) return true;
  let count: u32 = 0;
  for (let part = firstItem(content); part != 0; part = nextItem(part)) {
    const isPart = isObject(part) && isWord(field(part, "type"), "text") && isText(field(part, "text"));
    if (!isPart || ++count > MAX_PARTS) return false;
  }
  return count > 0;
}

export function lastMessage(messages: u32): u32 {
  let last: u32 = 0;
  for (let message = firstItem(messages); message != 0; message = nextItem(message)) last = message;
  return last;
}

/** The last message of a user; the last message if there is none. */
export function lastQuestion(messages: u32): u32 {
  let last: u32 = 0;
  for (let message = firstItem(messages); message != 0; message = nextItem(message))
    if (isWord(field(message, "role"), "user")) last = message;
  return last == 0 ? lastMessage(messages) : last;
}

/** The texts of a message, joined by line ends. */
export function readContent(message: u32, to: Buffer): void {
  const content = field(message, "content");
  if (isText(content)) return readText(content, to);
  for (let part = firstItem(content); part != 0; part = nextItem(part)) {
    if (part != firstItem(content)) to.byte(0x0a);
    readText(field(part, "text"), to);
  }
}

let from: u32 = 0;
let to: u32 = 0;

/** Begin and end of what `findText` has found. */
export function foundFrom(): u32 {
  return from;
}

export function foundTo(): u32 {
  return to;
}

/** What stands in `<text>…</text>`; else what follows the first blank line; else all of it; without white space around it. */
export function findText(content: Buffer): void {
  const end = content.at + content.length;
  const open = indexOf(content.at, end, "<text>");
  const close = lastIndexOf(content.at, end, "</text>");
  if (open != 0 && close > open) return trim(open + 6, close);
  const rest = behindBlank(content.at, end);
  if (rest != 0) trim(rest, end);
  if (rest == 0 || from == to) trim(content.at, end);
}

function isAt(at: u32, end: u32, word: string): bool {
  if (at + word.length > end) return false;
  for (let i = 0; i < word.length; i++) if (load<u8>(at + i) != word.charCodeAt(i)) return false;
  return true;
}

function indexOf(at: u32, end: u32, word: string): u32 {
  for (; at < end; at++) if (load<u8>(at) == word.charCodeAt(0) && isAt(at, end, word)) return at;
  return 0;
}

function lastIndexOf(begin: u32, end: u32, word: string): u32 {
  for (let at = end; at > begin; at--) if (load<u8>(at - 1) == word.charCodeAt(0) && isAt(at - 1, end, word)) return at - 1;
  return 0;
}

// The first of: line end, spaces and tabs, line end, where a line end may have a return before it.
function behindBlank(at: u32, end: u32): u32 {
  for (; at < end; at++) {
    if (load<u8>(at) != 0x0a) continue;
    let stop = at + 1;
    while (stop < end && (load<u8>(stop) == 0x20 || load<u8>(stop) == 0x09)) stop++;
    if (stop < end && load<u8>(stop) == 0x0d) stop++;
    if (stop < end && load<u8>(stop) == 0x0a) return stop + 1;
  }
  return 0;
}

function trim(begin: u32, end: u32): void {
  while (begin < end) {
    const bytes = spaceAt(begin, end);
    if (bytes == 0) break;
    begin += bytes;
  }
  while (end > begin) {
    let last = end - 1;
    while (last > begin && (load<u8>(last) & 0xc0) == 0x80) last--;
    if (spaceAt(last, end) != end - last) break;
    end = last;
  }
  from = begin;
  to = end;
}

/** Bytes of the white space at `at`, as `trim` of JavaScript sees it; 0 if there is none. */
function spaceAt(at: u32, end: u32): u32 {
  const first = u32(load<u8>(at));
  if (first == 0x20 || first - 0x09 < 5) return 1;
  if (first < 0xc2) return 0;
  if (first == 0xc2) return at + 1 < end && load<u8>(at + 1) == 0xa0 ? 2 : 0;
  if (at + 2 >= end) return 0;
  const point = (first << 16) | (u32(load<u8>(at + 1)) << 8) | load<u8>(at + 2);
  const isSpace =
    point == 0xe19a80 || (point >= 0xe28080 && point <= 0xe2808a) || point == 0xe280a8 || point == 0xe280a9 ||
    point == 0xe280af || point == 0xe2819f || point == 0xe38080 || point == 0xefbbbf;
  return isSpace ? 3 : 0;
}
