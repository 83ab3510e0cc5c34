// docs/models.md#llama-schemas: the schema of an answer, taken apart into nodes.
import { Buffer } from "../../assembly/buffer";
import {
  endOf,
  field,
  firstItem,
  firstName,
  isObject,
  isText,
  isWord,
  nextItem,
  nextName,
  quoteText,
  readText,
  valueOf,
} from "../../assembly/json";
import { isNumber, numberOf } from "./numbers";

/** Any value. */
export const ANY: u32 = 0;
/** A text of `a` to `b` characters. */
export const TEXT: u32 = 1;
/** A number; `a` has bits of what follows. */
export const NUMBER: u32 = 2;
/** `b` properties at `a` in the lists: place and length of the name's literal, node, whether it must be there. */
export const OBJECT: u32 = 3;
/** An object of any names with values of node `a`. */
export const MAP: u32 = 4;
/** A list of `b` to `c` items of node `a`. */
export const LIST: u32 = 5;
/** One of `b` nodes at `a` in the lists. */
export const ANY_OF: u32 = 6;
/** One of `b` literals at `a` in the lists, in order of their bytes: place and length of each. */
export const LITERALS: u32 = 7;

export const INTEGER: u32 = 1;
export const NOT_NEGATIVE: u32 = 2;
export const UP_TO_ONE: u32 = 4;

export const NODE_ANY: u32 = 0;
export const NODE_TEXT: u32 = 1;
export const NODE_NUMBER: u32 = 2;
export const NODE_MAP: u32 = 3;
export const NODE_LIST: u32 = 4;
export const NODE_WORDS: u32 = 5;
const FIXED_NODES: u32 = 6;

/** Kind, a, b, c, and where the schema stands that it was made of. */
const NODE_BYTES: u32 = 20;
export const PROPERTY_BYTES: u32 = 16;
export const LITERAL_BYTES: u32 = 8;
const MAX_NODES: u32 = 2_048;
const MAX_LITERALS: u32 = 1 << 18;
const MAX_LEVELS: i32 = 64;
const MAX_REFERENCES: i32 = 16;
/** Integers between two bounds are written out if there are at most so many. */
const MAX_INTEGERS: f64 = 256;
const ANY_COUNT: u32 = 0x7fffffff;

const nodes = new Buffer();
const lists = new Buffer();
const literals = new Buffer();
const name = new Buffer();
let root: u32 = 0;
let problem: string = "";

export function nodeField(node: u32, index: u32): u32 {
  return load<u32>(nodes.at + node * NODE_BYTES + (index << 2));
}

// @ts-ignore: decorator
@inline
export function listAt(place: u32): u32 {
  return lists.at + place;
}

// @ts-ignore: decorator
@inline
export function literalAt(place: u32): u32 {
  return literals.at + place;
}

/** Why there is no node. */
export function whyNot(): string {
  return problem;
}

/** The node of any object. */
export function beginNodes(): void {
  nodes.length = 0;
  lists.length = 0;
  literals.length = 0;
  problem = "";
  addNode(ANY, 0, 0, 0, 0);
  addNode(TEXT, 0, ANY_COUNT, 0, 0);
  addNode(NUMBER, 0, 0, 0, 0);
  addNode(MAP, NODE_ANY, 0, 0, 0);
  addNode(LIST, NODE_ANY, 0, ANY_COUNT, 0);
  const words = lists.length;
  addWord("false");
  addWord("null");
  addWord("true");
  addNode(LITERALS, words, 3, 0, 0);
}

/** The node of a schema; -1 if it cannot be held to. */
export function readSchema(at: u32): i32 {
  root = at;
  return read(at, 0);
}

function read(at: u32, level: i32): i32 {
  if (level > MAX_LEVELS || nodes.length >= MAX_NODES * NODE_BYTES || literals.length > MAX_LITERALS)
    return refuse("The schema is too large for this model.");
  const known = findNode(at);
  if (known >= 0) return known;
  if (isWordAt(at, "true")) return NODE_ANY;
  if (!isObject(at)) return refuse("The schema has a part that is no schema, or that nothing fits.");
  const shaping = findShaping(at);
  if (shaping != null) return refuse(shaping);
  const reference = field(at, "$ref");
  if (reference != 0) return readReference(reference, level);
  const constant = field(at, "const");
  if (constant != 0) return readValues(at, constant, true);
  const values = field(at, "enum");
  if (values != 0) return readValues(at, values, false);
  let branches = field(at, "anyOf");
  if (branches == 0) branches = field(at, "oneOf");
  if (branches == 0) branches = onlyPart(field(at, "allOf"));
  if (branches != 0) return readBranches(at, branches, level);
  const type = field(at, "type");
  if (type == 0) {
    if (field(at, "properties") != 0) return readObject(at, level);
    return field(at, "items") != 0 ? readList(at, level) : NODE_ANY;
  }
  return isText(type) ? readTyped(at, type, level) : readTypes(at, type, level);
}

