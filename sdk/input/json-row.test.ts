import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_ROW_DEPTH } from '../runtime/canonical.ts';
import { checkJson, Flaw } from './json-check.ts';
import { numberLoss } from './json-number.ts';
import { parseRow } from './json-row.ts';

const flawOf = (text: string): string | undefined => {
  const parsed = parseRow(text);
  return 'flaw' in parsed ? parsed.flaw : undefined;
};

test.each([
  ['{"a":NaN}', 'expected a value at character 6, got "N"'],
  ['{"a":-Infinity}', 'expected a value at character 6, got "-"'],
  ['{"a":1,}', 'expected a name in quotes at character 8, got "}"'],
  ["{'a':1}", 'expected a name in quotes or "}" at character 2, got "\'"'],
  ['{"a":01}', 'expected "," or "}" at character 7, got "1"'],
  ['{"a":1.}', 'expected "," or "}" at character 7, got "."'],
  ['{"a":[1 2]}', 'expected "," or "]" at character 9, got "2"'],
  ['{"a":"tab\there"}', 'expected an escape: \\t, \\n, \\u0000 at character 10, got "\\t"'],
  ['{"a":"\\x41"}', 'expected an escape such as \\n or \\u00e9 at character 7, got "\\\\"'],
  ['{"a":1}{"a":2}', 'expected the end at character 8, got "{"'],
  ['{"a":"x', 'expected the quote that ends the string at character 8, got the end'],
  ['{"a"', 'expected ":" at character 5, got the end'],
  ['\ufeff{"a":1}', 'expected a value at character 1, got "\ufeff"'],
  ['', 'expected a value at character 1, got the end'],
])('%s is no JSON', (text, reason) => {
  expect(flawOf(text)).toBe(`not JSON: ${reason}`);
});

test.each([
  ['[1]', 'expected a JSON object, got an array'],
  ['null', 'expected a JSON object, got null'],
  ['"a"', 'expected a JSON object, got a string'],
  ['{"a":1,"a":1}', 'the name "a" stands twice in one object'],
  ['{"x":[{"a":1,"b":{},"\\u0061":null}]}', 'the name "\\u0061" stands twice in one object'],
  ['{"__proto__":1,"__proto__":2}', 'the name "__proto__" stands twice in one object'],
  ['{"\\ud800":1,"\\ud801":2}', 'half a surrogate pair in "\\ud800": no UTF-8 has it'],
  ['{"a":["x\\udc00"]}', 'half a surrogate pair in "x\\udc00": no UTF-8 has it'],
  [
    '{"id":1610521604143693812}',
    'the number 1610521604143693812 (character 7) cannot be kept, it would become 1610521604143693800: write it as a string',
  ],
])('%s is JSON, and no row', (text, reason) => {
  expect(flawOf(text)).toBe(reason);
});

test('what is kept', () => {
  expect(parseRow('{"__proto__":{"x":1},"constructor":2}')).toEqual({
    row: JSON.parse('{"__proto__":{"x":1},"constructor":2}'),
  });
  expect(parseRow(' {"a":"\\ud83d\\ude00","b":{"a":1},"c":[{"a":1},{"a":1}]}\r')).toEqual({
    row: { a: '😀', b: { a: 1 }, c: [{ a: 1 }, { a: 1 }] },
  });
  // An escaped backslash before what looks like an escape.
  expect(parseRow('{"a":"\\\\ud800"}')).toEqual({ row: { a: '\\ud800' } });
});

test(`${MAX_ROW_DEPTH} levels, and not one more`, () => {
  const nest = (levels: number, [open, close]: readonly [string, string]): string =>
    `{"a":${open.repeat(levels - 1)}0${close.repeat(levels - 1)}}`;
  for (const brackets of [
    ['[', ']'],
    ['{"b":', '}'],
  ] as const) {
    expect(flawOf(nest(MAX_ROW_DEPTH, brackets))).toBeUndefined();
    expect(flawOf(nest(MAX_ROW_DEPTH + 1, brackets))).toContain('nested too deeply: expected at most 128 levels');
    expect(flawOf(nest(100_000, brackets))).toContain('nested too deeply');
  }
});

test.each([
  ['0', '-0', '0.0', '-0e5', '0e400', '1', '1.0', '1e3', '0.1', '1e-300', '123456789012345'],
  ['9007199254740991', '-9007199254740991', '9007199254740992', '9007199254740994.0'],
  [
    '9007199254740993e3',
    '1e21',
    '1e22',
    '1e23',
    '100000000000000000000',
    '1000000000000000000000',
    '1.7976931348623157e308',
  ],
  // Fractions are rounded to the nearest double, as everywhere.
  ['0.1000000000000000055511151231257827', '3.141592653589793238462643383279', '1234567890123456.75', '5e-324'],
])('numbers that are kept: %s …', (...literals) => {
  expect(literals.filter((literal) => numberLoss(literal) !== undefined)).toEqual([]);
});

test.each([
  ['9007199254740993', 'it would become 9007199254740992'],
  ['9007199254740993.0', 'it would become 9007199254740992'],
  ['-9007199254740993', 'it would become -9007199254740992'],
  // 2^60 is a double, but its shortest text, which is what is written, is another integer.
  ['1152921504606846976', 'it would become 1152921504606847000'],
  ['12345678901234567890123', 'it would become 1.2345678901234568e+22'],
  ['1e309', 'it is too large for a double'],
  ['-1e400', 'it is too large for a double'],
  ['1e-400', 'it is too near to 0 for a double'],
])('a number that is not kept: %s', (literal, loss) => {
  expect(numberLoss(literal)).toBe(loss);
});

