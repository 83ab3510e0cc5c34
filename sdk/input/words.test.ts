import { expect, test } from 'vitest';
import { inputArguments } from './words.ts';

test('an input as words of a command that reads it so', () => {
  expect(inputArguments('rows.jsonl')).toBe('--input rows.jsonl');
  expect(inputArguments('my rows.txt', { format: 'csv', delimiter: '\t', quote: '', encoding: 'windows-1252' })).toBe(
    "--input 'my rows.txt' --format csv --delimiter tab --quote none --encoding windows-1252",
  );
  expect(inputArguments('-', { delimiter: ';', quote: "'" })).toBe(`--input - --delimiter ';' --quote ''\\'''`);
});
