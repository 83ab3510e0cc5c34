// docs/models.md#llama-tokenizer: the tokens of a text, and the bytes of a token.
import {
  BYTE_TOKENS,
  CONTEXT,
  NO_TOKEN,
  PIECE_BYTES,
  PIECE_OFFSETS,
  SPACE_PREFIX,
  SYMBOLS,
  SYMBOLS_MASK,
  TEXT_BYTES,
  TOKENIZER,
  TOKENIZER_BYTES,
  TOKENS,
  UNKNOWN,
  WORDS,
  WORDS_MASK,
} from "./layout";
import { codePointAt, widthOf } from "../../assembly/utf8";
import { header } from "./header";
import { addSymbol, beginMerge, firstSymbol, mergeAll, nextSymbol, startOf, tokenOf } from "./merge";
import { wordEnd } from "./words";

const SPACE: u32 = 0x20;
/** U+2581 stands for a space. */
const SEPARATOR: u32 = 0x2581;
/** A character that no piece has. */
const FOREIGN: i32 = -2;

let count: u32 = 0;
let isFull: bool = false;

/** Forgets the tokens of the last prompt. */
export function beginTokens(): void {
  count = 0;
  isFull = false;
}

export function tokenCount(): u32 {
  return count;
}

/** Whether the prompt has more tokens, or a longer text, than the context has room for. */
export function isTooLong(): bool {
  return isFull;
}

export function addToken(token: i32): void {
  if (count >= header(CONTEXT)) {
    isFull = true;
    return;
  }
  store<i32>(header(TOKENS) + (count++ << 2), token);
}

/** Adds the tokens of a text in UTF-8. */
export function tokenize(at: u32, end: u32): void {
  if (at == end) return;
  // A separator may be added before it.
  if (end - at >= header(TEXT_BYTES)) {
    isFull = true;
    return;
  }
  if (header(TOKENIZER) == TOKENIZER_BYTES) tokenizeWords(at, end);
  else tokenizePieces(at, end);
}

function tokenizeWords(at: u32, end: u32): void {
  const bytes = header(SYMBOLS);
  while (at < end && !isFull) {
    const stop = wordEnd(at, end);
    const word = findWord(at, stop);
    if (word != NO_TOKEN) addToken(word);
    else {
      beginMerge();
      for (let i = at; i < stop; i++) addSymbol(load<i32>(bytes + (<u32>load<u8>(i) << 2)), i);
      mergeAll();
      for (let symbol = firstSymbol(); symbol >= 0; symbol = nextSymbol(symbol)) addToken(tokenOf(symbol));
    }
    at = stop;
  }
}

function tokenizePieces(at: u32, end: u32): void {
  beginMerge();
  if (header(SPACE_PREFIX) != 0) addSymbol(tokenOfPoint(SEPARATOR), at);
  for (let i = at; i < end; i += widthOf(load<u8>(i))) {
    const point = codePointAt(i);
    addSymbol(tokenOfPoint(point == SPACE ? SEPARATOR : point), i);
  }
  mergeAll();
  for (let symbol = firstSymbol(); symbol >= 0 && !isFull; ) {
    const token = tokenOf(symbol);
    const next = nextSymbol(symbol);
    if (token == FOREIGN) addBytes(startOf(symbol), next < 0 ? end : startOf(next));
    else addToken(token);
    symbol = next;
  }
}

function addBytes(at: u32, end: u32): void {
  for (; at < end; at++) {
    const token = load<i32>(header(BYTE_TOKENS) + (<u32>load<u8>(at) << 2));
    addToken(token == NO_TOKEN ? header(UNKNOWN) : token);
  }
}

/** The token of a single character. */
function tokenOfPoint(point: u32): i32 {
  const table = header(SYMBOLS);
  const mask = header(SYMBOLS_MASK);
  let place = (point * 0x9e3779b1) & mask;
  while (true) {
    const at = table + (place << 3);
    const found = load<u32>(at);
    if (found == point) return load<i32>(at, 4);
    if (found == u32.MAX_VALUE) return FOREIGN;
    place = (place + 1) & mask;
  }
}

/** The token that is a whole word, where the tokenizer takes words whole. */
function findWord(at: u32, end: u32): i32 {
  const words = header(WORDS);
  if (words == 0) return NO_TOKEN;
  const mask = header(WORDS_MASK);
  let place = hashBytes(at, end) & mask;
  while (true) {
    const token = load<i32>(words + (place << 2));
    if (token == NO_TOKEN || isPiece(token, at, end)) return token;
    place = (place + 1) & mask;
  }
}

/** FNV-1a. */
function hashBytes(at: u32, end: u32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (; at < end; at++) hash = (hash ^ load<u8>(at)) * 0x01000193;
  return hash;
}

function isPiece(token: u32, at: u32, end: u32): bool {
  const piece = pieceStart(token);
  if (pieceEnd(token) - piece != end - at) return false;
  for (let i: u32 = 0; at + i < end; i++) if (load<u8>(piece + i) != load<u8>(at + i)) return false;
  return true;
}

/** Where the bytes lie that a token adds to an answer. */
export function pieceStart(token: u32): u32 {
  return header(PIECE_BYTES) + load<u32>(header(PIECE_OFFSETS) + (token << 2));
}

export function pieceEnd(token: u32): u32 {
  return pieceStart(token + 1);
}
