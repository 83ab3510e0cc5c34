// docs/vm.md#quickjs: the entry of a JavaScript program and the functions that its prelude calls. QuickJS calls them
// through one import, `host_call`, which is answered here, inside the machine: no call leaves the program in the middle
// of its work.
import { exit, inputCount, inputRead, inputSize, log, outputWrite } from "../../wasi/assembly/mizu";
import {
  Value,
  allocate,
  bytesOf,
  callFunction,
  contextPointer,
  isException,
  isJobPending,
  isString,
  newBytes,
  newFalse,
  newNumber,
  newString,
  newTrue,
  newUndefined,
  parseJson,
  release,
  releaseText,
  releaseValue,
  runJob,
  takeException,
  textOf,
  throwOutOfMemory,
  toNumber,
  toText,
} from "./engine";
import { joinPairs, listRepeats, resultLength } from "./components";
import { groupRecords, groupedLength } from "./group";
import { freezeRow } from "./freeze";
import { hash128 } from "./hash";
import { readJson } from "./json-read";
import { jsonLength, jsonPointer, writeJson } from "./json-write";
import { NEXT_LINE, NEXT_NO_MEMORY, isFlat, lineIndex, lineLength, linePointer, nextLine, openLines } from "./lines";
import { OPTIONS_BYTES, isAscii, keyLength, keyOfText, keyOfTokens, keyPointer } from "./near-key";
import { BUCKET_BYTES, findPairs, pairsLength } from "./near-pairs";
import { NOTHING, hasSurrogate } from "./raw";
import { seal, sealWith } from "./seal";
import { OPTIONS_BYTES as VECTOR_OPTIONS_BYTES, findRepeats, repeatsLength } from "./similar-vectors";

@external("wasi_snapshot_preview1", "random_get")
declare function randomGet(buffer: u32, length: u32): u32;

/** What `host_call` returns instead of a value if an exception is pending. */
const THROWN: Value = 0;

/**
 * 16 bytes of QuickJS's heap for results that come through memory. They are there from the first call on: a bundle's
 * top level runs before `install`.
 */
let scratch: u32 = 0;
/** 32 bytes for `hash`. */
let digest: u32 = 0;
let startFunction: Value = 0;
let finishFunction: Value = 0;
let failFunction: Value = 0;
let unhandled: u32 = 0;
let firstReason: Value = 0;

/**
 * Two u32 of the prelude: the number of polls at which QuickJS is interrupted (0: never), and the polls so far. QuickJS
 * polls after each 10,000 jumps and calls, and in a regular expression each 10,000 times that it backtracks.
 */
let cells: u32 = 0;
let guarding: bool = false;
let interrupted: bool = false;

/**
 * Called once when the program is built, with functions of the prelude. Returns the reason of a rejection that is not
 * handled so far, or 0.
 */
export function install(start: Value, finish: Value, fail: Value): Value {
  if (scratch == 0) scratch = allocate(16);
  startFunction = start;
  finishFunction = finish;
  failFunction = fail;
  return unhandled > 0 ? firstReason : 0;
}

export function _start(): void {
  call(startFunction, 0, 0);
  while (isJobPending() != 0) if (runJob() < 0) fail(takeException());
  if (unhandled > 0) fail(firstReason);
  call(finishFunction, 0, 0);
}

function call(callee: Value, count: i32, values: u32): void {
  const result = callFunction(callee, newUndefined(), count, values);
  if (isException(result) != 0) fail(takeException());
  releaseValue(result);
}

/** Lets the prelude report the error and exit. If the prelude throws as well, the bare text is logged. */
function fail(reason: Value): void {
  store<u32>(scratch, reason);
  const result = callFunction(failFunction, newUndefined(), 1, scratch);
  if (isException(result) != 0) {
    const text = toText(takeException(), scratch);
    if (text != 0) log(text, load<u32>(scratch));
  }
  exit(1);
}

