// docs/rows.md: canonical JSON (RFC 8785) by QuickJS's own JSON.stringify, on keys brought into order.

/**
 * @throws TypeError if the value is not JSON: a number that is not finite, a function, a symbol, a bigint, a promise, an object
 * that is not a plain one.
 */
export function canonical(value: unknown): string {
  unorderable = false;
  const copy = ordered(value, '');
  const text = unorderable ? byHand(copy) : JSON.stringify(copy);
  // JSON.stringify escapes a lone surrogate; RFC 8785 has no text for it, so it becomes U+FFFD as in UTF-8.
  return text.includes('\\ud') ? byHand(wellFormed(copy)) : text;
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
    if (typeof (value as { then?: unknown }).then === 'function') return 'a promise (steps are synchronous)';
    return 'an object';
  }
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}

// Keys like "10" come first and by number in every JavaScript object, which is not RFC 8785's order: those are written by hand.
let unorderable = false;

// Returns the same object when its keys are in order and nothing in it has to change: most rows were canonical before.
function ordered(value: unknown, path: string): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw notJson(path, String(value));
    case 'object':
      if (value === null) return value;
      return Array.isArray(value) ? orderedArray(value, path) : orderedObject(value as Record<string, unknown>, path);
    default:
      throw notJson(path, kindOf(value));
  }
}

function orderedArray(value: readonly unknown[], path: string): unknown {
  let copy: unknown[] | null = null;
  for (let i = 0; i < value.length; i++) {
    const before = value[i];
    const after = before === undefined ? null : ordered(before, `${path}[${i}]`);
    if (copy !== null) copy[i] = after;
    else if (after !== before) {
      copy = value.slice();
      copy[i] = after;
    }
  }
  return copy ?? value;
}

function orderedObject(value: Record<string, unknown>, path: string): unknown {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw notJson(path, `an instance of ${(value.constructor as { name?: string } | undefined)?.name ?? 'a class'}`);
  }
  if (typeof value.toJSON === 'function') throw notJson(`${path}.toJSON`, 'a function');
  let previous = '';
  let inOrder = true;
  let same = true;
  for (const key in value) {
    if (key < previous) inOrder = false;
    previous = key;
    const before = value[key];
    if (typeof before === 'object' ? before !== null : typeof before !== 'string') {
      if (before === undefined || ordered(before, `${path}.${key}`) !== before) same = false;
    }
  }
  if (inOrder && same) return value;
  return rebuild(value, path);
}

function rebuild(value: Record<string, unknown>, path: string): unknown {
  const copy: Record<string, unknown> = {};
  const keys = definedKeys(value);
  for (const key of keys) {
    const after = ordered(value[key], `${path}.${key}`);
    // Assigning to __proto__ would set the prototype.
    if (key !== '__proto__') copy[key] = after;
    else Object.defineProperty(copy, key, { value: after, enumerable: true, configurable: true, writable: true });
  }
  if (Object.keys(copy).some((key, i) => key !== keys[i])) unorderable = true;
  return copy;
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return (value as string & { toWellFormed(): string }).toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(wellFormed);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [wellFormed(key), wellFormed(inner)]));
}

function byHand(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(byHand).join(',')}]`;
  const object = value as Record<string, unknown>;
  return `{${definedKeys(object)
    .map((key) => `${JSON.stringify(key)}:${byHand(object[key])}`)
    .join(',')}}`;
}

function definedKeys(value: Record<string, unknown>): string[] {
  return Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort();
}

function notJson(path: string, actual: string): TypeError {
  return new TypeError(`a row holds JSON only; ${path === '' ? 'it' : `row${path}`} is ${actual}`);
}
