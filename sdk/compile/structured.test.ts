import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { toStructured } from '../../edge/schema/structured.ts';
import { dataset } from '../workflow/dataset.ts';
import { describe as describeWorkflow } from './describe-guest.ts';
import { findOptional } from './optional.ts';

type Json = Record<string, unknown>;

/** As the compiler sees it. */
function verdictOf(output: z.ZodType): { verdict: string; schema?: Json; wrapped?: boolean; answer?: Json } {
  const workflow = dataset<object>('s').generate('a', { model: 'm', prompt: () => '', output });
  const { answer, schemaError } = describeWorkflow(workflow)!.steps[0]!;
  const refused = schemaError ?? findOptional(answer, 'answer');
  if (refused !== undefined) return { verdict: `refused: ${refused}` };
  const sent = toStructured(answer);
  if (sent.kind === 'loose') return { verdict: `loose: ${sent.reason}`, answer: answer as Json };
  const dropped = sent.dropped.length === 0 ? '' : ` without ${sent.dropped.join(' ')}`;
  const verdict = `${sent.wrapped ? 'wrapped' : 'strict'}${dropped}`;
  return { verdict, schema: sent.schema as Json, wrapped: sent.wrapped, answer: answer as Json };
}

const field = (inner: z.ZodType) => z.object({ a: inner });
const Tree = z.object({
  v: z.string(),
  get kids() {
    return z.array(Tree);
  },
});
const Loop: z.ZodType = z.object({
  v: z.string().optional(),
  get kids() {
    return z.array(Loop);
  },
});
const Json: z.ZodType = z.lazy(() => z.union([z.string(), z.null(), z.array(Json)]));
const shared = z.object({ x: z.number() });
const named = z.object({ n: z.int() }).meta({ id: 'Named' });
const nested = (levels: number): z.ZodType => (levels === 0 ? z.string() : z.object({ a: nested(levels - 1) }));
const many = (count: number) => Array.from({ length: count }, (_, i) => `label ${i}`) as [string, ...string[]];
const fields = (count: number) => z.object(Object.fromEntries(many(count).map((name) => [name, z.boolean()])));

