// docs/rows.md#limits: copies what an operator's function returned, so that nobody can change it: sdk/runtime/seal.ts
// for values that hold plain data only.
import {
  allocate,
  contextPointer,
  defineProperty,
  floatOf,
  lengthOf,
  newName,
  newObject,
  preventExtensions,
  release,
  releaseName,
  releaseRaw,
  releaseUtf8,
  retain,
  utf8Of,
} from "./engine";
import {
  BOOLEAN,
  FROZEN,
  INTEGER,
  LIST_CLASS,
  MAX_DEPTH,
  NOTHING,
  NULL,
  OBJECT,
  OBJECT_CLASS,
  RAW_NULL,
  ROPE,
  STRING,
  UNDEFINED,
  begin,
  closeFields,
  compareTexts,
  countFields,
  fieldAt,
  frozenList,
  hasSurrogate,
  isFloat,
  itemOf,
  openFields,
  plainClass,
  tagOf,
  valueOf,
} from "./raw";

/**
 * The same as MAX_ROW_LENGTH in sdk/runtime/seal.ts. Characters are counted as bytes: a value that is too long by this
 * is counted again there.
 */
const ROOM: i32 = 1 << 20;

let room: i32 = 0;
let scratch: u32 = 0;

/**
 * `NOTHING` if the value is left to sdk/runtime/seal.ts, which also says what is wrong. No code of the user has run.
 */
export function seal(value: u64): u64 {
  return prepare() ? copy(value, 1) : NOTHING;
}

/** `row`, which is sealed, with one more field or another value of it. */
export function sealWith(row: u64, name: u64, value: u64): u64 {
  if (!prepare() || tagOf(row) != OBJECT || plainClass(row) != OBJECT_CLASS) return NOTHING;
  const sealed = copy(value, 2);
  if (sealed == NOTHING) return NOTHING;
  const context = contextPointer();
  const text = utf8Of(context, scratch, name, 0);
  const length = load<u32>(scratch);
  const frame = text == 0 || hasSurrogate(text, length) ? 0 : openFields(row);
  let made = NOTHING;
  if (frame != 0) {
    const atom = newName(context, text, length);
    made = merge(row, frame, text, length, atom, sealed);
    releaseName(context, atom);
    closeFields(frame);
  }
  if (text != 0) releaseUtf8(context, text);
  releaseRaw(context, sealed);
  return made;
}

function merge(row: u64, frame: u32, text: u32, length: u32, atom: u32, sealed: u64): u64 {
  const context = contextPointer();
  const object = newObject(context);
  const count = countFields(frame);
  let isSet = false;
  for (let i: u32 = 0; i < count; i++) {
    const field = fieldAt(frame, i);
    const order = isSet ? 1 : compareTexts(text, length, load<u32>(field, 4), load<u32>(field, 8));
    if (!isSet && order <= 0) {
      isSet = true;
      if (defineProperty(context, object, atom, retain(context, sealed), FROZEN) <= 0) return fail(object);
      if (order == 0) continue;
    }
    const value = valueOf(row, load<u32>(field));
    if (value == NOTHING || defineProperty(context, object, load<u32>(field), value, FROZEN) <= 0) return fail(object);
  }
  if (!isSet && defineProperty(context, object, atom, retain(context, sealed), FROZEN) <= 0) return fail(object);
  return preventExtensions(context, object) > 0 ? object : fail(object);
}

function prepare(): bool {
  if (scratch == 0) scratch = allocate(16);
  room = ROOM;
  return scratch != 0 && begin();
}

function fail(object: u64): u64 {
  releaseRaw(contextPointer(), object);
  return NOTHING;
}

function copy(value: u64, depth: u32): u64 {
  const tag = tagOf(value);
  switch (tag) {
    case STRING:
    case ROPE:
      if (lengthOf(contextPointer(), value, scratch) < 0) return NOTHING;
      room -= load<i32>(scratch);
      return room < 0 ? NOTHING : retain(contextPointer(), value);
    case INTEGER:
    case BOOLEAN:
    case NULL:
      return value;
    case OBJECT:
      if (depth > MAX_DEPTH) return NOTHING;
      const kind = plainClass(value);
      return kind == LIST_CLASS ? copyList(value, depth) : kind != 0 ? copyObject(value, depth) : NOTHING;
  }
  if (!isFloat(tag) || floatOf(contextPointer(), scratch, value) < 0) return NOTHING;
  const number = load<f64>(scratch);
  return number - number == 0 ? value : NOTHING;
}

function copyList(list: u64, depth: u32): u64 {
  const context = contextPointer();
  if (lengthOf(context, list, scratch) < 0) return NOTHING;
  const count = load<u64>(scratch);
  if (2 * count > u64(room)) return NOTHING;
  room -= 2 * i32(count);
  const items = allocate(8 * u32(count) + 8);
  if (items == 0) return NOTHING;
  let made: u32 = 0;
  for (; made < u32(count); made++) {
    const item = itemOf(list, made);
    if (item == NOTHING) break;
    const copied = tagOf(item) == UNDEFINED ? RAW_NULL : copy(item, depth + 1);
    releaseRaw(context, item);
    if (copied == NOTHING) break;
    store<u64>(items + 8 * made, copied);
  }
  let result = NOTHING;
  if (made == u32(count)) {
    result = frozenList(made, items);
  } else {
    while (made > 0) releaseRaw(context, load<u64>(items + 8 * --made));
  }
  release(items);
  return result;
}

function copyObject(value: u64, depth: u32): u64 {
  const frame = openFields(value);
  if (frame == 0) return NOTHING;
  const context = contextPointer();
  const count = countFields(frame);
  const object = newObject(context);
  let result = object;
  for (let i: u32 = 0; i < count; i++) {
    const field = fieldAt(frame, i);
    const inner = valueOf(value, load<u32>(field));
    if (tagOf(inner) == UNDEFINED) continue;
    room -= load<i32>(field, 8) + 4;
    const copied = inner == NOTHING || room < 0 ? NOTHING : copy(inner, depth + 1);
    if (inner != NOTHING) releaseRaw(context, inner);
    if (copied == NOTHING || defineProperty(context, object, load<u32>(field), copied, FROZEN) <= 0) {
      result = fail(object);
      break;
    }
  }
  closeFields(frame);
  if (result == NOTHING) return NOTHING;
  return preventExtensions(context, object) > 0 ? object : fail(object);
}
