import { expect, test } from 'vitest';
import { createStaleTasks } from './stale.ts';

test('a task is stale after it was missing for the whole grace, and not if it came back in between', () => {
  let clock = 0;
  const stale = createStaleTasks(60, () => clock * 1000);
  const note = (seconds: number, listed: string[]) => {
    clock = seconds;
    return stale.note(new Set(listed), ['a', 'b']);
  };
  expect(note(0, ['a'])).toEqual([]);
  expect(note(30, ['a', 'b'])).toEqual([]);
  expect(note(40, ['a'])).toEqual([]);
  expect(note(99, ['a'])).toEqual([]);
  expect(note(100, ['a'])).toEqual(['b']);
});
