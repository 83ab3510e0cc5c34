import { expect, test } from 'vitest';
import { inputArguments } from './words.ts';

test('an input as words of a command that reads it so', () => {
  expect(inputArguments('rows.jsonl')).toBe('--input rows.jsonl');
  expect(inputArguments('my rows.txt', { format: 'csv', delimiter: '\t', quote: '', encoding: 'windows-1252' })).toBe(
    "--input 'my rows.txt' --format csv --delimiter tab --quote none --encoding windows-1252",
  );
  const others = [{ name: 'prices', file: 'p q.csv', options: { delimiter: '\t' } }];
  expect(inputArguments('a=b.jsonl', { format: 'json' }, others)).toBe(
    "--input ./a=b.jsonl --format json --input 'prices=p q.csv' --delimiter prices=tab",
  );
  expect(inputArguments('-', { delimiter: ';', quote: "'" })).toBe(`--input - --delimiter ';' --quote ''\\'''`);
});