test('half a million digits take no longer than they are', () => {
  expect(numberLoss(`1${'0'.repeat(500_000)}1`)).toBe('it is too large for a double');
  expect(numberLoss(`0.${'0'.repeat(500_000)}1`)).toBe('it is too near to 0 for a double');
});

/** The integer that a literal writes, exactly; undefined if it is none. */
function integerOf(literal: string): bigint | undefined {
  const [mantissa = '', power = '0'] = literal.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const shift = Number(power) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const unit = 10n ** BigInt(-shift);
  return digits % unit === 0n ? digits / unit : undefined;
}

function isKept(literal: string): boolean {
  const value = Number(literal);
  const isZero = /^-?[0.]+(e|$)/i.test(literal);
  if (isZero) return true;
  if (!Number.isFinite(value) || value === 0) return false;
  const written = integerOf(literal);
  return written === undefined || integerOf(String(value)) === written;
}

const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));
const literal = fc
  .tuple(
    fc.boolean(),
    fc.oneof(
      fc.constant('0'),
      digits(24).map((text) => text.replace(/^0+(?=\d)/, '')),
    ),
    fc.option(digits(20), { nil: undefined }),
    fc.option(fc.integer({ min: -340, max: 340 }), { nil: undefined }),
    fc.constantFrom('e', 'E', 'e+', 'E-'),
  )
  .map(([isNegative, whole, fraction, power, mark]) => {
    const exponent = power === undefined ? '' : /[+-]/.test(mark) ? `${mark}${Math.abs(power)}` : `${mark}${power}`;
    return `${isNegative ? '-' : ''}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent}`;
  });

test('numbers are kept by exact arithmetic', () => {
  fc.assert(
    fc.property(literal, (text) => {
      expect(numberLoss(text) === undefined, text).toBe(isKept(text));
    }),
    { numRuns: 3_000 },
  );
  // Whatever a program writes that holds doubles comes back.
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(numberLoss(JSON.stringify(value))).toBeUndefined();
    }),
    { numRuns: 1_000 },
  );
});

// A value as it is written, and whether all of it is kept: objects may have a name twice, strings halves of pairs, numbers any digits.
type Written = { readonly text: string; readonly isKept: boolean };

const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const space = fc.constantFrom('', '', '', ' ', '\t', '\r', '\n ');
const string = fc
  .array(
    fc.constantFrom('a', 'b', 'é', '😀', '/', '\\u0061', '\\n', '\\"', '\\\\', '\\ud83d\\ude00', '\\ud83d', '\\uDE00'),
    {
      maxLength: 3,
    },
  )
  .map((parts): Written => {
    const text = `"${parts.join('')}"`;
    return { text, isKept: !LONE.test(JSON.parse(text) as string) };
  });
const { value } = fc.letrec<{ value: Written; array: Written; object: Written }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('true', 'false', 'null').map((text) => ({ text, isKept: true })),
    literal.map((text) => ({ text, isKept: isKept(text) })),
    string,
    tie('array'),
    tie('object'),
  ),
  array: fc.tuple(fc.array(fc.tuple(space, tie('value'), space), { maxLength: 3 }), space).map(([items, gap]) => ({
    text: `[${items.length === 0 ? gap : items.map(([left, { text }, right]) => left + text + right).join(',')}]`,
    isKept: items.every(([, item]) => item.isKept),
  })),
  object: fc
    .tuple(fc.array(fc.tuple(space, string, space, tie('value'), space), { maxLength: 3 }), space)
    .map(([entries, gap]) => {
      const names = entries.map(([, name]) => JSON.parse(name.text) as string);
      const inner = entries.map(([a, name, b, { text }, c]) => `${a}${name.text}${b}:${text}${c}`).join(',');
      return {
        text: `{${entries.length === 0 ? gap : inner}}`,
        isKept: new Set(names).size === names.length && entries.every(([, name, , item]) => name.isKept && item.isKept),
      };
    }),
}));

test('a value is taken if all of it is kept, and not otherwise', () => {
  fc.assert(
    fc.property(value, ({ text, isKept }) => {
      const row = `{"v":${text}}`;
      expect(parseRow(row)).toEqual(isKept ? { row: JSON.parse(row) } : { flaw: expect.any(String) });
    }),
    { numRuns: 2_000 },
  );
});

test('what is JSON is what JSON.parse takes', () => {
  const edit = fc.tuple(
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.constantFrom(...'{}[]",:\\/eE+-.019 \n\ttfnu\u0000x'),
    fc.boolean(),
  );
  fc.assert(
    fc.property(value, fc.array(edit, { minLength: 1, maxLength: 4 }), ({ text }, edits) => {
      let mutated = text;
      for (const [place, character, isInsertion] of edits) {
        const at = Math.floor(place * (mutated.length + 1));
        mutated = mutated.slice(0, at) + character + mutated.slice(at + (isInsertion ? 0 : 1));
      }
      let isJson = true;
      try {
        JSON.parse(mutated);
      } catch {
        isJson = false;
      }
      const isTaken = isSyntax(mutated);
      // A number that no double holds is JSON all the same.
      fc.pre(isTaken !== undefined);
      expect(isTaken, mutated).toBe(isJson);
    }),
    { numRuns: 5_000 },
  );
});

/** Undefined if it stops at something else. */
function isSyntax(text: string): boolean | undefined {
  try {
    checkJson(text);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Flaw);
    return (error as Flaw).message.startsWith('not JSON: ') ? false : undefined;
  }
}
