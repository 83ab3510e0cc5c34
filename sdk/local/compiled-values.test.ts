// docs/vm.md#compiled: sealing and writing values, compiled, against what they are by definition, both in QuickJS.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { buildProgram } from '../../vm/quickjs/build.ts';
import type { LocalEngine } from './engine.ts';
import { createLocalNativeEngine } from './native-engine.ts';

/**
 * For each line, an expression: what the compiled functions and the definition make of its value, and whether they were asked of the
 * compiled ones alone. An expression may count with `touched++` how often something of the user's has been run.
 */
const COMPARE = `
import { canonicalReference } from './canonical.ts';
import { sealReference } from './seal.ts';
globalThis.touched = 0;
const show = (value) => {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : typeof value + ':' + String(value);
  let own = '';
  for (const name of Reflect.ownKeys(value)) {
    const { enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(value, name);
    own += JSON.stringify(String(name)) + [enumerable, configurable, writable] + show(value[name]) + ',';
  }
  const kind = Array.isArray(value) ? 'list' : Object.getPrototypeOf(value) === Object.prototype ? 'object' : 'other';
  return kind + Object.isFrozen(value) + '{' + own + '}';
};
const freeze = (value) => {
  if (typeof value !== 'object' || value === null) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
};
const frozenRow = (line) => {
  freeze(line[1]);
  return line;
};
const attempt = (make) => {
  try { return make(); } catch (error) { return 'error ' + error.message; }
};
globalThis.__mizu_main = (io) => {
  const compare = (compiled, reference) => {
    touched = 0;
    const made = compiled();
    if (made === undefined) return touched === 0 ? 'asks' : 'has touched it';
    const [a, b] = [show(made), attempt(() => show(reference()))];
    return a === b ? 'same' : a + ' is not ' + b;
  };
  const out = [];
  if (io.env.MIZU_STAGE === '1') {
    for (io.open(1); io.next(); ) {
      const [json, row] = [attempt(() => show(io.json())), attempt(() => show(io.row()))];
      const [expected, frozen] = [attempt(() => show(JSON.parse(io.line()))), attempt(() => show(frozenRow(JSON.parse(io.line()))))];
      out.push(JSON.stringify([json === expected ? 'same' : json + ' is not ' + expected, row === frozen ? 'same' : row + ' is not ' + frozen]));
    }
    io.write(out.join('\\n'));
    return;
  }
  io.open(1);
  while (io.next()) {
    const make = (0, eval)('() => (' + io.json() + ')');
    const values = [
      compare(() => io.canonical(make()), () => canonicalReference(make())),
      compare(() => io.seal(make()), () => sealReference(make())),
      compare(() => io.sealWith({ a: 1, m: [1], z: 'x' }, 'm', make()), () => sealReference({ a: 1, m: make(), z: 'x' })),
      compare(() => io.sealWith({ a: 1, z: 'x' }, 'é', make()), () => sealReference({ a: 1, z: 'x', é: make() })),
      compare(() => io.sealWith(io.seal(make()), 'm', 1), () => sealReference({ ...sealReference(make()), m: 1 })),
    ];
    out.push(JSON.stringify(values));
  }
  io.write(out.join('\\n'));
};`;

let engine: LocalEngine;

beforeAll(async () => {
  const resolveDir = fileURLToPath(new URL('../runtime', import.meta.url));
  const { outputFiles } = await build({
    stdin: { contents: COMPARE, resolveDir, loader: 'js' },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
  });
  engine = createLocalNativeEngine(await buildProgram(outputFiles[0]!.text));
});

/** Of each expression: canonical, seal, and three ways of sealWith. */
function compare(expressions: readonly string[]): string[][] {
  return run(
    0,
    expressions.map((one) => JSON.stringify(one)),
  );
}

function run(stage: number, lines: readonly string[]): string[][] {
  const input = new TextEncoder().encode(lines.join('\n'));
  const { status, log, output } = engine.exec({ stage, partition: 0, width: 1, partitions: 1, inputs: [input] });
  expect([status, log]).toEqual([0, '']);
  return new TextDecoder()
    .decode(output)
    .split('\n')
    .map((line) => JSON.parse(line) as string[]);
}

