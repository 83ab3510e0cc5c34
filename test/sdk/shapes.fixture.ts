// docs/edge.md#strict-subset: schemas that a workflow may ask an answer by, and what becomes of each.
import * as z from 'zod';
import { toStructured } from '../../edge/schema/structured.ts';
import { describe as describeWorkflow } from '../../sdk/compile/describe-guest.ts';
import { findOptional } from '../../sdk/compile/optional.ts';
import { dataset } from '../../sdk/workflow/dataset.ts';

export type Json = Record<string, unknown>;

/** As the compiler and a worker see it. `isRewritten`: what is sent means the same, and is not what zod has written. */
export function verdictOf(output: z.ZodType): {
  readonly verdict: string;
  readonly isRewritten: boolean;
  readonly schema?: Json;
  readonly answer?: Json;
} {
  const workflow = dataset<object>('s').generate('a', { model: 'm', prompt: () => '', output });
  const { answer: found, schemaError } = describeWorkflow(workflow)!.operators[0]!;
  const answer = found as Json;
  const refused = schemaError ?? findOptional(answer, 'answer');
  if (refused !== undefined) return { verdict: `refused: ${refused}`, isRewritten: false };
  const sent = toStructured(answer);
  if (sent.kind === 'loose') return { verdict: `loose: ${sent.reason}`, isRewritten: false, answer };
  const dropped = sent.dropped.length === 0 ? '' : ` without ${sent.dropped.join(' ')}`;
  const schema = sent.schema as Json;
  const isRewritten = JSON.stringify(schema) !== JSON.stringify(answer);
  return { verdict: `${sent.wrapped ? 'wrapped' : 'strict'}${dropped}`, isRewritten, schema, answer };
}

export const field = (inner: z.ZodType) => z.object({ a: inner });
export const Tree = z.object({
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

export const SCHEMA_SHAPES: readonly (readonly [string, z.ZodType, string])[] = [
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
  ['a preprocessed text', field(z.preprocess((value) => value, z.string())), 'strict'],
  ['a codec', field(z.codec(z.string(), z.number(), { decode: Number, encode: String })), 'strict'],
  ['a text that is trimmed', field(z.string().trim().toLowerCase()), 'strict'],
  ['the names of a schema', field(z.object({ a: z.string(), b: z.string() }).keyof()), 'strict'],
  ['a part of a schema', z.object({ a: z.string(), b: z.string() }).pick({ a: true }).extend({ c: z.int() }), 'strict'],
  ['a lookbehind', field(z.string().regex(/(?<=a)b/)), 'strict without /properties/a/pattern'],
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
  ['a partial', field(z.object({ a: z.string() }).partial()), 'refused: answer.a.a is optional'],
  ['a prefault', field(z.string().prefault('x')), 'refused: answer.a is optional'],
  ['an optional in a list', z.array(field(z.string().optional())), 'refused: answer[].a is optional'],
  ['undefined', field(z.undefined()), 'refused: Undefined cannot be represented in JSON Schema'],
  ['NaN', field(z.nan()), 'refused: NaN cannot be represented in JSON Schema'],
  ['a symbol', field(z.symbol()), 'refused: Symbols cannot be represented in JSON Schema'],
  ['an instance', field(z.instanceof(Date)), 'refused: Custom types cannot be represented in JSON Schema'],
  [
    'a check of its own',
    field(z.custom((value) => value === 1)),
    'refused: Custom types cannot be represented in JSON Schema',
  ],
  ['a date', field(z.date()), 'refused: Date cannot be represented in JSON Schema'],
  ['a coerced date', field(z.coerce.date()), 'refused: Date cannot be represented in JSON Schema'],
  ['a bigint', field(z.bigint()), 'refused: BigInt cannot be represented in JSON Schema'],
  ['a map', field(z.map(z.string(), z.number())), 'refused: Map cannot be represented in JSON Schema'],
  ['a set', field(z.set(z.string())), 'refused: Set cannot be represented in JSON Schema'],
];
