// docs/rows.md: canonical JSON (RFC 8785): compiled in the DataVM, else by JSON.stringify where the keys are in order, by hand where not.
import { canonicalCompiled } from './compiled.ts';

/** Levels of objects and arrays, the row itself among them. Reading, freezing and writing a row takes more than twice as many in the DataVM. */
export const MAX_ROW_DEPTH = 128;

/**
 * @throws TypeError if the value is not JSON: a number that is not finite, a function, a symbol, a bigint, a promise, an object
 * that is not a plain one; or if it is nested too deeply, or half a surrogate pair stands in a name.
 */
export function canonical(value: unknown): string {
  return canonicalCompiled(value) ?? canonicalReference(value);
}

/** By definition: what `canonical` gives, whatever it is done by. */
export function canonicalReference(value: unknown): string {
  let text: string;
  try {
    text = write(value);
  } catch (error) {
    throw error instanceof NotJson ? describe(value) : error;
  }
  // JSON.stringify escapes a lone surrogate; RFC 8785 has no text for it, so it becomes U+FFFD as in UTF-8.
  return text.includes('\\ud') ? write(wellFormed(value)) : text;
}

export function canonicalRow(row: unknown): string {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new TypeError(`a row is an object, not ${kindOf(row)}`);
  }
  return canonical(row);
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') {
    if (typeof (value as { then?: unknown }).then === 'function') return 'a promise (operators are synchronous)';
    return 'an object';
  }
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}

class NotJson extends Error {}

// A walk that finds nothing to change is half the cost of writing by hand.
function write(value: unknown, depth = 1): string {
  if (typeof value !== 'object' || value === null) {
    assertScalar(value);
    return JSON.stringify(value);
  }
  if (isOrdered(value, depth)) return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++)
      text += `${i === 0 ? '' : ','}${value[i] === undefined ? 'null' : write(value[i], depth + 1)}`;
    return `[${text}]`;
  }
  const object = value as Record<string, unknown>;
  // Sorted by UTF-16 units, as RFC 8785 has it; an object's own order puts keys like "10" first and by number.
  for (const key of Object.keys(object).sort()) {
    if (object[key] === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${write(object[key], depth + 1)}`;
  }
  return `{${text}}`;
}

/** Whether JSON.stringify writes it canonically: all keys in order, nothing undefined. One call a level: the stack of QuickJS is short. */
function isOrdered(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) {
    if (value === undefined) return false;
    assertScalar(value);
    return true;
  }
  if (depth > MAX_ROW_DEPTH) throw new TypeError(`a row has at most ${MAX_ROW_DEPTH} levels of objects and arrays`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const inner: unknown = value[i];
      if (typeof inner !== 'string' && !isOrdered(inner, depth + 1)) return false;
    }
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new NotJson();
  let previous = '';
  for (const key in value) {
    if (key < previous) return false;
    previous = key;
    const inner = (value as Record<string, unknown>)[key];
    if (typeof inner !== 'string' && !isOrdered(inner, depth + 1)) return false;
  }
  return true;
}

function assertScalar(value: unknown): void {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new NotJson();
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return (value as string & { toWellFormed(): string }).toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(wellFormed);
  // Two such names would become one.
  const bad = Object.keys(value).find((key) => wellFormed(key) !== key);
  if (bad !== undefined) throw new TypeError(`half a surrogate pair in the name ${JSON.stringify(bad)}`);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, wellFormed(inner)]));
}

// Only for what has failed already: a path for each value would cost more than the writing.
function describe(value: unknown): TypeError {
  const [path, kind] = findBad(value, '', 1) ?? ['', kindOf(value)];
  return new TypeError(`a row holds JSON only; ${path === '' ? 'it' : `row${path}`} is ${kind}`);
}

function findBad(value: unknown, path: string, depth: number): [path: string, kind: string] | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : [path, String(value)];
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return null;
  if (typeof value !== 'object') return value === undefined && path !== '' ? null : [path, kindOf(value)];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return [path, `an instance of ${(value.constructor as { name?: string } | undefined)?.name || 'a class'}`];
  }
  if (depth > MAX_ROW_DEPTH) return null;
  for (const [key, inner] of Object.entries(value)) {
    const bad = findBad(inner, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, depth + 1);
    if (bad !== null) return bad;
  }
  return null;
}