const name = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'b',
    'z',
    '10',
    '9',
    '01',
    '__proto__',
    'toJSON',
    'é',
    '\u{ffff}',
    '\u{1f600}',
    '\ue000',
    'a"\\\n',
  ),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const scalar = fc.oneof(
  fc.double().map((value) => (Object.is(value, -0) ? '-0' : String(value))),
  fc.integer().map(String),
  fc.constantFrom(
    '-0',
    '0',
    '1e21',
    '1e-7',
    '123456789012345680000',
    '9007199254740991',
    '9007199254740993',
    '0.1',
    '5e-324',
    '-2.5',
  ),
  fc.constantFrom(
    'true',
    'false',
    'null',
    '"a" + "b".repeat(9000)',
    '"\\u00e9".repeat(300)',
    '"0123456\\"89\\u0001\\u001f"',
  ),
  fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => JSON.stringify(text)),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => JSON.stringify(text)),
);
const tree = (leaf: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, leaf, tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 5 }).map((items) => `[${items.join()}]`),
    object: fc
      .array(fc.tuple(name, tie('value')), { maxLength: 6 })
      .map((fields) => `{${fields.map(([key, value]) => `[${JSON.stringify(key)}]:${value}`).join()}}`),
  })).value;
/** What is no JSON, or JSON in an unusual form. */
const odd = fc.constantFrom(
  'undefined',
  'NaN',
  '-Infinity',
  '1n',
  'Symbol()',
  '() => 1',
  'new Date(0)',
  'new Map()',
  'new String("x")',
  'new (class A { a = 1 })',
  'new (class B extends Array {})(1, 2, 3)',
  'Object.assign(Object.create(null), { b: 1, a: 2 })',
  'Object.create({ inherited: 1 })',
  '{ get a() { touched++; return 1; } }',
  '{ toJSON: undefined, b: 1 }',
  'new Proxy({ a: 1 }, { ownKeys() { touched++; throw new Error("no"); }, get() { touched++; throw new Error("no"); } })',
  'new Proxy([1], { get(target, key) { touched++; return target[key]; } })',
  '[, 1]',
  'Object.defineProperty([1, 2], 0, { get() { touched++; return 1; } })',
  'Object.defineProperty({ b: 1 }, "hidden", { value: 1 })',
  '{ [Symbol()]: 1, a: 1 }',
  'Object.freeze({ b: Object.freeze([1]), a: 1 })',
  '(function () { return arguments; })(1, 2)',
  'new Uint8Array(2)',
  '"\\ud800x"',
  '{ ["\\ud800"]: 1, ["\\udc00"]: 2 }',
  '"\\udc00".repeat(3) + "\\ud83d\\ude00"',
  '(() => { const shared = { b: [1], a: "x" }; return [shared, shared]; })()',
  '(() => { const cyclic = { a: [] }; cyclic.a.push(cyclic); return cyclic; })()',
);

test('what is JSON is compiled, and the same as by definition', () => {
  fc.assert(
    fc.property(fc.array(tree(scalar), { minLength: 40, maxLength: 40 }), (all) => {
      const expressions = all.map((one) => `{ v: ${one} }`);
      for (const [at, [written, sealed, ...ways]] of compare(expressions).entries()) {
        // Half a surrogate pair, NaN and infinities are for JavaScript; so are texts that are long in bytes alone.
        const isPlain = !/\\ud[89a-f]|NaN|Infinity/.test(expressions[at]!);
        if (isPlain) expect([expressions[at], written, sealed]).toEqual([expressions[at], 'same', 'same']);
        for (const result of [written, sealed, ...ways]) expect(['same', 'asks']).toContain(result);
      }
    }),
    { numRuns: 15 },
  );
});

test('what is no JSON, or an unusual form of it, is left to the definition before anything of it is run', () => {
  fc.assert(
    fc.property(fc.array(tree(fc.oneof(scalar, odd, odd)), { minLength: 40, maxLength: 40 }), (expressions) => {
      for (const [at, results] of compare(expressions).entries()) {
        for (const result of results)
          expect([expressions[at], result === 'same' || result]).toEqual([
            expressions[at],
            result === 'asks' ? 'asks' : true,
          ]);
      }
    }),
    { numRuns: 15 },
  );
});

