// docs/rows.md#limits: the row of a line, so that nobody can change it: every object and list in it is frozen.
import {
  allocate,
  contextPointer,
  freeOwnNames,
  freezeObject,
  isList,
  lengthOf,
  ownNames,
  propertyAt,
  propertyOf,
  releaseRaw,
} from "./engine";

/** The upper half of a raw value that is an object (JS_TAG_OBJECT of QuickJS). */
const OBJECT: u32 = 0xffffffff;
/** JS_GPN_STRING_MASK and JS_GPN_ENUM_ONLY of QuickJS. */
const STRING_NAMES: i32 = 1 | 16;
/** Bytes of a JSPropertyEnum; its second word is the name's atom. */
const NAME_BYTES: u32 = 8;
/** More levels than any row has (docs/rows.md#limits): what lies deeper is left as it is. */
const MAX_DEPTH: u32 = 160;

let found: u32 = 0;

/** Freezes the second item of a raw list, `[index, row]`. Nested values are visited only if there are any. */
export function freezeRow(list: u64, isFlat: bool): bool {
  if (found == 0) found = allocate(8);
  if (found == 0) return false;
  const row = propertyAt(contextPointer(), list, 1);
  const done = isFlat ? !isObject(row) || freezeObject(contextPointer(), row) >= 0 : freeze(row, 0);
  releaseRaw(contextPointer(), row);
  return done;
}

function isObject(value: u64): bool {
  return u32(value >> 32) == OBJECT;
}

function freeze(value: u64, depth: u32): bool {
  if (!isObject(value) || depth == MAX_DEPTH) return true;
  const context = contextPointer();
  if (isList(value) != 0) {
    if (lengthOf(context, value, found) < 0) return false;
    const length = load<u32>(found);
    for (let i: u32 = 0; i < length; i++) {
      if (!freezeItem(propertyAt(context, value, i), depth)) return false;
    }
  } else {
    if (ownNames(context, found, found + 4, value, STRING_NAMES) < 0) return false;
    const names = load<u32>(found);
    const count = load<u32>(found, 4);
    let done = true;
    for (let i: u32 = 0; i < count && done; i++) {
      done = freezeItem(propertyOf(context, value, load<u32>(names + NAME_BYTES * i, 4)), depth);
    }
    freeOwnNames(context, names, count);
    if (!done) return false;
  }
  return freezeObject(context, value) >= 0;
}

function freezeItem(item: u64, depth: u32): bool {
  const done = freeze(item, depth + 1);
  releaseRaw(contextPointer(), item);
  return done;
}