/** `name` is one letter: see prelude.ts. */
export function host_call(name: u32, nameLength: u32, receiver: Value, count: i32, values: u32): Value {
  if (scratch == 0) scratch = allocate(16);
  const first = load<u32>(values);
  switch (load<u8>(name)) {
    case 0x6e: /* n: next line */ {
      const state = nextLine();
      if (state == NEXT_NO_MEMORY) return outOfMemory();
      return state == NEXT_LINE ? newTrue() : newFalse();
    }
    case 0x6a: /* j: line as JSON */
      return lineAsJson();
    case 0x74: /* t: line as text */
      return newString(linePointer, lineLength);
    case 0x77: /* w: write */
      return write(first);
    case 0x6f: /* o: open lines */
      openLines(u32(toNumber(first)));
      return newUndefined();
    case 0x63: /* c: count of inputs */
      return newNumber(inputCount());
    case 0x73: /* s: size of an input */
      return newNumber(f64(inputSize(u32(toNumber(first)))));
    case 0x72: /* r: read as bytes */
      return read(values, false);
    case 0x78: /* x: read as text */
      return read(values, true);
    case 0x6c: /* l: log */
      return writeLog(first);
    case 0x61: /* a: random */
      randomGet(scratch, 8);
      return newNumber(f64(load<u64>(scratch) >> 11) * 1.1102230246251565e-16);
    case 0x65: /* e: encode text as UTF-8 */
      return encode(first);
    case 0x64: /* d: decode UTF-8 */
      return decode(first);
    case 0x68: /* h: hash text */
      return hash(first, u32(toNumber(load<u32>(values, 4))), false);
    case 0x75: /* u: first word of a text's hash */
      return hash(first, u32(toNumber(load<u32>(values, 4))), true);
    case 0x6b: /* k: key of a near dedupe */
      return nearKey(first, load<u32>(values, 4), u32(toNumber(load<u32>(values, 8))));
    case 0x70: /* p: records by group */
      return group(first, u32(toNumber(load<u32>(values, 4))), u32(toNumber(load<u32>(values, 8))));
    case 0x62: /* b: rows of a bucket that are alike */
      return nearPairs(first);
    case 0x6d: /* m: rows that belong together */
      return unite(first, u32(toNumber(load<u32>(values, 4))));
    case 0x79: /* y: those that repeat an earlier one */
      return repeats(values);
    case 0x56: /* V: rows whose vectors are like those of earlier ones */
      return similarVectors(first);
    case 0x66: /* f: line as JSON, its row frozen */
      return lineAsRow();
    case 0x7a: /* z: seal */
      return boxOrAsk(seal(load<u64>(first)));
    case 0x76: /* v: seal with one field more */
      return boxOrAsk(sealWith(load<u64>(first), load<u64>(load<u32>(values, 4)), load<u64>(load<u32>(values, 8))));
    case 0x4a: /* J: canonical JSON */
      if (!writeJson(load<u64>(first))) return newUndefined();
      return box(textOf(contextPointer(), jsonPointer(), jsonLength()));
    case 0x69: /* i: index of the line */
      return newNumber(lineIndex());
    case 0x67: /* g: call under guard */
      return callGuarded(first, load<u32>(values, 4));
    case 0x71: /* q: quit */
      exit(u32(toNumber(first)));
  }
  return newUndefined();
}

/** True if the function has returned, false if it was interrupted. What the function throws is thrown. */
function callGuarded(callee: Value, polls: Value): Value {
  cells = bytesOf(contextPointer(), scratch, load<u64>(polls));
  if (cells == 0) return THROWN;
  interrupted = false;
  guarding = true;
  const receiver = newUndefined();
  const result = callFunction(callee, receiver, 0, 0);
  guarding = false;
  const failed = isException(result) != 0;
  releaseValue(receiver);
  releaseValue(result);
  if (!failed) return newTrue();
  if (!interrupted) return THROWN;
  releaseValue(takeException());
  return newFalse();
}

function lineAsJson(): Value {
  const read = readJson(linePointer, lineLength, false);
  return box(read == NOTHING ? parseLine() : read);
}