/** Keywords that decide what an answer looks like, and that are not held to. */
function findShaping(at: u32): string | null {
  for (let key = firstName(at); key != 0; key = nextName(key)) {
    if (isWord(key, "not")) return "The schema has 'not', which this model cannot hold to.";
    if (isWord(key, "if")) return "The schema has 'if', which this model cannot hold to.";
    if (isWord(key, "prefixItems")) return "The schema has 'prefixItems', which this model cannot hold to.";
    if (isWord(key, "patternProperties")) return "The schema has 'patternProperties', which this model cannot hold to.";
    if (isWord(key, "dependentSchemas")) return "The schema has 'dependentSchemas', which this model cannot hold to.";
  }
  return null;
}

/** A list of one part; 0 if there is none, or there are more. */
function onlyPart(parts: u32): u32 {
  const first = firstItem(parts);
  return first != 0 && nextItem(first) == 0 ? parts : 0;
}

function readReference(at: u32, level: i32): i32 {
  let target = root;
  for (let i = 0; i < MAX_REFERENCES; i++) {
    name.clear();
    readText(at, name);
    target = followPointer();
    if (target == 0) return refuse("The schema has a reference to nothing in it.");
    at = field(target, "$ref");
    if (at == 0) return read(target, level + 1);
  }
  return refuse("The schema has references that lead in a circle.");
}

/** Where the JSON pointer of `name` leads; 0 for nowhere. */
function followPointer(): u32 {
  let at = name.at;
  const stop = at + name.length;
  if (at == stop || load<u8>(at) != 0x23) return 0;
  let target = root;
  for (at++; at < stop && target != 0; ) {
    if (load<u8>(at) != 0x2f) return 0;
    let next = at + 1;
    while (next < stop && load<u8>(next) != 0x2f) next++;
    target = stepInto(target, at + 1, next);
    at = next;
  }
  return target;
}

function stepInto(target: u32, from: u32, to: u32): u32 {
  let index = 0;
  for (let item = firstItem(target); item != 0; item = nextItem(item)) if (index++ == decimal(from, to)) return item;
  for (let key = firstName(target); key != 0; key = nextName(key))
    if (isNamed(key, from, to)) return valueOf(key);
  return 0;
}

