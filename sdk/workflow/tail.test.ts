import { expect, test } from 'vitest';
import { z } from 'zod';
import { dataset } from './dataset.ts';
import { input } from './join.ts';
import { tailOf } from './tail.ts';

const Row = z.object({ id: z.string(), text: z.string() });
const { operators } = dataset('w', Row)
  .map('up', (row) => row)
  .dedupe('same', (row) => row.text)
  .generate('answer', { model: 'm', prompt: (row) => row.text })
  .check('long', (row) => row.answer.length > 3)
  .join('price', input('prices'), { on: (row) => row.id, key: () => 'x' })
  .split({ train: 0.5, test: 0.5 });

test('the rest of a workflow begins with the operator whose rejects are tried again', () => {
  const namesOf = (from?: string) => tailOf(operators, from).map(({ name }) => name);
  expect(namesOf()).toEqual(['input', 'up', 'same', 'answer', 'long', 'price', 'split']);
  expect(namesOf('answer')).toEqual(['answer', 'long', 'price', 'split']);
  // The rows that were kept wait at 'same'.
  expect(namesOf('up')).toEqual(['up', 'same', 'answer', 'long', 'price', 'split']);
  expect(namesOf('split')).toEqual(['split']);
  expect(namesOf('input')).toEqual(namesOf());
});

test.each([
  ['none', 'sdk/no-operator', 'none'],
  ['prices', 'sdk/retry-operator', 'an input'],
  ['same', 'sdk/retry-operator', 'a dedupe'],
])('not from %s', (from, code, actual) => {
  expect(() => tailOf(operators, from)).toThrow(expect.objectContaining({ code, actual }));
});
