import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findDifference } from './difference.ts';

const A = '{"answer":{"kind":"animal","of":[1,2]},"word":"otter"}';
const rows = (...lines: string[]) => lines.map((line) => `${line}\n`).join('');

test.each([
  ['{"answer":{"kind":"plant","of":[1,2]},"word":"otter"}', 'answer.kind', '"animal"', '"plant"'],
  ['{"answer":{"kind":"animal","of":[1,3]},"word":"otter"}', 'answer.of[1]', '2', '3'],
  ['{"answer":{"kind":"animal","of":[1]},"word":"otter"}', 'answer.of[1]', '2', 'no such field'],
  ['{"answer":null,"word":"otter"}', 'answer', '{"kind":"animal","of":[1,2]}', 'null'],
  ['{"answer":{"kind":"animal","of":[1,2]},"word":"otter","a b":1}', '["a b"]', 'no such field', '1'],
  ['{"answer":{"kind":"animal","of":[1,2]}, "word":"otter"}', undefined, A, undefined],
  ['{"answer":', undefined, A, undefined],
  ['[1]', undefined, A, undefined],
])('%s differs in %s', (line, field, expected, actual = line) => {
  const found = findDifference(rows('{}', A, '{}'), rows('{}', line, '{}'), 11);
  expect(found).toEqual({ row: 12, ...(field === undefined ? {} : { field }), expected, actual });
});

test('a row that is missing, and one too many, are told by their places', () => {
  expect(findDifference(rows('{}', A), rows('{}'), 1)).toEqual({ row: 2, expected: A, actual: 'the end of the file' });
  expect(findDifference(rows('{}'), rows('{}', A), 1)).toEqual({ row: 2, expected: 'no row here', actual: A });
  expect(findDifference(rows(`{"a":"${'x'.repeat(900)}"}`), '', 1).expected).toMatch(/^.{200}… \(908 characters\)$/);
});

test('whatever was changed in one row of many, that row is named, and a field whose values differ', () => {
  const row = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), row, fc.nat(), (list, other, place) => {
      const lines = list.map((one) => JSON.stringify(one));
      const at = place % lines.length;
      fc.pre(lines[at] !== JSON.stringify(other));
      const changed = lines.map((line, i) => (i === at ? JSON.stringify(other) : line));
      const found = findDifference(rows(...lines), rows(...changed), 1);
      expect(found.row).toBe(at + 1);
      expect(found.expected).not.toBe(found.actual);
    }),
  );
});
