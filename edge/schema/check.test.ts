import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createContentCheck, findSchemaProblem, MAX_WORK } from './check.ts';

const RUNS = 200;
const check = createContentCheck();
const verdictOf = (schema: unknown, value: unknown) => check(JSON.stringify(schema), JSON.stringify(value));
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));
const named = (count: number, make: (i: number) => unknown) =>
  Object.fromEntries(times(count, (i) => [`k${i}`, make(i)]));

describe('a content', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://example.org/tree',
    type: 'object',
    properties: {
      name: { type: 'string', pattern: '^[a-z]+$', format: 'email' },
      next: { $ref: '#' },
      '~/x': { const: 1 },
    },
    required: ['name'],
    additionalProperties: false,
  };

  test.each([
    [{ name: 'ann', next: { name: 'bob' } }, undefined],
    [{ name: 'ann', next: { name: 'Bob' } }, '/next/name must match pattern "^[a-z]+$"'],
    [{ name: 'ann', next: {} }, "/next must have required property 'name'"],
    [{ name: 'ann', age: 1 }, 'value must NOT have additional properties'],
    [{ name: 'ann', '~/x': 2 }, '/~0~1x must be equal to constant'],
  ])('%j: %s', (value, reason) => {
    expect(verdictOf(schema, value)).toEqual(reason === undefined ? undefined : { kind: 'unfit', reason });
  });

  test('has the fields that it has, not those of all objects', () => {
    const schema = { type: 'object', required: ['constructor'], properties: { toString: { type: 'string' } } };
    expect(verdictOf(schema, {})).toMatchObject({ reason: "value must have required property 'constructor'" });
    expect(verdictOf(schema, { constructor: 1 })).toBeUndefined();
  });

  test('has a field __proto__ like any other', () => {
    const check = createContentCheck();
    const schema = `{"type":"object","properties":{"__proto__":{"type":"string"},"a":{"$ref":"#/properties/__proto__"}},
      "patternProperties":{"^__proto__$":{"maxLength":2}},"required":["__proto__"],"additionalProperties":false}`;
    expect(check(schema, '{"__proto__":"x","a":"long"}')).toBeUndefined();
    expect(check(schema, '{"__proto__":5}')).toMatchObject({ reason: '/__proto__ must be string' });
    expect(check(schema, '{"__proto__":"long"}')).toMatchObject({ kind: 'unfit' });
    expect(check(schema, '{"__proto__":"x","a":1}')).toMatchObject({ reason: '/a must be string' });
    expect(check(schema, '{"a":"x"}')).toMatchObject({ reason: "value must have required property '__proto__'" });
  });

  test('that is no JSON does not fit', () => {
    expect(check(undefined, '{')).toMatchObject({ kind: 'unfit', reason: expect.stringMatching(/^not JSON/) });
    expect(check(undefined, '{}')).toBeUndefined();
  });

  test('two patterns of one schema are two', () => {
    const both = { properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } } };
    expect(verdictOf(both, { a: 'a', b: 'b' })).toBeUndefined();
    expect(verdictOf(both, { a: 'a', b: 'a' })).toMatchObject({ kind: 'unfit' });
  });

  test('items are told apart as JSON Schema does', () => {
    const unique = { uniqueItems: true };
    expect(
      verdictOf(unique, [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ]),
    ).toMatchObject({ kind: 'unfit' });
    expect(check(JSON.stringify(unique), '[0,-0.0]')).toMatchObject({ kind: 'unfit' });
    expect(verdictOf(unique, [1, '1', [1], { 1: 1 }, null, true, 'true'])).toBeUndefined();
    expect(check(JSON.stringify(unique), '[1e999,null]')).toBeUndefined();
  });
});

