import { describe, expect, test } from 'vitest';
import { isAsWanted } from './case.ts';
import { KINDS } from './kinds.ts';

describe('what a pattern of an outcome takes', () => {
  test.each([
    ['a b c', 'a b c', true],
    ['a b c', 'a…c', true],
    ['a b c', 'a b', false],
    ['a b c', '…b…', true],
    ['ac', 'a…c', true],
    ['a', 'a…a', false],
    ['a c b', 'a…b…c', false],
  ])('%s by %s: %s', (came, wanted, taken) => {
    expect(isAsWanted({ came, wanted })).toBe(taken);
  });
});

test.each(KINDS.map((one) => [one.kind, one] as const))(
  'the cases of %s come to what they should',
  async (_, { run }) => {
    const cases = await run();
    expect(cases.length).toBeGreaterThan(3);
    expect(cases.filter((one) => !isAsWanted(one))).toEqual([]);
  },
);