const SHAPES: readonly (readonly [string, z.ZodType, string])[] = [
  [
    'an object of scalars',
    z.object({ s: z.string(), n: z.number(), i: z.int(), b: z.boolean(), u: z.null() }),
    'strict',
  ],
  ['an object without fields', z.object({}), 'strict'],
  ['a strict object', z.strictObject({ a: z.string() }), 'strict'],
  ['a loose object', z.looseObject({ a: z.string() }), 'loose: the root: an object of which not all fields are named'],
  [
    'a catchall',
    z.object({ a: z.string() }).catchall(z.number()),
    'loose: the root: an object of which not all fields are named',
  ],
  ['an enum', field(z.enum(['日本', 'œuvre', '😀', 'a"b'])), 'strict'],
  ['a native enum', field(z.enum({ A: 0, B: 1 })), 'strict'],
  ['a literal', field(z.literal('x')), 'strict'],
  ['literals of several types', field(z.literal(['x', 1, null])), 'strict'],
  ['null as a literal', field(z.literal(null)), 'strict'],
  ['a nullable', field(z.string().nullable()), 'strict'],
  ['bounds of numbers', field(z.number().min(0).lt(5).multipleOf(0.5)), 'strict'],
  ['two divisors', field(z.number().multipleOf(2).multipleOf(3)), 'strict without /properties/a/allOf'],
  ['bounds of lists', field(z.array(z.string()).min(1).max(3)), 'strict'],
  [
    'lengths of a text',
    field(z.string().min(2).max(5)),
    'strict without /properties/a/minLength /properties/a/maxLength',
  ],
  ['a pattern', field(z.string().regex(/^a+$/)), 'strict'],
  ['two patterns', field(z.string().regex(/^a/).regex(/b$/)), 'strict without /properties/a/allOf'],
  ['a lookahead', field(z.string().regex(/^(?!x)[a-z]+$/)), 'strict without /properties/a/pattern'],
  ['known formats', z.object({ d: z.iso.date(), u: z.uuid(), e: z.email() }), 'strict'],
  ['unknown formats', z.object({ u: z.url(), j: z.jwt(), n: z.cuid2() }), 'strict'],
  ['base64', field(z.base64()), 'strict'],
  [
    'a description and metadata',
    field(z.string().describe('the name')).meta({ title: 'T', description: 'D' }),
    'strict',
  ],
  ['a root with an id', z.object({ a: z.string() }).meta({ id: 'Foo' }), 'strict'],
  ['a definition that is named twice', z.object({ a: named, b: named }), 'strict'],
  ['a part that is used twice', z.object({ a: shared, b: z.array(shared) }), 'strict'],
  ['a recursive object', Tree, 'strict'],
  ['a recursive union at the root', Json, 'wrapped'],
  ['a text at the root', z.string(), 'wrapped'],
  ['a list at the root', z.array(z.object({ a: z.int() })), 'wrapped'],
  ['a union at the root', z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]), 'wrapped'],
  ['a recursive list at the root', z.array(Tree), 'wrapped'],
  [
    'a discriminated union at the root',
    z.discriminatedUnion('k', [z.object({ k: z.literal('a'), n: z.int() }), z.object({ k: z.literal(['b', 'c']) })]),
    'wrapped',
  ],
  [
    'a discriminated union',
    field(z.discriminatedUnion('k', [z.object({ k: z.literal(1) }), z.object({ k: z.literal(2) })])),
    'strict',
  ],
  [
    'one discriminated union in another',
    field(
      z.discriminatedUnion('k', [
        z.discriminatedUnion('j', [
          z.object({ k: z.literal('a'), j: z.literal(1) }),
          z.object({ k: z.literal('a'), j: z.literal(2) }),
        ]),
        z.object({ k: z.literal('b') }),
      ]),
    ),
    'strict',
  ],
  ['a choice of types', field(z.xor([z.string(), z.number(), z.null()])), 'strict'],
  [
    'a choice of objects by their fields',
    field(z.xor([z.object({ p: z.string() }), z.object({ q: z.string() })])),
    'strict',
  ],
  [
    'a choice that may be both',
    field(z.xor([z.string().min(2), z.string().max(5)])),
    'loose: /properties/a: branches that a value may fit both of',
  ],
  [
    'an integer or a number',
    field(z.xor([z.int(), z.number()])),
    'loose: /properties/a: branches that a value may fit both of',
  ],
  ['a union', field(z.union([z.string(), z.number(), shared])), 'strict'],
  ['an intersection of objects', z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })), 'strict'],
  [
    'an intersection in a field',
    field(z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() }))),
    'strict',
  ],
  [
    'an intersection that is no object',
    field(z.intersection(z.union([z.string(), z.number()]), z.union([z.number(), z.null()]))),
    'loose: /properties/a: any value: it has no type',
  ],
  [
    'a record',
    field(z.record(z.string(), z.number())),
    'loose: /properties/a: an object of which not all fields are named',
  ],
  ['a record of named keys', field(z.record(z.enum(['x', 'y']), z.number())), 'strict'],
  ['a record at the root', z.record(z.enum(['x', 'y']), z.number()), 'strict'],
  [
    'a partial record',
    field(z.partialRecord(z.enum(['x']), z.number())),
    'loose: /properties/a: an object of which not all fields are named',
  ],
  [
    'a tuple',
    field(z.tuple([z.string(), z.number()])),
    'loose: /properties/a/prefixItems: strict mode has no such keyword',
  ],
  ['anything', field(z.any()), 'loose: /properties/a: any value: it has no type'],
  ['something unknown', field(z.unknown()), 'loose: /properties/a: any value: it has no type'],
  ['nothing', field(z.never()), 'loose: /properties/a: any value: it has no type'],
  ['z.json()', field(z.json()), 'loose: /$defs/__schema0/anyOf/5: an object of which not all fields are named'],
  ['a template literal', field(z.templateLiteral(['v', z.int()])), 'strict'],
  ['a transform', field(z.string().transform((text) => text.length)), 'strict'],
  ['a pipe', field(z.string().pipe(z.coerce.number())), 'strict'],
  ['a text for a boolean', field(z.stringbool()), 'strict'],
  ['a refinement', field(z.string().refine((text) => text !== 'x')), 'strict'],
  ['a catch', field(z.string().catch('x')), 'strict'],
  ['a brand and readonly', field(z.array(z.string().brand('b')).readonly()), 'strict'],
  ['ten levels', nested(9), 'strict'],
  [
    'eleven levels',
    nested(11),
    'loose: /properties/a/properties/a/properties/a/properties/a/properties/a/properties/a/properties/a/properties/a/properties/a/properties/a: more than 10 levels',
  ],
  ['an enum of a thousand', field(z.enum(many(1000))), 'strict'],
  ['an enum of 1,001', field(z.enum(many(1001))), 'loose: the root: more than 1000 values of enums'],
  [
    'a long enum',
    field(z.enum(many(300).map((one) => one.padEnd(60)) as [string])),
    'loose: /properties/a: an enum of 300 values with 18000 characters',
  ],
  ['5,000 fields', fields(5000), 'strict'],
  ['5,001 fields', fields(5001), 'loose: the root: more than 5000 properties'],
  ['an optional', field(z.string().optional()), 'refused: answer.a is optional'],
  ['a nullish', field(z.string().nullish()), 'refused: answer.a is optional'],
  ['a default', field(z.string().default('x')), 'refused: answer.a is optional'],
  [
    'an optional in a record',
    field(z.record(z.string(), field(z.string().optional()))),
    'refused: answer.a.*.a is optional',
  ],
  [
    'an optional in a branch',
    field(z.discriminatedUnion('k', [z.object({ k: z.literal('a'), n: z.int().optional() })])),
    'refused: answer.a.n is optional',
  ],
  ['an optional in a recursion', Loop, 'refused: answer.v is optional'],
  ['an optional in a tuple', field(z.tuple([z.object({ b: z.int().optional() })])), 'refused: answer.a.b is optional'],
  ['a date', field(z.date()), 'refused: Date cannot be represented in JSON Schema'],
  ['a coerced date', field(z.coerce.date()), 'refused: Date cannot be represented in JSON Schema'],
  ['a bigint', field(z.bigint()), 'refused: BigInt cannot be represented in JSON Schema'],
  ['a map', field(z.map(z.string(), z.number())), 'refused: Map cannot be represented in JSON Schema'],
  ['a set', field(z.set(z.string())), 'refused: Set cannot be represented in JSON Schema'],
];

test.each(SHAPES)('%s', (_name, output, verdict) => {
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
