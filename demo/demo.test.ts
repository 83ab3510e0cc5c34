import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { describeBatches } from './demo.ts';

test('many batches are the first, the last and a sum', () => {
  const batches = [2, 3, 4, 5].map((index) => ({ index, transaction: `0x${index}` as const, gasUsed: 1000 }));
  const text = stripVTControlCharacters(describeBatches(batches, 4000));
  expect(text.split('\n')).toEqual([
    '  batch 2     0x2  1,000 gas',
    '  and 2 between them',
    '  batch 5     0x5  1,000 gas',
    '  4 batches, 4,000 gas on L1',
  ]);
  expect(describeBatches(batches.slice(0, 1), 1000).split('\n')).toHaveLength(2);
});
