// docs/models.md#tokenizer: SentencePiece's unigram model: of all ways to cut a text into pieces the one with the best sum of scores.
import { Buffer } from "./buffer";
import { Table } from "./table";
import { codePointAt, widthOf } from "./utf8";

const SPACE: u32 = 0x20;
/** U+2581, which stands for a space, and before the first word. */
const SEPARATOR: u32 = 0x2581;
/** Below it no code point is changed by NFKC. */
const FIRST_CHANGED: u32 = 0xa0;
/** No code point below it is taken together with the one before it. */
const FIRST_MARK: u32 = 0x300;
const UNKNOWN: i32 = 0;
const POINT_BITS: u64 = 21;

/** The trie of pieces: from node and code point to node. Node 1 is the root. */
let children = new Table(16);
let nodes: u32 = 1;
/** Of each node the piece that ends there, or 0. */
let pieceOf = new Buffer();
/** Of each piece its score as f64, and its length in code points. */
let scores = new Buffer();
let lengths = new Buffer();
/** From a code point, or two, to the place of what NFKC makes of it in `forms`: a count and code points. */
let changes = new Table(14);
let forms = new Buffer();

let points = new Buffer();
let best = new Buffer();
let words = new Buffer();
let backward = new Buffer();

/** Before the first piece. */
export function beginPieces(): void {
  setWord(pieceOf, 1, 0);
  setWord(forms, 0, 0);
}

/** Of a piece that two numbers have, the later one counts. */
export function addPiece(id: i32, score: f64, at: u32, bytes: u32): void {
  let node: u32 = 1;
  let count = 0;
  for (const end = at + bytes; at < end; at += widthOf(load<u8>(at)), count++) {
    const key = pairOf(node, codePointAt(at));
    let next = children.find(key);
    if (next == 0) {
      next = ++nodes;
      children.set(key, next);
      setWord(pieceOf, next, 0);
    }
    node = next;
  }
  setWord(pieceOf, node, id);
  setWord(lengths, id, count);
  scores.length = max(scores.length, 8 * id);
  const end = scores.reserve(8) - scores.length + 8 * id;
  store<f64>(end, score);
  scores.length = max(scores.length, 8 * id + 8);
}

/** NFKC makes of `first`, and `second` behind it if that is not 0, the code points at `at`. */
export function addForm(first: u32, second: u32, at: u32, count: u32): void {
  const place = forms.length;
  setWord(forms, place / 4, count);
  forms.bytes(at, 4 * count);
  changes.set(pairOf(second, first), place);
}

/** The first `most` tokens of a text go to `to`, 4 bytes each. @returns how many there are */
export function tokenize(at: u32, end: u32, to: u32, most: u32): u32 {
  points.clear();
  if (at < end) addPoint(SEPARATOR);
  for (; at < end; at += widthOf(load<u8>(at))) normalise(codePointAt(at));
  const count = points.length / 4;
  search(count);
  backward.clear();
  let isUnknown = false;
  for (let at: i32 = count; at > 0; ) {
    const id = i32(wordAt(words, at));
    if (!(isUnknown && id == UNKNOWN)) addWord(backward, id);
    isUnknown = id == UNKNOWN;
    at -= isUnknown ? 1 : i32(wordAt(lengths, id));
  }
  const tokens = backward.length / 4;
  const used = min(tokens, most);
  for (let i: u32 = 0; i < used; i++) store<u32>(to + 4 * i, wordAt(backward, tokens - 1 - i));
  return used;
}

// As in the reference, a place to which no pieces lead has the score 0.
function search(count: u32): void {
  best.clear();
  words.clear();
  memory.fill(best.reserve(8 * count + 8), 0, 8 * count + 8);
  memory.fill(words.reserve(4 * count + 4), 0, 4 * count + 4);
  for (let from: u32 = 0; from < count; from++) {
    const before = load<f64>(best.at + 8 * from);
    let found = false;
    let node: u32 = 1;
    for (let at = from; at < count; ) {
      node = children.find(pairOf(node, wordAt(points, at++)));
      if (node == 0) break;
      const id = wordAt(pieceOf, node);
      if (id == 0) continue;
      found = true;
      reach(at, before + load<f64>(scores.at + 8 * id), id);
    }
    if (!found) reach(from + 1, before, UNKNOWN);
  }
}

@inline
function reach(at: u32, score: f64, id: u32): void {
  const known = load<f64>(best.at + 8 * at);
  if (known != 0 && score < known) return;
  store<f64>(best.at + 8 * at, score);
  store<u32>(words.at + 4 * at, id);
}

function normalise(point: u32): void {
  if (point < FIRST_CHANGED) return addPoint(point);
  const form = changes.find(u64(point));
  if (form == 0) return addPoint(point);
  const count = wordAt(forms, form / 4);
  for (let i: u32 = 1; i <= count; i++) addPoint(wordAt(forms, form / 4 + i));
}

/** A mark is taken together with the letter before it, if NFKC has a code point for both. */
function addPoint(point: u32): void {
  if (point >= FIRST_MARK && points.length > 0) {
    const form = changes.find(pairOf(point, wordAt(points, points.length / 4 - 1)));
    if (form != 0) {
      setWord(points, points.length / 4 - 1, wordAt(forms, form / 4 + 1));
      return;
    }
  }
  addWord(points, point == SPACE ? SEPARATOR : point);
}

@inline
function pairOf(high: u32, low: u32): u64 {
  return (u64(high) << POINT_BITS) | low;
}

@inline
function wordAt(list: Buffer, i: u32): u32 {
  return load<u32>(list.at + 4 * i);
}

function addWord(list: Buffer, value: u32): void {
  store<u32>(list.reserve(4), value);
  list.length += 4;
}

function setWord(list: Buffer, i: u32, value: u32): void {
  while (list.length <= 4 * i) addWord(list, 0);
  store<u32>(list.at + 4 * i, value);
}
