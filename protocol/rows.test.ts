// docs/rows.md#header
import fc from 'fast-check';
import { expect, test } from 'vitest';
import VECTORS from '../test/vectors/row-headers.json' with { type: 'json' };
import { MAX_HEADER_BYTES, padHeader, readHeader } from './rows.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const wellFormed = (text: string) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(encode(text));

// Texts of any UTF-16 units, and so with halves of surrogate pairs.
const UNITS = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x2ff }), fc.integer({ min: 0xd700, max: 0xe0ff })), { maxLength: 80 })
  .map((units) => String.fromCharCode(...units));

test.each(VECTORS)('$name: $sizeBytes bytes', ({ header, text, sizeBytes }) => {
  const line = padHeader(header);
  expect(line.trimEnd()).toBe(text);
  expect(line.endsWith('\n')).toBe(true);
  expect(encode(line)).toHaveLength(sizeBytes);
  expect(readHeader(encode(`${line}[0,{}]\n`))).toEqual({ header: JSON.parse(text), sizeBytes });
});

test('whatever a name holds, the line fills whole leaves of its UTF-8 and is read as it was written', () => {
  fc.assert(
    fc.property(UNITS, fc.nat(), (model, count) => {
      const bytes = encode(padHeader({ mizu: 'requests', count, model }));
      expect(bytes.length % 128).toBe(0);
      expect(bytes.indexOf(10)).toBe(bytes.length - 1);
      const read = readHeader(bytes);
      expect(read).toEqual({ header: { mizu: 'requests', count, model: wellFormed(model) }, sizeBytes: bytes.length });
    }),
  );
});

test('halves of surrogate pairs become U+FFFD, in names and in what they name, and a backslash stays one', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('\ud83d', '\ude00', '\\', 'ud83d', '"', '\n')), (parts) => {
      const name = parts.join('');
      const { header } = readHeader(encode(padHeader({ mizu: 'rows', steps: { [name]: name } })))!;
      expect(header.steps).toEqual({ [wellFormed(name)]: wellFormed(name) });
    }),
  );
});

test.each([
  ['nothing', ''],
  ['no line end', '{"mizu":"rows"}'.padEnd(128)],
  ['a line that ends within a leaf', '{"mizu":"rows"}\n'],
  ['a row that has the field', `${'{"in":1,"mizu":"rows"}'.padEnd(127)}\n`],
  ['no JSON', `${'{"mizu":"rows"'.padEnd(127)}\n`],
  ['a kind that is no text', `${'{"mizu":1}'.padEnd(127)}\n`],
  ['a longer line than any header', `${'{"mizu":"rows"}'.padEnd(MAX_HEADER_BYTES + 127)}\n`],
])('%s is no header', (_name, text) => {
  expect(readHeader(encode(text))).toBeUndefined();
});

test('what is no UTF-8 is no header', () => {
  const bytes = encode(padHeader({ mizu: 'rows', input: 'modele' }));
  bytes[bytes.indexOf(0x6c)] = 0xe8;
  expect(readHeader(bytes)).toBeUndefined();
});
