import * as library from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical, canonicalRow, MAX_ROW_DEPTH } from './canonical.ts';

// Its types declare a default export that its CommonJS form does not have under NodeNext.
const canonicalize = library.default as unknown as (value: unknown) => string;

test('is RFC 8785 for any JSON value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      // -0 is no JSON of its own: both write 0.
      expect(canonical(value)).toBe(canonicalize(value));
    }),
    { numRuns: 500 },
  );
});

test('keys are ordered by UTF-16 units, also those that look like numbers', () => {
  expect(canonical({ b: 1, a: { '10': 1, '9': 2, x: [] }, '': 0 })).toBe('{"":0,"a":{"10":1,"9":2,"x":[]},"b":1}');
  expect(canonical(JSON.parse('{"z":1,"__proto__":2}'))).toBe('{"__proto__":2,"z":1}');
});

test('fields without a value are left out, array holes are null', () => {
  expect(canonicalRow({ b: undefined, a: [1, undefined] })).toBe('{"a":[1,null]}');
});

test('a lone surrogate becomes U+FFFD, an escaped one in the text stays text', () => {
  expect(canonical({ a: '\ud800x' })).toBe('{"a":"\ufffdx"}');
  expect(canonical({ a: '\\ud800' })).toBe('{"a":"\\\\ud800"}');
});

test('two names that would become one are refused', () => {
  expect(() => canonicalRow({ a: { '\ud800': 1, '\ud801': 2 } })).toThrow(
    'half a surrogate pair in the name "\\ud800"',
  );
});

test(`a row has ${MAX_ROW_DEPTH} levels, its keys in order or not`, () => {
  const nest = (levels: number, wrap: (inner: object) => object): object =>
    levels === 1 ? {} : wrap(nest(levels - 1, wrap));
  for (const wrap of [(a: object) => ({ a }), (a: object) => ({ z: 1, a }), (a: object) => ({ a: undefined, b: a })]) {
    const row = nest(MAX_ROW_DEPTH, wrap);
    expect(canonicalRow(row)).toBe(canonicalize(row));
    for (const levels of [MAX_ROW_DEPTH + 1, 5_000])
      expect(() => canonicalRow(nest(levels, wrap))).toThrow('a row has at most 128 levels of objects and arrays');
  }
  const cyclic: { a: unknown } = { a: [] };
  (cyclic.a as unknown[]).push(cyclic);
  expect(() => canonicalRow(cyclic)).toThrow('at most 128 levels');
  expect(() => canonicalRow({ deep: nest(5_000, (a) => ({ a })), n: Number.NaN })).toThrow('at most 128 levels');
  expect(() => canonicalRow({ a: Number.NaN, deep: nest(5_000, (a) => ({ a })) })).toThrow('row.a is NaN');
});

test.each([
  [{ a: Number.NaN }, 'row.a is NaN'],
  [{ a: { b: [1, () => 1] } }, 'row.a.b[1] is a function'],
  [{ a: 1n }, 'row.a is a bigint'],
  [{ a: new Map() }, 'row.a is an instance of Map'],
  [{ a: new Date(0) }, 'row.a is an instance of Date'],
])('what is no JSON is refused with its place', (row, message) => {
  expect(() => canonicalRow(row)).toThrow(message);
});

test('a row is an object', () => {
  expect(() => canonicalRow([1])).toThrow('a row is an object, not an array');
  expect(() => canonicalRow(null)).toThrow('a row is an object, not null');
});
