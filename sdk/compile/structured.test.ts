import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { toStructured } from '../../edge/schema/structured.ts';
import { field, type Json, SCHEMA_SHAPES, Tree, verdictOf } from '../../test/sdk/shapes.fixture.ts';

test.each(SCHEMA_SHAPES)('%s', (_name, output, verdict) => {
  const found = verdictOf(output);
  expect(found.verdict).toBe(verdict);
  if (found.schema !== undefined) expect(problemsOf(found.schema)).toEqual([]);
});

test('what is not sent as a keyword is told to the model', () => {
  const { schema } = verdictOf(field(z.string().min(2).max(5).describe('A name.')));
  expect(schema).toEqual({
    type: 'object',
    properties: { a: { type: 'string', description: 'A name. Must fit {"minLength":2,"maxLength":5}.' } },
    required: ['a'],
    additionalProperties: false,
  });
});

test('references lead to what they led to, also around a wrapped root', () => {
  const { schema } = verdictOf(z.array(Tree));
  const [root] = Object.keys(schema!.$defs as object);
  expect(schema).toMatchObject({
    properties: { value: { type: 'array', items: { $ref: `#/$defs/${root}` } } },
    $defs: { [root!]: { properties: { kids: { items: { $ref: `#/$defs/${root}` } } } } },
  });
});

describe('whatever the schema', () => {
  test('an answer that fits it fits what is sent, and what is sent allows no other unless a keyword was dropped', () => {
    const seen = { strict: 0, fit: 0, misfit: 0 };
    fc.assert(
      fc.property(schemas, fc.array(fc.nat(), { minLength: 40, maxLength: 40 }), (schema, choices) => {
        const sent = toStructured(schema);
        if (sent.kind === 'loose') return;
        seen.strict += 1;
        expect(problemsOf(sent.schema as Json)).toEqual([]);
        const [own, other] = [compile(schema), compile(sent.schema)];
        for (let from = 0; from < 8; from++) {
          const value = sample(schema, [...choices.slice(from * 5), ...choices.slice(0, from * 5)]);
          const fits = own(value);
          seen[fits ? 'fit' : 'misfit'] += 1;
          const fitsSent = other(sent.wrapped ? { value } : value);
          if (fits || sent.dropped.length === 0)
            expect([JSON.stringify(value), fitsSent]).toEqual([JSON.stringify(value), fits]);
        }
      }),
      { numRuns: 150 },
    );
    expect(Math.min(seen.strict - 40, seen.fit - 80, seen.misfit - 80)).toBeGreaterThan(0);
  });

  test('it is never thrown at, nor sent as strict outside of the subset', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), hostile), (schema) => {
        const sent = toStructured(schema);
        if (sent.kind === 'strict') expect(problemsOf(sent.schema as Json)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('that doubles or has no end it is left alone', () => {
    const defs = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [
        `d${i}`,
        { oneOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] },
      ]),
    );
    expect(toStructured({ $ref: '#/$defs/d0', $defs: { ...defs, d60: { type: 'string' } } }).kind).toBe('loose');
    expect(
      toStructured({ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }).kind,
    ).toBe('loose');
    expect(toStructured({ oneOf: [{ $ref: '#' }, { type: 'null' }] }).kind).toBe('loose');
    let deep: Json = { type: 'string' };
    for (let i = 0; i < 100_000; i++) deep = { type: 'array', items: deep };
    expect(toStructured(deep).kind).toBe('loose');
  });
});

function compile(schema: unknown): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, ownProperties: true, logger: false });
  return (value) => ajv.validate(schema as object, value);
}

