// docs/vm.md#quickjs: raw values of QuickJS as JSON sees them, and the fields of a plain object in canonical order.
import {
  allocate,
  classOf,
  contextPointer,
  defineProperty,
  freeOwnNames,
  nameText,
  newEmptyList,
  newName,
  ownNames,
  ownProperty,
  preventExtensions,
  prototypeOf,
  prototypeOfClass,
  release,
  releaseRaw,
  releaseUtf8,
} from "./engine";

/** The upper half of a raw value: JS_TAG_… of QuickJS. What is none of them is a float. */
export const OBJECT: i32 = -1;
export const ROPE: i32 = -6;
export const STRING: i32 = -7;
export const INTEGER: i32 = 0;
export const BOOLEAN: i32 = 1;
export const NULL: i32 = 2;
export const UNDEFINED: i32 = 3;
const LAST_TAG: i32 = 8;
const FIRST_TAG: i32 = -16;
/** An exception as a raw value. */
export const NOTHING: u64 = 6 << 32;
/** `null` as a raw value. */
export const RAW_NULL: u64 = 2 << 32;

export const OBJECT_CLASS: u32 = 1;
export const LIST_CLASS: u32 = 2;
/** JS_GPN_STRING_MASK and JS_GPN_ENUM_ONLY of QuickJS. */
const STRING_NAMES: i32 = 1 | 16;
/** Bytes of a JSPropertyEnum; its second word is the name's atom. */
const NAME_BYTES: u32 = 8;
/** JS_PROP_GETSET in the flags of a JSPropertyDescriptor; its value lies 8 bytes behind them. */
const GETTER: u32 = 16;
/** An index as an atom. */
const INDEX_ATOM: u32 = 0x80000000;

/** JS_PROP_ENUMERABLE of QuickJS: the property can be neither written nor redefined. */
export const FROZEN: i32 = 4;

/** The same as in sdk/runtime/canonical.ts. */
export const MAX_DEPTH: u32 = 128;

/** Names, count, then an atom, the address and the length of its UTF-8 for each field. */
const FRAME_HEAD: u32 = 8;
const FIELD_BYTES: u32 = 12;
const ARENA_BYTES: u32 = 1 << 16;
/** More fields that are not in order are left to a better sort than this one. */
const MAX_UNORDERED: u32 = 64;

/** 32 bytes for a descriptor, and two words for results. */
let scratch: u32 = 0;
let arena: u32 = 0;
let top: u32 = 0;
let objectPrototype: u64 = 0;

/** Returns false without memory. */
export function begin(): bool {
  if (arena == 0) {
    arena = allocate(ARENA_BYTES);
    scratch = allocate(48);
    if (arena == 0 || scratch == 0) return false;
    objectPrototype = prototypeOfClass(contextPointer(), OBJECT_CLASS);
  }
  top = arena;
  return true;
}

export function tagOf(value: u64): i32 {
  return i32(value >> 32);
}

export function isFloat(tag: i32): bool {
  return tag >= LAST_TAG || tag < FIRST_TAG;
}

/** The class of a plain object or a list; 0 for any other object. */
export function plainClass(object: u64): u32 {
  const kind = classOf(object);
  if (kind == LIST_CLASS) return kind;
  if (kind != OBJECT_CLASS) return 0;
  const prototype = prototypeOf(contextPointer(), object);
  releaseRaw(contextPointer(), prototype);
  return prototype == objectPrototype || tagOf(prototype) == NULL ? kind : 0;
}

/** The value of an own property, which the caller releases; `NOTHING` if there is none, or a getter. */
export function valueOf(object: u64, atom: u32): u64 {
  const found = ownProperty(contextPointer(), scratch, object, atom);
  if (found <= 0) return NOTHING;
  if ((load<u32>(scratch) & GETTER) == 0) return load<u64>(scratch, 8);
  releaseRaw(contextPointer(), load<u64>(scratch, 8));
  releaseRaw(contextPointer(), load<u64>(scratch, 16));
  releaseRaw(contextPointer(), load<u64>(scratch, 24));
  return NOTHING;
}

export function itemOf(list: u64, index: u32): u64 {
  return valueOf(list, INDEX_ATOM | index);
}

/**
 * The enumerable fields of a plain object, ordered by the UTF-16 of their names. It is 0 if there are too many, or if a
 * name has half a surrogate pair.
 */
