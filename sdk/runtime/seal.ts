// docs/rows.md#limits: what an operator returned becomes a row: a copy that holds JSON only, within the limits, and that nobody can change.
import { canonical, kindOf, MAX_ROW_DEPTH } from './canonical.ts';
import { sealCompiled, sealWithCompiled } from './compiled.ts';

/** Characters of a row's canonical JSON: the bytes that an input partition may have. */
export const MAX_ROW_LENGTH = 1 << 20;
/** Characters of all rows that a flatMap makes of one. */
export const MAX_ROWS_LENGTH = 8 << 20;

// Local names: to look one up in the global object costs QuickJS as much as the call.
const { freeze, keys: keysOf, getPrototypeOf, prototype: objectPrototype } = Object;
const { isArray } = Array;
const { stringify } = JSON;

/**
 * The fields of the copy are in canonical order. Each property is read once: a getter or a proxy of the user's is not asked again when
 * nobody listens for its errors.
 * @throws TypeError if it is no row, RangeError if it is too large or too deep, and what the getters of `value` throw
 */
export function sealRow(value: unknown, what: string): object {
  if (typeof value !== 'object' || value === null || isArray(value)) {
    throw new TypeError(`${what} is a row, not ${kindOf(value)}`);
  }
  return seal(value) as object;
}

/** A value beside the row. */
export function seal(value: unknown): unknown {
  const sealed = sealCompiled(value);
  return sealed === undefined ? sealReference(value) : sealed;
}

/** By definition: what `seal` gives, whatever it is done by. */
export function sealReference(value: unknown): unknown {
  room = MAX_ROW_LENGTH;
  try {
    return copy(value, 1);
  } catch (error) {
    if (error !== NOT_JSON) throw error;
    // Says which value it is, and of what kind.
    canonical(value);
    throw new TypeError('a row holds JSON only');
  }
}

/**
 * A row as it was read, or as `sealRow` made it, with one field more, or another value of it: as `sealRow` would make it of both, but what
 * the row holds is not copied again.
 */
export function sealWith(row: object, field: string, value: unknown, what: string): object {
  return sealWithCompiled(row, field, value) ?? sealRow({ ...row, [field]: value }, what);
}

/** What an operator throws whose field the row has: it would take the place of what the row says. */
export function fieldTaken(field: string): TypeError {
  return new TypeError(
    `the row has a field '${field}' already: give the operator another name, or take the field away`,
  );
}

/** Canonical JSON of what `sealRow` or `seal` made. @throws RangeError if it is too long */
export function sealedText(sealed: object, what = 'a row'): string {
  const text = canonical(sealed);
  if (text.length > MAX_ROW_LENGTH) throw tooLarge(what);
  return text;
}

/**
 * The same for a reject, which must be written in any case: an operator may fail on a row whose own text nobody has asked for yet. What has
 * no canonical JSON is kept as the text of its JSON, as a broken line of the input is.
 */
export function rejectedText(row: unknown): string {
  try {
    return canonical(row);
  } catch {
    return stringify({ text: stringify(row) });
  }
}

/** @throws TypeError, RangeError: docs/rows.md#limits */
export function sealRows(rows: unknown, what: string): { row: object; text: string }[] {
  if (!Array.isArray(rows)) throw new TypeError(`${what} returns an array of rows, not ${kindOf(rows)}`);
  const sealed: { row: object; text: string }[] = [];
  let length = 0;
  const count = rows.length;
  for (let i = 0; i < count; i++) {
    const row = sealRow(rows[i], `what ${what} returns in its array`);
    const text = sealedText(row);
    length += text.length;
    if (length > MAX_ROWS_LENGTH) {
      throw new RangeError(`the rows that ${what} makes of one have at most ${MAX_ROWS_LENGTH} characters of JSON`);
    }
    sealed.push({ row, text });
  }
  return sealed;
}

const NOT_JSON = new TypeError('not JSON');
/** What is left of the row's length. Every value takes at least two characters, so an endless or a shared one ends here. */
let room = 0;

function copy(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'object':
      if (value === null) return null;
      if (depth > MAX_ROW_DEPTH)
        throw new RangeError(`a row has at most ${MAX_ROW_DEPTH} levels of objects and arrays`);
      return isArray(value) ? copyArray(value, depth + 1) : copyObject(value, depth + 1);
    case 'number':
      if (value - value !== 0) throw NOT_JSON;
      return value;
    case 'string':
    case 'boolean':
      return value;
    default:
      throw NOT_JSON;
  }
}

function copyArray(value: readonly unknown[], depth: number): object {
  const list: unknown[] = [];
  const { length } = value;
  for (let i = 0; i < length; i++) {
    const inner = value[i];
    room -= typeof inner === 'string' ? 2 + inner.length : 2;
    if (room < 0) throw tooLarge();
    // Finite numbers here: a call for each would be most of what a long list of them takes.
    if (typeof inner === 'string') list[i] = inner;
    else if (typeof inner === 'number' && inner - inner === 0) list[i] = inner;
    else list[i] = inner === undefined ? null : copy(inner, depth);
  }
  return freeze(list);
}

function copyObject(value: object, depth: number): object {
  const prototype: unknown = getPrototypeOf(value);
  if (prototype !== objectPrototype && prototype !== null) throw NOT_JSON;
  const keys = keysOf(value);
  const count = keys.length;
  for (let i = 1; i < count; i++) {
    if (keys[i]! >= keys[i - 1]!) continue;
    // By UTF-16 units, as RFC 8785 has it.
    keys.sort();
    break;
  }
  const object: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) {
    const key = keys[i]!;
    const inner = (value as Record<string, unknown>)[key];
    if (inner === undefined) continue;
    room -= key.length + 4;
    if (typeof inner === 'string') room -= inner.length;
    if (room < 0) throw tooLarge();
    const copied = typeof inner === 'string' ? inner : copy(inner, depth);
    // An assignment would set the prototype.
    if (key === '__proto__') Object.defineProperty(object, key, { value: copied, enumerable: true });
    else object[key] = copied;
  }
  return freeze(object);
}

function tooLarge(what = 'a row'): RangeError {
  return new RangeError(`${what} has at most ${MAX_ROW_LENGTH} characters of JSON`);
}

/** Of a value that was parsed from JSON and is nobody's yet. */
export function freezeJson<T extends object>(value: T): T {
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const inner: unknown = value[i];
      if (typeof inner === 'object' && inner !== null) freezeJson(inner);
    }
    return freeze(value);
  }
  const keys = keysOf(value);
  for (let i = 0; i < keys.length; i++) {
    const inner = (value as Record<string, unknown>)[keys[i]!];
    if (typeof inner === 'object' && inner !== null) freezeJson(inner);
  }
  return freeze(value);
}