/** Where a schema leaves the subset, found by a walk of its own. */
function problemsOf(root: Json): string[] {
  const problems: string[] = [];
  const known = new Set(
    'type properties required additionalProperties items enum const anyOf $ref $defs description pattern format multipleOf minimum maximum exclusiveMinimum exclusiveMaximum minItems maxItems'.split(
      ' ',
    ),
  );
  const walk = (node: Json, at: string): void => {
    for (const keyword of Object.keys(node)) if (!known.has(keyword)) problems.push(`${at}: ${keyword}`);
    if (node.$ref === undefined && node.anyOf === undefined && typeof node.type !== 'string')
      problems.push(`${at}: no type`);
    if (node.$ref !== undefined && Object.keys(node).some((key) => key !== '$ref' && key !== '$defs'))
      problems.push(`${at}: beside $ref`);
    if (typeof node.pattern === 'string' && /\(\?[=!<]/.test(node.pattern)) problems.push(`${at}: lookaround`);
    if (node.type === 'object') {
      if (node.additionalProperties !== false) problems.push(`${at}: open`);
      if (
        Object.keys(node.properties as Json)
          .sort()
          .join() !== [...(node.required as string[])].sort().join()
      )
        problems.push(`${at}: optional`);
    }
    if (node.type === 'array' && node.items === undefined) problems.push(`${at}: no items`);
    const maps = [node.properties ?? {}, node.$defs ?? {}] as Json[];
    for (const map of maps) for (const [name, inner] of Object.entries(map)) walk(inner as Json, `${at}/${name}`);
    if (node.items !== undefined) walk(node.items as Json, `${at}[]`);
    for (const inner of (node.anyOf ?? []) as Json[]) walk(inner, `${at}|`);
  };
  if (root.type !== 'object') problems.push('root: no object');
  walk(root, '');
  return problems;
}

const keys = fc.constantFrom('a', 'b', 'k', 'constructor', 'x/y');
const leaf = fc.oneof(
  fc.record(
    { type: fc.constant('string'), maxLength: fc.nat(3), pattern: fc.constantFrom('^a', '^(?!b)', 'b$') },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    {
      type: fc.constantFrom('number', 'integer'),
      minimum: fc.integer({ min: -2, max: 2 }),
      multipleOf: fc.constant(2),
    },
    { requiredKeys: ['type'] },
  ),
  fc.record({ type: fc.constantFrom('boolean', 'null') }),
  fc.record({ const: fc.constantFrom('a', 1, true, null) }),
  fc.record({ enum: fc.uniqueArray(fc.constantFrom('a', 'b', 1, 2, true, null), { minLength: 1, maxLength: 4 }) }),
  fc.record({ type: fc.constant(['string', 'null']), maxLength: fc.nat(2) }, { requiredKeys: ['type'] }),
);
const closed = (properties: Json): Json => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const { node } = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record(
      {
        type: fc.constant('array'),
        items: tie('node'),
        maxItems: fc.integer({ min: 1, max: 3 }),
        uniqueItems: fc.boolean(),
      },
      { requiredKeys: ['type', 'items'] },
    ),
    fc.dictionary(keys, tie('node'), { maxKeys: 3 }).map(closed),
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((oneOf) => ({ oneOf })),
    fc.uniqueArray(fc.constantFrom('p', 'q', 'r'), { minLength: 1, maxLength: 3 }).chain((kinds) =>
      fc.tuple(...kinds.map(() => fc.dictionary(keys, tie('node'), { maxKeys: 2 }))).map((parts) => ({
        oneOf: parts.map((part, i) => closed({ ...part, k: { const: kinds[i] } })),
      })),
    ),
    fc.tuple(fc.uniqueArray(keys, { minLength: 1, maxLength: 2 }), tie('node')).map(([names, inner]) => ({
      type: 'object',
      propertyNames: { type: 'string', enum: names },
      additionalProperties: inner,
      required: names,
    })),
    fc.constant({ $ref: '#/$defs/d' }),
  ),
}));
const schemas = fc.tuple(node, leaf, fc.dictionary(keys, leaf, { maxKeys: 2 })).map(([root, one, part]) => ({
  ...root,
  $defs: { d: { anyOf: [one, closed({ ...part, more: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/d' }] } })] } },
}));
const words = fc.constantFrom(
  'type',
  'items',
  'properties',
  'required',
  'anyOf',
  'oneOf',
  'allOf',
  '$ref',
  '$defs',
  'enum',
  'const',
  'additionalProperties',
  'pattern',
  'format',
);
const hostile = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom<unknown>('object', 'string', 'array', '#', '#/$defs/a', null, 1, true, false),
    fc.dictionary(fc.oneof(words, fc.constantFrom('a', '__proto__')), tie('any'), { maxKeys: 5 }),
    fc.array(tie('any'), { maxLength: 3 }),
  ),
})).any;

/** A value that mostly fits; each choice of ten is one that may not. */
function sample(root: Json, choices: readonly number[]): unknown {
  let at = 0;
  const pick = (count: number): number => (choices[at++ % choices.length] as number) % count;
  const make = (given: Json, depth: number): unknown => {
    const schema = given.$ref === undefined ? given : ((root.$defs as Json).d as Json);
    if (depth > 6) return null;
    if (pick(12) === 0)
      return [null, 'a', 'ab', 'bbbb', 1, 2.5, true, [], ['a', 'a'], {}, { a: 'a' }, { k: 'p' }][pick(12)];
    const branches = (schema.anyOf ?? schema.oneOf) as Json[] | undefined;
    if (branches !== undefined) return make(branches[pick(branches.length)] as Json, depth + 1);
    if ('const' in schema) return schema.const;
    if (Array.isArray(schema.enum)) return schema.enum[pick(schema.enum.length)];
    const type = Array.isArray(schema.type) ? schema.type[pick(schema.type.length)] : schema.type;
    if (type === 'object') {
      const record = (schema.propertyNames as Json | undefined)?.enum as string[] | undefined;
      const entries =
        record?.map((name) => [name, schema.additionalProperties] as const) ??
        Object.entries(schema.properties as Json);
      return Object.fromEntries(entries.map(([name, inner]) => [name, make(inner as Json, depth + 1)]));
    }
    if (type === 'array') return Array.from({ length: pick(4) }, () => make(schema.items as Json, depth + 1));
    return (
      {
        string: ['a', 'ab', '', 'cb', 'abab'][pick(5)],
        number: [0, 2, -2, 1.5][pick(4)],
        integer: [0, 2, 4, -4][pick(4)],
        boolean: true,
      }[String(type)] ?? null
    );
  };
  return make(root, 0);
}
