import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createPlainCheck } from './plain-schema.ts';

const leaf = fc.constantFrom<z.ZodType>(
  z.string(),
  z.string().min(2).max(3),
  z.number(),
  z.number().min(-1).lt(2),
  z.number().gt(0),
  z.boolean(),
  z.null(),
  z.unknown(),
  z.enum(['a', 'bc', 'def']),
  z.literal(['a', 1, null]),
  z.string().trim(),
  z.email(),
  z.coerce.number(),
  z.int(),
  z.string().default('x'),
  z.string().optional(),
  z.string().refine((text) => text !== 'bc'),
  z.string().transform((text) => text.length),
);
const { schema } = fc.letrec<{ schema: z.ZodType }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('schema').map((inner) => inner.nullable()),
    tie('schema').map((inner) => inner.optional()),
    fc
      .tuple(tie('schema'), fc.boolean())
      .map(([inner, bound]) => (bound ? z.array(inner).min(1).max(2) : z.array(inner))),
    fc
      .tuple(fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '1'), tie('schema'), { maxKeys: 3 }), fc.nat(2))
      .map(([shape, kind]) => [z.object, z.strictObject, z.looseObject][kind]!(shape)),
  ),
}));
const value = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>('a', 'bc', 'def', ' a ', 'defg', 'a@b.cd', 0, 1, 1.5, -1, 2, 2 ** 60, true, false, null),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', '1'), tie('json'), { maxKeys: 3 }),
  ),
})).json;

test('a quick yes is what zod says, with the value itself as result', () => {
  let yes = 0;
  fc.assert(
    fc.property(schema, fc.array(value, { minLength: 8, maxLength: 8 }), (type, values) => {
      const check = createPlainCheck(type);
      if (check === null) return;
      for (const one of values.map((json) => JSON.parse(JSON.stringify(json)) as unknown)) {
        if (!check(one)) continue;
        yes++;
        expect(type.safeParse(one)).toEqual({ success: true, data: one });
      }
    }),
    { numRuns: 4_000 },
  );
  expect(yes).toBeGreaterThan(500);
});

test('rows as they are mostly read need no more; what a schema changes or may refuse for other reasons is left to zod', () => {
  const row = createPlainCheck(
    z.object({
      id: z.string(),
      score: z.number().min(0).max(1),
      tags: z.array(z.string()),
      note: z.string().nullish(),
    }),
  )!;
  expect(row({ id: 'a', score: 0.5, tags: [], note: null })).toBe(true);
  expect(row({ id: 'a', score: 0.5, tags: ['b'] })).toBe(true);
  expect(row({ id: 'a', score: 2, tags: [] })).toBe(false);
  expect(row({ id: 'a', score: 0.5 })).toBe(false);
  expect(row({ id: 'a', score: 0.5, tags: [], more: 1 })).toBe(false);
  expect(createPlainCheck(z.object({ id: z.string().trim() }))).toBeNull();
  expect(createPlainCheck(z.object({ id: z.string().default('') }))).toBeNull();
  expect(createPlainCheck(z.object({ id: z.string() }).refine(() => true))).toBeNull();
  expect(createPlainCheck({ safeParse: () => ({ success: true, data: 1 }) } as never)).toBeNull();
});