function lineAsRow(): Value {
  const read = readJson(linePointer, lineLength, true);
  if (read != NOTHING) return box(read);
  const line = parseLine();
  const boxed = box(line);
  if (boxed == THROWN) return THROWN;
  if (freezeRow(line, isFlat())) return boxed;
  releaseValue(boxed);
  return THROWN;
}

function parseLine(): u64 {
  // The name of the source in the message of a SyntaxError is an empty string.
  store<u32>(scratch, 0);
  return parseJson(contextPointer(), linePointer, lineLength, scratch);
}

/** A box of the value. If the value is `NOTHING`, it is undefined: JavaScript has to do the work itself. */
function boxOrAsk(value: u64): Value {
  return value == NOTHING ? newUndefined() : box(value);
}

/** A boxed value like those that QuickJS allocates; the caller frees the box. */
function box(value: u64): Value {
  const boxed = allocate(8);
  if (boxed == 0) return outOfMemory();
  store<u64>(boxed, value);
  if (isException(boxed) == 0) return boxed;
  release(boxed);
  return THROWN;
}

function write(value: Value): Value {
  if (isString(value) == 0) {
    const pointer = bytesOf(contextPointer(), scratch, load<u64>(value));
    const length = load<u32>(scratch);
    if (pointer == 0 && length != 0) return THROWN;
    if (length > 0) outputWrite(pointer, length);
    return newUndefined();
  }
  const text = toText(value, scratch);
  if (text == 0) return THROWN;
  const length = load<u32>(scratch);
  if (length > 0) outputWrite(text, length);
  releaseText(text);
  return newUndefined();
}

function writeLog(value: Value): Value {
  const text = toText(value, scratch);
  if (text == 0) return THROWN;
  log(text, load<u32>(scratch));
  releaseText(text);
  return newUndefined();
}

/** `values` are input, offset and length; the prelude has checked the bounds. */
function read(values: u32, asText: bool): Value {
  const input = u32(toNumber(load<u32>(values)));
  const offset = u64(toNumber(load<u32>(values, 4)));
  const length = u32(toNumber(load<u32>(values, 8)));
  const buffer = allocate(max<u32>(length, 1));
  if (buffer == 0) return outOfMemory();
  if (length > 0) inputRead(buffer, input, offset, length);
  const value = asText ? newString(buffer, length) : newBytes(buffer, length);
  release(buffer);
  return value;
}

function encode(value: Value): Value {
  const text = toText(value, scratch);
  if (text == 0) return THROWN;
  const bytes = newBytes(text, load<u32>(scratch));
  releaseText(text);
  return bytes;
}

/**
 * 128 bits of the text's UTF-8, or the first 32 of them as a number; undefined if the text has half a surrogate pair.
 */
function hash(value: Value, seed: u32, isFirst: bool): Value {
  if (digest == 0) digest = allocate(32);
  if (digest == 0) return outOfMemory();
  const text = toText(value, scratch);
  if (text == 0) return THROWN;
  const length = load<u32>(scratch);
  const isText = !isFirst || !hasSurrogate(text, length);
  hash128(text, length, seed, digest);
  releaseText(text);
  if (!isFirst) return newBytes(digest, 16);
  return isText ? newNumber(f64(load<u32>(digest))) : newUndefined();
}

/** The key of a text, undefined unless it is ASCII; or the key of the hashes of its tokens. */
function nearKey(source: Value, options: Value, ordinal: u32): Value {
  const by = bytesOf(contextPointer(), scratch, load<u64>(options));
  if (by == 0) return THROWN;
  if (load<u32>(scratch) < OPTIONS_BYTES) return outOfMemory();
  let done: bool;
  if (isString(source) == 0) {
    const tokens = bytesOf(contextPointer(), scratch, load<u64>(source));
    const length = load<u32>(scratch);
    if (tokens == 0 && length != 0) return THROWN;
    done = keyOfTokens(tokens, length >> 2, by, ordinal);
  } else {
    const text = toText(source, scratch);
    if (text == 0) return THROWN;
    const length = load<u32>(scratch);
    if (!isAscii(text, length)) {
      releaseText(text);
      return newUndefined();
    }
    done = keyOfText(text, length, by, ordinal);
    releaseText(text);
  }
  return done ? newBytes(keyPointer, keyLength) : outOfMemory();
}

