// docs/sdk.md#input: what is read is what was written, in every format and encoding.
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { expect, test } from 'vitest';
import { good, useInputs } from '../../test/sdk/input.fixture.ts';
import type { Dialect } from './format.ts';

const inputs = useInputs();
const anyText = fc.string({ unit: 'binary', maxLength: 12 });
const jsonRows = fc.array(fc.dictionary(anyText, fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }), { maxKeys: 4 }), {
  maxLength: 6,
});

test('JSON in each of its forms, packed or not', async () => {
  await fc.assert(
    fc.asyncProperty(jsonRows, fc.constantFrom('\n', '\r\n'), async (values, ending) => {
      // As JSON has it: no -0, nothing undefined.
      const rows = values.map((row) => JSON.parse(JSON.stringify(row)) as object);
      const expected = rows.map((row, index) => good(index, row));
      const lines = rows.map((row) => JSON.stringify(row) + ending).join('');
      expect(await inputs.read('a.jsonl', lines)).toEqual(expected);
      expect(await inputs.read('a.ndjson', `\ufeff${lines.trimEnd()}`)).toEqual(expected);
      expect(await inputs.read('a.json', lines)).toEqual(expected);
      expect(await inputs.read('b.json', JSON.stringify(rows))).toEqual(expected);
      expect(await inputs.read('c.json', JSON.stringify(rows, null, 2).replaceAll('\n', ending))).toEqual(expected);
      if (rows.length > 0) expect(await inputs.read('d.json', JSON.stringify(rows[0], null, 2))).toEqual([expected[0]]);
      expect(await inputs.read('a.jsonl.gz', gzipSync(lines, { level: 1 }))).toEqual(expected);
      if (rows.length > 0) expect(await inputs.read('named', lines)).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

const names = fc.uniqueArray(
  anyText.filter((name) => name.trim() !== ''),
  { minLength: 1, maxLength: 4 },
);
const table = names.chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    records: fc.array(fc.array(anyText, { minLength: columns.length, maxLength: columns.length }), { maxLength: 5 }),
  }),
);

test('CSV and TSV with every text in every field', async () => {
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      async ({ columns, records }, ending, isQuotedAll) => {
        const expected = records.map((fields, index) =>
          good(index, Object.fromEntries(columns.map((name, i) => [name, fields[i]]))),
        );
        const write = (dialect: Pick<Dialect, 'delimiter' | 'quote'>): string =>
          [columns, ...records]
            .map((fields) => fields.map((one) => toField(one, dialect, isQuotedAll)).join(dialect.delimiter) + ending)
            .join('');
        expect(await inputs.read('a.csv', write({ delimiter: ',', quote: '"' }))).toEqual(expected);
        expect(await inputs.read('a.tsv', write({ delimiter: '\t', quote: '"' }))).toEqual(expected);
        expect(
          await inputs.read('b.csv', write({ delimiter: ';', quote: "'" }), { delimiter: ';', quote: "'" }),
        ).toEqual(expected);
        expect(await inputs.read('a.csv.gz', gzipSync(write({ delimiter: ',', quote: '"' }), { level: 1 }))).toEqual(
          expected,
        );
        expect(await inputs.read('c.txt', write({ delimiter: '\t', quote: '"' }), { format: 'tsv' })).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

// A field is quoted where it must be; of a record of one empty field, and of names with white space around them, that is where it may be.
function toField(
  value: string,
  { delimiter, quote }: Pick<Dialect, 'delimiter' | 'quote'>,
  isQuotedAll: boolean,
): string {
  const isPlain = !isQuotedAll && /^[\w.-]+$/.test(value) && !value.includes(delimiter);
  return isPlain ? value : `${quote}${value.replaceAll(quote, quote + quote)}${quote}`;
}

test.each([
  ['utf-16le', true, anyText],
  ['utf-16le', false, anyText],
  ['utf-16be', true, anyText],
  ['utf-16', true, anyText],
  ['utf-32', true, anyText],
  ['utf-32be', false, anyText],
  ['gb18030', false, anyText],
  ['windows-1252', false, fc.string({ unit: fc.constantFrom('a', '"', 'é', '€', '“', '™', '\n'), maxLength: 8 })],
  ['iso-8859-1', false, fc.string({ unit: fc.constantFrom('a', '"', 'é', 'ÿ', '\u0085', '\n'), maxLength: 8 })],
  ['shift_jis', false, fc.string({ unit: fc.constantFrom('a', '"', 'ソ', '表', 'ｱ', '\n'), maxLength: 8 })],
  ['euc-kr', false, fc.string({ unit: fc.constantFrom('a', '"', '한', '글', '\n'), maxLength: 8 })],
] as const)('%s (mark: %s)', async (encoding, addBOM, texts) => {
  await fc.assert(
    fc.asyncProperty(fc.array(texts, { minLength: 3, maxLength: 5 }), async (all) => {
      // U+FFFD itself cannot be told from a sequence that is none.
      const rows = all.map((text) => ({ some_name: text.replaceAll('\ufffd', '') }));
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      const expected = rows.map((row, index) => good(index, row));
      expect(await inputs.read('e.jsonl', iconv.encode(lines, encoding, { addBOM }), { encoding })).toEqual(expected);
    }),
    { numRuns: 30 },
  );
});
