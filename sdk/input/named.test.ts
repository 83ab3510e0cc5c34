import { expect, test } from 'vitest';
import { assertInputs, orderInputs } from './named.ts';

test('the inputs are those that the workflow joins, in its order', () => {
  const one = (name: string) => ({ name, file: `${name}.csv`, options: {} });
  expect(orderInputs(['b', 'a'], [one('a'), one('b')])).toEqual([one('b'), one('a')]);
  expect(() => assertInputs([], [])).not.toThrow();
  expect(() => assertInputs(['a', 'b'], ['b'])).toThrow('joins the input a, which is not given');
  expect(() => assertInputs(['a'], ['a', 'year'])).toThrow('joins no input year');
});