describe('a schema is unusable, and the place is named', () => {
  const doubling = {
    ...named(60, (i) => ({ allOf: [{ $ref: `#/$defs/k${i + 1}` }, { $ref: `#/$defs/k${i + 1}` }] })),
    k60: {},
  };
  const deep = times(70, () => 0).reduce<unknown>((inner) => ({ items: inner }), {});
  test.each<[string, unknown, unknown, RegExp]>([
    [
      'definitions that double',
      { $ref: '#/$defs/k0', $defs: doubling },
      1,
      /^schema at \/\$defs\/k\d+\/allOf\/.*at most 4000000 units of work/,
    ],
    [
      'doubling along the content',
      { $ref: '#/$defs/r', $defs: { r: { items: { allOf: [{ $ref: '#/$defs/r' }, { $ref: '#/$defs/r' }] } } } },
      times(40, () => 0).reduce<unknown>((inner) => [inner], 1),
      /units of work/,
    ],
    ['a reference to itself', { allOf: [{ $ref: '#' }] }, 1, /refers to itself/],
    [
      'a reference elsewhere',
      { properties: { a: { $ref: 'https://example.org/x' } } },
      1,
      /^schema at \/properties\/a\/\$ref: nothing is fetched/,
    ],
    ['a reference to no schema', { $ref: '#/enum/0', enum: [{}] }, 1, /^schema at \/\$ref: no schema is there/],
    ['a dynamic reference', { items: { $dynamicRef: '#x' } }, 1, /^schema at \/items\/\$dynamicRef: a keyword/],
    ['a schema in a schema', { items: { $id: 'x' } }, 1, /^schema at \/items\/\$id/],
    [
      'too many subschemas',
      { allOf: times(600, () => ({})) },
      1,
      /^schema at \/allOf\/511: too large: expected at most 512/,
    ],
    ['too deep a schema', deep, 1, /too deep: expected at most 64 levels/],
    ['too many names', { properties: named(8_001, () => 1) }, 1, /^schema at .*too large/],
    [
      'too long a schema',
      { enum: times(20_000, (i) => i) },
      1,
      /^schema at its root: too large: expected at most 65536 characters/,
    ],
    ['a lookbehind', { items: { pattern: '(?<=a)b' } }, ['b'], /"\(\?<=a\)b" cannot be checked in linear time/],
    ['a name with a lookahead', { patternProperties: { 'a(?!b)': {} } }, {}, /linear time/],
    ['no schema', { items: 7 }, 1, /^schema at \/items: no schema: expected an object or a boolean, got 7/],
    ['no type', { type: 'text' }, 1, /schema is invalid: data\/type/],
    [
      'many patterns on many names',
      { patternProperties: Object.fromEntries(times(100, (i) => [`^(a+)+${i}$`, {}])) },
      named(20_000, () => 1),
      /units of work/,
    ],
    [
      'a pattern of many states on a long text',
      { pattern: '(?:.{0,300}a.{0,300}b){3}$' },
      'ab'.repeat(50_000),
      /units of work/,
    ],
    [
      'many keywords on many items',
      { items: { allOf: times(400, () => ({ type: 'number' })) } },
      times(20_000, () => 1),
      /units of work/,
    ],
    [
      'a long enum on many items',
      { items: { enum: times(4_000, (i) => ({ a: i })) } },
      times(20_000, () => ({ a: 3_999 })),
      /units of work/,
    ],
  ])('%s', (_name, schema, value, reason) => {
    expect(verdictOf(schema, value)).toEqual({ kind: 'unusable', reason: expect.stringMatching(reason) });
  });

  test('and the next check is as before', () => {
    expect(verdictOf({ type: 'number' }, 1)).toBeUndefined();
  });

  test('where a workflow is made, too', () => {
    expect(findSchemaProblem({ type: 'object', properties: { a: { pattern: 'a(?=b)' } } })).toMatch(/"a\(\?=b\)"/);
    expect(findSchemaProblem({ type: 'object', properties: { a: { type: 'string' } } })).toBeUndefined();
  });
});

