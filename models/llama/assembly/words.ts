// docs/models.md#llama-tokenizer: how a byte-level tokenizer cuts a text into words before it joins their bytes. Each
// rule is the regular expression of that name in llama.cpp (src/llama-vocab.cpp).
import {
  LETTERS,
  LETTER_RANGES,
  NUMBERS,
  NUMBER_RANGES,
  SPLIT,
  SPLIT_GPT2,
  SPLIT_LLAMA3,
  SPLIT_SMOLLM,
} from "./layout";
import { codePointAt, widthOf } from "../../assembly/utf8";
import { header } from "./header";

const LETTER: i32 = 1;
const NUMBER: i32 = 2;
const SPACE: i32 = 3;
const OTHER: i32 = 4;
/** The end of the text is of no kind. */
const NOTHING: i32 = 0;
const BLANK: u32 = 0x20;
const APOSTROPHE: u32 = 0x27;
const LINE_FEED: u32 = 10;
const RETURN: u32 = 13;
/** The most digits of a word by llama 3's rule. */
const MOST_DIGITS: u32 = 3;

/** Where the word that begins at `at` ends. The text is not empty. */
export function wordEnd(at: u32, end: u32): u32 {
  const split = header(SPLIT);
  if (split == SPLIT_GPT2) return endOfGpt2(at, end);
  if (split != SPLIT_SMOLLM) return endOfLlama3(at, end, split == SPLIT_LLAMA3 ? MOST_DIGITS : 1);
  // Digits stand alone, and the words between them are cut as if each stretch were a text.
  if (kindAt(at, end) == NUMBER) return at + widthAt(at);
  let stop = at;
  while (stop < end && kindAt(stop, end) != NUMBER) stop += widthAt(stop);
  return endOfGpt2(at, stop);
}

function endOfGpt2(at: u32, end: u32): u32 {
  const contraction = endOfContraction(at, end, false);
  if (contraction != 0) return contraction;
  const first = load<u8>(at) == BLANK ? at + 1 : at;
  const kind = kindAt(first, end);
  if (kind != SPACE && kind != NOTHING) return endOfRun(first, end, kind, u32.MAX_VALUE);
  return endOfSpaces(at, end);
}

function endOfLlama3(at: u32, end: u32, mostDigits: u32): u32 {
  const contraction = endOfContraction(at, end, true);
  if (contraction != 0) return contraction;
  const kind = kindAt(at, end);
  if (kind == LETTER) return endOfRun(at, end, LETTER, u32.MAX_VALUE);
  const second = at + widthAt(at);
  if (kind != NUMBER && !isLineEnd(at) && kindAt(second, end) == LETTER)
    return endOfRun(second, end, LETTER, u32.MAX_VALUE);
  if (kind == NUMBER) return endOfRun(at, end, NUMBER, mostDigits);
  const first = load<u8>(at) == BLANK ? second : at;
  if (kindAt(first, end) == OTHER) {
    let stop = endOfRun(first, end, OTHER, u32.MAX_VALUE);
    while (stop < end && isLineEnd(stop)) stop++;
    return stop;
  }
  const lines = endOfLines(at, end);
  return lines != 0 ? lines : endOfSpaces(at, end);
}

/** White space up to the last end of a line in it; 0 if it has none. */
function endOfLines(at: u32, end: u32): u32 {
  let stop: u32 = 0;
  for (; at < end && kindAt(at, end) == SPACE; at += widthAt(at)) if (isLineEnd(at)) stop = at + 1;
  return stop;
}

/** White space, of which the last is left to the word behind it, unless it is all. */
function endOfSpaces(at: u32, end: u32): u32 {
  let last = at;
  let stop = at;
  while (stop < end && kindAt(stop, end) == SPACE) {
    last = stop;
    stop += widthAt(stop);
  }
  return stop < end && last > at ? last : stop;
}

function endOfRun(at: u32, end: u32, kind: i32, most: u32): u32 {
  for (let count: u32 = 0; count < most && kindAt(at, end) == kind; count++) at += widthAt(at);
  return at;
}

/** 's 't 'm 'd 're 've 'll; 0 if there is none. */
function endOfContraction(at: u32, end: u32, capitals: bool): u32 {
  if (load<u8>(at) != APOSTROPHE || at + 1 >= end) return 0;
  const first = letterAt(at + 1, capitals);
  if (first == 0x73 || first == 0x74 || first == 0x6d || first == 0x64) return at + 2;
  if (at + 2 >= end) return 0;
  const second = letterAt(at + 2, capitals);
  const isTwo = (second == 0x65 && (first == 0x72 || first == 0x76)) || (first == 0x6c && second == 0x6c);
  return isTwo ? at + 3 : 0;
}

function letterAt(at: u32, capitals: bool): u32 {
  const byte = <u32>load<u8>(at);
  return capitals && byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function isLineEnd(at: u32): bool {
  const byte = <u32>load<u8>(at);
  return byte == LINE_FEED || byte == RETURN;
}

function widthAt(at: u32): u32 {
  return widthOf(load<u8>(at));
}

function kindAt(at: u32, end: u32): i32 {
  if (at >= end) return NOTHING;
  const point = codePointAt(at);
  if (point < 0x80) {
    const small = point | 0x20;
    if (small >= 0x61 && small <= 0x7a) return LETTER;
    if (point >= 0x30 && point <= 0x39) return NUMBER;
    return point == BLANK || (point >= 9 && point <= 13) ? SPACE : OTHER;
  }
  if (isSpace(point)) return SPACE;
  if (isIn(point, header(LETTERS), header(LETTER_RANGES))) return LETTER;
  return isIn(point, header(NUMBERS), header(NUMBER_RANGES)) ? NUMBER : OTHER;
}

function isSpace(point: u32): bool {
  if (point < 0x2000) return point == 0x85 || point == 0xa0 || point == 0x1680;
  return (
    point <= 0x200a ||
    point == 0x2028 ||
    point == 0x2029 ||
    point == 0x202f ||
    point == 0x205f ||
    point == 0x3000
  );
}

function isIn(point: u32, ranges: u32, count: u32): bool {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>(ranges + (middle << 3), 4) < point) low = middle + 1;
    else high = middle;
  }
  return low < count && load<u32>(ranges + (low << 3)) <= point;
}