test('depth, length and number of fields have the same bounds', () => {
  const deep = (levels: number) =>
    `((value) => { for (let i = 0; i < ${levels}; i++) value = i % 2 ? [value] : { a: value }; return value; })(1)`;
  const fields = (count: number) =>
    `Object.fromEntries(Array.from({ length: ${count} }, (_, i) => ["k" + (${count} - i), i]))`;
  const [within, beyond, far, long, many, more] = compare([
    deep(128),
    deep(129),
    deep(3000),
    '{ a: "x".repeat(2 ** 20) }',
    fields(64),
    fields(7000),
  ]) as [string[], string[], string[], string[], string[], string[]];
  expect(within.slice(0, 2)).toEqual(['same', 'same']);
  expect(beyond.slice(0, 2)).toEqual(['asks', 'asks']);
  expect(far.slice(0, 2)).toEqual(['asks', 'asks']);
  expect(long.slice(0, 2)).toEqual(['same', 'asks']);
  expect(many.slice(0, 2)).toEqual(['same', 'same']);
  expect(more.slice(0, 2)).toEqual(['asks', 'asks']);
});

test('a line is read as JSON.parse reads it, or refused with the same words', () => {
  const space = fc.constantFrom('', '', '', ' ', '\t', '  \r');
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }).map((one) => JSON.stringify(one)),
    fc
      .array(
        fc.constantFrom(
          '\\n',
          '\\"',
          '\\\\',
          '\\/',
          '\\b\\f\\r\\t',
          '\\u0041',
          '\\u00e9',
          '\\u20AC',
          '\\ud83d\\ude00',
          '\\ud800',
          'é',
          '中文',
          '😀',
          'plain text',
        ),
      )
      .map((parts) => `"${parts.join('')}"`),
  );
  const number = fc.oneof(
    fc.constantFrom(
      '0',
      '-0',
      '-1',
      '2147483647',
      '2147483648',
      '-2147483649',
      '999999999999999',
      '9999999999999999',
      '1e400',
      '1E+2',
      '0.10',
      '1e-400',
    ),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.integer().map(String),
  );
  const bad = fc.constantFrom(
    '01',
    '-',
    '.5',
    '1.',
    '1e',
    '+1',
    '0x1',
    'nul',
    'True',
    '"\t"',
    '"\\x"',
    '"\\u12"',
    '"open',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    '{"a"}',
    '[',
    '}',
    '1 2',
    '',
    'NaN',
    '\u00a0',
  );
  const leaf = (odds: number) =>
    fc.oneof(
      { weight: 60, arbitrary: fc.oneof(text, number, fc.constantFrom('true', 'false', 'null')) },
      { weight: odds, arbitrary: bad },
    );
  const value = (odds: number) =>
    fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
      value: fc
        .tuple(space, fc.oneof({ maxDepth: 4 }, leaf(odds), tie('list'), tie('object')), space)
        .map((parts) => parts.join('')),
      list: fc.array(tie('value'), { maxLength: 6 }).map((items) => `[${items.join()}]`),
      // Names may come twice.
      object: fc
        .array(fc.tuple(fc.oneof(text, fc.constantFrom('"a"', '"b"', '"1"', '"0"', '"__proto__"')), tie('value')), {
          maxLength: 6,
        })
        .map((fields) => `{${fields.map(([key, inner]) => `${key}:${inner}`).join()}}`),
    })).value;
  for (const odds of [0, 3]) {
    const lines = fc.array(
      value(odds).map((one) => `[7,${one}]`),
      { minLength: 40, maxLength: 40 },
    );
    fc.assert(
      fc.property(lines, (all) => {
        expect(run(1, all)).toEqual(all.map(() => ['same', 'same']));
      }),
      { numRuns: 15 },
    );
  }
  const deep = (levels: number) => `[0,${'{"a":['.repeat(levels)}${']}'.repeat(levels)}]`;
  const lines = [
    deep(64),
    deep(70),
    `[0,${JSON.stringify(Array.from({ length: 3000 }, (_, i) => i / 2))}]`,
    '[0,{}] ',
    ' [0,{}]',
    '[0,{}]x',
  ];
  expect(run(1, lines)).toEqual(lines.map(() => ['same', 'same']));
});