test.each<[string, unknown, unknown]>([
  ['^(a+)+$', { type: 'object', properties: { text: { pattern: '^(a+)+$' } } }, { text: `${'a'.repeat(100_000)}!` }],
  ['unique numbers', { uniqueItems: true }, times(60_000, (i) => i)],
  ['unique objects', { uniqueItems: true }, times(20_000, (i) => ({ i }))],
  ['a long string', { maxLength: 300_000, minLength: 1 }, '😀'.repeat(100_000)],
  ['512 properties', { properties: named(500, () => ({ type: 'string' })), additionalProperties: false }, { k0: 'x' }],
])('%s is within the %#. budget', (_name, schema, value) => {
  const verdict = verdictOf(schema, value);
  expect(verdict?.kind).not.toBe('unusable');
});

// Keywords that lead to each other, over the values that they constrain.
const { schema } = fc.letrec<{ schema: unknown }>((tie) => {
  const inner = tie('schema');
  const list = fc.array(inner, { minLength: 1, maxLength: 2 });
  const name = fc.constantFrom('a', 'b', 'c');
  return {
    schema: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.constantFrom<unknown>(
        true,
        {},
        { type: 'string' },
        { type: ['number', 'null'] },
        { $ref: '#' },
        { $ref: '#/$defs/d' },
      ),
      fc.constantFrom<unknown>(
        { pattern: '^(a+)+$' },
        { pattern: 'b|\\d' },
        { uniqueItems: true },
        { enum: ['a', 1, [1], { a: 1 }] },
      ),
      fc.constantFrom<unknown>(
        { minLength: 2 },
        { maxItems: 2 },
        { required: ['a'] },
        { const: { a: 1 } },
        { multipleOf: 2 },
      ),
      fc
        .uniqueArray(
          fc.oneof(
            ...['not', 'if', 'then', 'else', 'items', 'contains', 'unevaluatedItems', 'propertyNames'].map((keyword) =>
              fc.tuple(fc.constant(keyword), inner),
            ),
            ...['additionalProperties', 'unevaluatedProperties'].map((keyword) =>
              fc.tuple(fc.constant(keyword), inner),
            ),
            ...['allOf', 'anyOf', 'oneOf', 'prefixItems'].map((keyword) => fc.tuple(fc.constant(keyword), list)),
            fc.tuple(fc.constant('properties'), fc.dictionary(name, inner, { maxKeys: 2 })),
            fc.tuple(fc.constant('dependentSchemas'), fc.dictionary(name, inner, { maxKeys: 1 })),
            fc.tuple(
              fc.constant('patternProperties'),
              fc.dictionary(fc.constantFrom('^a', '[bc]'), inner, { maxKeys: 2 }),
            ),
          ),
          { minLength: 1, maxLength: 3, selector: ([keyword]) => keyword },
        )
        .map((entries): unknown => Object.fromEntries(entries)),
    ),
  };
});
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, 0, 1, 2.5, '', 'a', 'aaaa!', 'b'),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('json'), { maxKeys: 3 }),
  ),
}));

test('any schema says what ajv says, or that it is too much', () => {
  fc.assert(
    fc.property(schema, schema, fc.array(json, { minLength: 2, maxLength: 2 }), (root, definition, values) => {
      const whole = typeof root === 'boolean' ? root : { ...(root as object), $defs: { d: definition } };
      const plain = tryPlain(whole);
      for (const value of values) {
        const verdict = verdictOf(whole, value);
        // With the keyword of the work in it ajv compiles a reference to itself, and the check of what reaches it ends.
        if (verdict?.kind === 'unusable') expect(verdict.reason).toMatch(/units of work|refers to itself/);
        if (verdict?.kind === 'unusable' || plain === undefined) continue;
        expect([whole, value, verdict === undefined]).toEqual([whole, value, plain(JSON.parse(JSON.stringify(value)))]);
      }
    }),
    { numRuns: RUNS },
  );
  expect(MAX_WORK).toBe(4_000_000);
});

/** Undefined for a reference to itself, which has no end. */
function tryPlain(whole: unknown): ((value: unknown) => boolean) | undefined {
  try {
    // Ajv's optimizer now and then drops a variable that is used.
    const options = { strict: false, logger: false, ownProperties: true, code: { optimize: false } } as const;
    const validate = new Ajv2020(options).compile(whole as object);
    return (value) => validate(value) as boolean;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
