import { expect, test } from 'vitest';
import { z } from 'zod';
import { dataset } from './dataset.ts';
import { tailOf } from './tail.ts';

const Row = z.object({ id: z.string(), text: z.string() });
const { steps } = dataset('w', Row)
  .map('up', (row) => row)
  .dedupe('same', (row) => row.text)
  .generate('answer', { model: 'm', prompt: (row) => row.text })
  .check('long', (row) => row.answer.length > 3)
  .split({ train: 0.5, test: 0.5 });

test('the rest of a workflow begins with the step whose rejects are tried again', () => {
  const namesOf = (from?: string) => tailOf(steps, from).map(({ name }) => name);
  expect(namesOf()).toEqual(['input', 'up', 'same', 'answer', 'long', 'split']);
  expect(namesOf('answer')).toEqual(['answer', 'long', 'split']);
  expect(namesOf('split')).toEqual(['split']);
});

test.each([
  ['none', 'sdk/no-step', 'none'],
  ['input', 'sdk/retry-step', 'the schema of the input'],
  ['up', 'sdk/retry-step', "'same', a dedupe"],
  ['same', 'sdk/retry-step', "'same', a dedupe"],
])('not from %s', (from, code, actual) => {
  expect(() => tailOf(steps, from)).toThrow(expect.objectContaining({ code, actual }));
});