export function openFields(object: u64): u32 {
  const context = contextPointer();
  if (ownNames(context, scratch + 32, scratch + 36, object, STRING_NAMES) < 0) return 0;
  const names = load<u32>(scratch, 32);
  const count = load<u32>(scratch, 36);
  const frame = top;
  const begin = frame + FRAME_HEAD;
  if (begin + FIELD_BYTES * count > arena + ARENA_BYTES) {
    freeOwnNames(context, names, count);
    return 0;
  }
  store<u32>(frame, names);
  store<u32>(frame, 0, 4);
  let at = begin;
  for (let i: u32 = 0; i < count; i++) {
    const atom = load<u32>(names + NAME_BYTES * i, 4);
    const text = nameText(context, scratch + 40, atom);
    if (text != 0) {
      const length = load<u32>(scratch, 40);
      store<u32>(at, atom);
      store<u32>(at, text, 4);
      store<u32>(at, length, 8);
      store<u32>(frame, i + 1, 4);
      const ordered = i == 0 || compareNames(at - FIELD_BYTES, at) < 0;
      if ((ordered || count <= MAX_UNORDERED) && !hasSurrogate(text, length)) {
        if (!ordered) insert(begin, at);
        at += FIELD_BYTES;
        continue;
      }
    }
    top = at;
    closeNames(frame, count);
    return 0;
  }
  top = at;
  return frame;
}

export function countFields(frame: u32): u32 {
  return load<u32>(frame, 4);
}

/** Writes an atom, the address of its name's UTF-8 and the length of that. */
export function fieldAt(frame: u32, index: u32): u32 {
  return frame + FRAME_HEAD + FIELD_BYTES * index;
}

export function closeFields(frame: u32): void {
  closeNames(frame, countFields(frame));
}

function closeNames(frame: u32, count: u32): void {
  const context = contextPointer();
  const taken = countFields(frame);
  for (let i: u32 = 0; i < taken; i++) releaseUtf8(context, load<u32>(fieldAt(frame, i), 4));
  freeOwnNames(context, load<u32>(frame), count);
  top = frame;
}

/** Moves the last field to its place in the order. */
function insert(begin: u32, last: u32): void {
  let at = last;
  while (at > begin && compareNames(at - FIELD_BYTES, at) > 0) {
    for (let i: u32 = 0; i < FIELD_BYTES; i += 4) {
      const word = load<u32>(at + i);
      store<u32>(at + i, load<u32>(at + i - FIELD_BYTES));
      store<u32>(at + i - FIELD_BYTES, word);
    }
    at -= FIELD_BYTES;
  }
}

function compareNames(a: u32, b: u32): i32 {
  return compareTexts(load<u32>(a, 4), load<u32>(a, 8), load<u32>(b, 4), load<u32>(b, 8));
}

/**
 * Compares by UTF-16 units: this is the order of UTF-8, except that characters of two units come before those from
 * U+E000 on.
 */
export function compareTexts(a: u32, lengthA: u32, b: u32, lengthB: u32): i32 {
  const length = min(lengthA, lengthB);
  for (let i: u32 = 0; i < length; i++) {
    const x = load<u8>(a + i);
    const y = load<u8>(b + i);
    if (x == y) continue;
    if (x >= 0xf0 && y >= 0xee && y < 0xf0) return -1;
    if (y >= 0xf0 && x >= 0xee && x < 0xf0) return 1;
    return x < y ? -1 : 1;
  }
  return i32(lengthA) - i32(lengthB);
}

const HIGH: u64 = 0x8080808080808080;

/** Whether there is half a surrogate pair, which UTF-8 does not have. */
export function hasSurrogate(pointer: u32, length: u32): bool {
  const end = pointer + length;
  let at = pointer;
  for (; at + 8 <= end; at += 8) if ((load<u64>(at) & HIGH) != 0) break;
  for (; at + 1 < end; at++) if (load<u8>(at) == 0xed && load<u8>(at, 1) >= 0xa0) return true;
  return false;
}

/** "length" as an atom. */
let lengthName: u32 = 0;

/** A list of values, which it takes over, that nobody can change. It is `NOTHING` if it could not be made. */
export function frozenList(count: u32, values: u32): u64 {
  const context = contextPointer();
  const list = newEmptyList(context);
  let done = tagOf(list) == OBJECT;
  for (let i: u32 = 0; i < count; i++) {
    const value = load<u64>(values + 8 * i);
    if (done) done = defineProperty(context, list, INDEX_ATOM | i, value, FROZEN) > 0;
    else releaseRaw(context, value);
  }
  if (lengthName == 0) {
    const text = allocate(8);
    if (text == 0) return NOTHING;
    store<u64>(text, 0x6874676e656c);
    lengthName = newName(context, text, 6);
    release(text);
  }
  done = done && defineProperty(context, list, lengthName, u64(count), 0) > 0 && preventExtensions(context, list) > 0;
  if (done) return list;
  releaseRaw(context, list);
  return NOTHING;
}