function group(records: Value, words: u32, groups: u32): Value {
  const pointer = bytesOf(contextPointer(), scratch, load<u64>(records));
  const length = load<u32>(scratch);
  if (pointer == 0 && length != 0) return THROWN;
  const grouped = groupRecords(pointer, length / (4 * (words + 1)), words, groups);
  return grouped == 0 ? outOfMemory() : takeBytes(grouped, groupedLength);
}

function nearPairs(bucket: Value): Value {
  const pointer = bytesOf(contextPointer(), scratch, load<u64>(bucket));
  if (pointer == 0) return THROWN;
  if (load<u32>(scratch) < BUCKET_BYTES) return outOfMemory();
  const found = findPairs(pointer);
  return found == 0 ? outOfMemory() : takeBytes(found, pairsLength);
}

function similarVectors(options: Value): Value {
  const pointer = bytesOf(contextPointer(), scratch, load<u64>(options));
  if (pointer == 0) return THROWN;
  if (load<u32>(scratch) < VECTOR_OPTIONS_BYTES) return outOfMemory();
  const found = findRepeats(pointer);
  return found == 0 ? outOfMemory() : takeBytes(found, repeatsLength);
}

function unite(pairs: Value, rows: u32): Value {
  const pointer = bytesOf(contextPointer(), scratch, load<u64>(pairs));
  const length = load<u32>(scratch);
  if (pointer == 0 && length != 0) return THROWN;
  const failed = joinPairs(pointer, length >> 3, rows);
  return failed == 0 ? outOfMemory() : takeBytes(failed, resultLength);
}

/** `values` are a group, the first row and the number of rows. */
function repeats(values: u32): Value {
  const base = u32(toNumber(load<u32>(values, 4)));
  const found = listRepeats(u32(toNumber(load<u32>(values))), base, u32(toNumber(load<u32>(values, 8))));
  return found == 0 ? outOfMemory() : takeBytes(found, resultLength);
}

/** Bytes of QuickJS with the same content; frees the given ones, which the caller owns. */
function takeBytes(pointer: u32, length: u32): Value {
  const bytes = newBytes(pointer, length);
  release(pointer);
  return bytes;
}

function decode(value: Value): Value {
  const pointer = bytesOf(contextPointer(), scratch, load<u64>(value));
  const length = load<u32>(scratch);
  if (pointer == 0 && length != 0) return THROWN;
  return newString(pointer, length);
}

function outOfMemory(): Value {
  throwOutOfMemory(contextPointer());
  return THROWN;
}

/** A rejection that nothing handles fails the program at its end, as in Node. */
export function host_promise_rejection(promise: Value, reason: Value, handled: i32): void {
  if (handled != 0) unhandled--;
  else if (unhandled++ == 0) {
    if (firstReason != 0) releaseValue(firstReason);
    firstReason = reason;
    releaseValue(promise);
    return;
  }
  releaseValue(promise);
  releaseValue(reason);
}

/** No `catch` and no `finally` of the program sees an interruption: it ends in `callGuarded`. */
export function host_interrupt(): i32 {
  if (cells == 0) return 0;
  const polls = load<u32>(cells, 4) + 1;
  store<u32>(cells, polls, 4);
  const limit = load<u32>(cells);
  if (!guarding || limit == 0 || polls < limit) return 0;
  interrupted = true;
  return 1;
}

/** Every program runs in UTC. */
export function host_get_timezone_offset(high: i32, low: i32): i32 {
  return 0;
}

/** There is nothing to import: a bundle is whole. */
export function host_module_normalize(base: u32, name: u32): u32 {
  return 0;
}

export function host_module_load(name: u32, lengthResult: u32): u32 {
  return 0;
}