function decimal(from: u32, to: u32): i32 {
  if (from == to || to - from > 6) return -1;
  let value = 0;
  for (; from < to; from++) {
    const digit = <i32>load<u8>(from) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Whether a name of an object is this part of a pointer, in which ~1 is a slash and ~0 a tilde. */
function isNamed(key: u32, from: u32, to: u32): bool {
  const mark = name.length;
  readText(key, name);
  // The buffer may have moved.
  let at = name.at + mark;
  const stop = name.at + name.length;
  name.length = mark;
  for (; from < to; from++, at++) {
    let byte = <u32>load<u8>(from);
    if (byte == 0x7e && from + 1 < to) byte = load<u8>(++from) == 0x31 ? 0x2f : 0x7e;
    if (at >= stop || load<u8>(at) != byte) return false;
  }
  return at == stop;
}

function readValues(at: u32, values: u32, isOne: bool): i32 {
  const node = addNode(LITERALS, 0, 0, 0, at);
  const place = lists.length;
  let count: u32 = 0;
  if (isOne) {
    addValue(values, place, 0);
    count = 1;
  } else
    for (let value = firstItem(values); value != 0; value = nextItem(value)) addValue(value, place, count++);
  if (count == 0) return refuse("The schema has a part that nothing fits.");
  setNode(node, place, count, 0);
  return node;
}

/** Puts a literal among `count` others in order of their bytes. */
function addValue(value: u32, place: u32, count: u32): void {
  const start = literals.length;
  if (isText(value)) quoteAgain(value);
  else literals.bytes(value, endOf(value) - value);
  insertLiteral(place, count, start, literals.length - start);
}

function insertLiteral(place: u32, count: u32, start: u32, length: u32): void {
  addWordToList(0);
  addWordToList(0);
  let at = lists.at + place + count * LITERAL_BYTES;
  while (count > 0 && isBefore(start, length, load<u32>(at - LITERAL_BYTES), load<u32>(at - LITERAL_BYTES, 4))) {
    store<u64>(at, load<u64>(at - LITERAL_BYTES));
    at -= LITERAL_BYTES;
    count--;
  }
  store<u32>(at, start);
  store<u32>(at, length, 4);
}

function isBefore(a: u32, aLength: u32, b: u32, bLength: u32): bool {
  const shared = min(aLength, bLength);
  for (let i: u32 = 0; i < shared; i++) {
    const left = load<u8>(literals.at + a + i);
    const right = load<u8>(literals.at + b + i);
    if (left != right) return left < right;
  }
  return aLength < bLength;
}

function readBranches(at: u32, branches: u32, level: i32): i32 {
  if (field(at, "properties") != 0 || field(at, "items") != 0)
    return refuse("The schema has branches beside properties or items, which this model cannot hold to.");
  const node = addNode(ANY_OF, 0, 0, 0, at);
  let count: u32 = 0;
  for (let branch = firstItem(branches); branch != 0; branch = nextItem(branch)) count++;
  const place = reserveList(count);
  count = 0;
  for (let branch = firstItem(branches); branch != 0; branch = nextItem(branch)) {
    const child = read(branch, level + 1);
    if (child < 0) return child;
    store<u32>(lists.at + place + (count++ << 2), child);
  }
  if (count == 0) return refuse("The schema has a part that nothing fits.");
  setNode(node, place, count, 0);
  return node;
}

function readTypes(at: u32, types: u32, level: i32): i32 {
  const node = addNode(ANY_OF, 0, 0, 0, at);
  let count: u32 = 0;
  for (let type = firstItem(types); type != 0; type = nextItem(type)) count++;
  const place = reserveList(count);
  count = 0;
  for (let type = firstItem(types); type != 0; type = nextItem(type)) {
    const child = readTyped(at, type, level);
    if (child < 0) return child;
    store<u32>(lists.at + place + (count++ << 2), child);
  }
  if (count == 0) return refuse("The schema has a part that nothing fits.");
  setNode(node, place, count, 0);
  return node;
}

function readTyped(at: u32, type: u32, level: i32): i32 {
  if (isWord(type, "object")) return readObject(at, level);
  if (isWord(type, "array")) return readList(at, level);
  if (isWord(type, "string")) return addNode(TEXT, countOf(at, "minLength", 0), countOf(at, "maxLength", ANY_COUNT), 0, at);
  if (isWord(type, "number")) return addNode(NUMBER, boundsOf(at), 0, 0, at);
  if (isWord(type, "integer")) return readInteger(at);
  const place = lists.length;
  if (isWord(type, "null")) {
    addWord("null");
    return addNode(LITERALS, place, 1, 0, at);
  }
  if (!isWord(type, "boolean")) return refuse("The schema has a type that JSON has not.");
  addWord("false");
  addWord("true");
  return addNode(LITERALS, place, 2, 0, at);
}

/** Of a number that is not negative, and of one from 0 to 1: other bounds are not held to. */
function boundsOf(at: u32): u32 {
  const low = field(at, "minimum");
  const high = field(at, "maximum");
  if (!isNumber(low) || numberOf(low) < 0) return 0;
  return numberOf(low) == 0 && isNumber(high) && numberOf(high) == 1 ? NOT_NEGATIVE | UP_TO_ONE : NOT_NEGATIVE;
}

function readInteger(at: u32): i32 {
  const lowAt = field(at, "minimum");
  const highAt = field(at, "maximum");
  if (!isNumber(lowAt) || !isNumber(highAt)) return addNode(NUMBER, INTEGER | (boundsOf(at) & NOT_NEGATIVE), 0, 0, at);
  const low = ceil(numberOf(lowAt));
  const high = floor(numberOf(highAt));
  if (high < low || high - low >= MAX_INTEGERS || abs(low) > 1e15) return addNode(NUMBER, INTEGER | (boundsOf(at) & NOT_NEGATIVE), 0, 0, at);
  const place = lists.length;
  let count: u32 = 0;
  for (let value = <i64>low; value <= <i64>high; value++) {
    const start = literals.length;
    literals.integer(value);
    insertLiteral(place, count++, start, literals.length - start);
  }
  return addNode(LITERALS, place, count, 0, at);
}

function readList(at: u32, level: i32): i32 {
  const node = addNode(LIST, NODE_ANY, countOf(at, "minItems", 0), countOf(at, "maxItems", ANY_COUNT), at);
  const items = field(at, "items");
  const child = items == 0 ? <i32>NODE_ANY : read(items, level + 1);
  if (child < 0) return child;
  setNode(node, child, nodeField(node, 2), nodeField(node, 3));
  return node;
}

function readObject(at: u32, level: i32): i32 {
  const properties = field(at, "properties");
  let count: u32 = 0;
  for (let key = firstName(properties); key != 0; key = nextName(key)) count++;
  if (count == 0) return readMap(at, level);
  const node = addNode(OBJECT, 0, 0, 0, at);
  const place = reserveList(count * (PROPERTY_BYTES >> 2));
  const required = field(at, "required");
  let index: u32 = 0;
  for (let key = firstName(properties); key != 0; key = nextName(key)) {
    const start = literals.length;
    quoteAgain(key);
    literals.byte(0x3a);
    const child = read(valueOf(key), level + 1);
    if (child < 0) return child;
    const property = lists.at + place + index++ * PROPERTY_BYTES;
    store<u32>(property, start);
    store<u32>(property, nameLength(start), 4);
    store<u32>(property, child, 8);
    store<u32>(property, isRequired(required, key) ? 1 : 0, 12);
  }
  setNode(node, place, count, 0);
  return node;
}

/** Up to the colon behind the name's quotes. */
function nameLength(start: u32): u32 {
  const at = literals.at + start;
  return endOf(at) + 1 - at;
}

function readMap(at: u32, level: i32): i32 {
  const values = field(at, "additionalProperties");
  // An object without properties, and without others.
  if (values != 0 && isWordAt(values, "false")) return addNode(OBJECT, 0, 0, 0, at);
  if (values == 0 || isWordAt(values, "true")) return NODE_MAP;
  const node = addNode(MAP, NODE_ANY, 0, 0, at);
  const child = read(values, level + 1);
  if (child < 0) return child;
  setNode(node, child, 0, 0);
  return node;
}

function isRequired(required: u32, key: u32): bool {
  const length = endOf(key) - key;
  for (let item = firstItem(required); item != 0; item = nextItem(item)) {
    if (endOf(item) - item != length) continue;
    let i: u32 = 0;
    while (i < length && load<u8>(item + i) == load<u8>(key + i)) i++;
    if (i == length) return true;
  }
  return false;
}

function countOf(at: u32, keyword: string, otherwise: u32): u32 {
  const value = field(at, keyword);
  return isNumber(value) ? <u32>max<f64>(0, min<f64>(numberOf(value), <f64>ANY_COUNT)) : otherwise;
}

/** As canonical JSON, whatever the schema has escaped. */
function quoteAgain(at: u32): void {
  const mark = name.length;
  readText(at, name);
  literals.byte(0x22);
  quoteText(name.at + mark, name.at + name.length, literals);
  literals.byte(0x22);
  name.length = mark;
}

function isWordAt(at: u32, word: string): bool {
  for (let i = 0; i < word.length; i++) if (load<u8>(at + i) != word.charCodeAt(i)) return false;
  return true;
}

function addWord(word: string): void {
  addWordToList(literals.length);
  addWordToList(word.length);
  literals.text(word);
}

function addWordToList(value: u32): void {
  store<u32>(lists.reserve(4), value);
  lists.length += 4;
}

function reserveList(words: u32): u32 {
  const place = lists.length;
  for (let i: u32 = 0; i < words; i++) addWordToList(0);
  return place;
}

function addNode(kind: u32, a: u32, b: u32, c: u32, at: u32): u32 {
  const to = nodes.reserve(NODE_BYTES);
  store<u32>(to, kind);
  store<u32>(to, a, 4);
  store<u32>(to, b, 8);
  store<u32>(to, c, 12);
  store<u32>(to, at, 16);
  nodes.length += NODE_BYTES;
  return nodes.length / NODE_BYTES - 1;
}

function setNode(node: u32, a: u32, b: u32, c: u32): void {
  const at = nodes.at + node * NODE_BYTES;
  store<u32>(at, a, 4);
  store<u32>(at, b, 8);
  store<u32>(at, c, 12);
}

/** The node of a schema that has been met before, and of one that is being read: so recursion ends. */
function findNode(at: u32): i32 {
  const count = nodes.length / NODE_BYTES;
  for (let node = FIXED_NODES; node < count; node++) if (nodeField(node, 4) == at) return node;
  return -1;
}

function refuse(why: string): i32 {
  problem = why;
  return -1;
}
