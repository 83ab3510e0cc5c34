// docs/rows.md: canonical JSON (RFC 8785) by QuickJS's own JSON.stringify where the keys are in order, by hand where not.

/**
 * @throws TypeError if the value is not JSON: a number that is not finite, a function, a symbol, a bigint, a promise, an object
 * that is not a plain one.
 */
export function canonical(value: unknown): string {
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
    if (typeof (value as { then?: unknown }).then === 'function') return 'a promise (steps are synchronous)';
    return 'an object';
  }
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}

class NotJson extends Error {}

// A walk that finds nothing to change is half the cost of writing by hand.
function write(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    assertScalar(value);
    return JSON.stringify(value);
  }
  if (isOrdered(value)) return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++)
      text += `${i === 0 ? '' : ','}${value[i] === undefined ? 'null' : write(value[i])}`;
    return `[${text}]`;
  }
  const object = value as Record<string, unknown>;
  // Sorted by UTF-16 units, as RFC 8785 has it; an object's own order puts keys like "10" first and by number.
  for (const key of Object.keys(object).sort()) {
    if (object[key] === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${write(object[key])}`;
  }
  return `{${text}}`;
}

/** Whether JSON.stringify writes it canonically: all keys in order, nothing undefined. */
function isOrdered(value: object): boolean {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const inner: unknown = value[i];
      if (typeof inner !== 'string' && !isOrderedValue(inner)) return false;
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
    if (typeof inner !== 'string' && !isOrderedValue(inner)) return false;
  }
  return true;
}

function isOrderedValue(value: unknown): boolean {
  if (typeof value === 'object') return value === null || isOrdered(value);
  if (value === undefined) return false;
  assertScalar(value);
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
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [wellFormed(key), wellFormed(inner)]));
}

// Only for what has failed already: a path for each value would cost more than the writing.
function describe(value: unknown): TypeError {
  const [path, kind] = findBad(value, '') ?? ['', kindOf(value)];
  return new TypeError(`a row holds JSON only; ${path === '' ? 'it' : `row${path}`} is ${kind}`);
}

function findBad(value: unknown, path: string): [path: string, kind: string] | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : [path, String(value)];
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return null;
  if (typeof value !== 'object') return value === undefined && path !== '' ? null : [path, kindOf(value)];
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return [path, `an instance of ${(value.constructor as { name?: string } | undefined)?.name ?? 'a class'}`];
  }
  for (const [key, inner] of Object.entries(value)) {
    const bad = findBad(inner, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
    if (bad !== null) return bad;
  }
  return null;
}
