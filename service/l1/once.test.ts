import { expect, test } from 'vitest';
import { loadOnce } from './once.ts';

test('what is loaded is kept, for all who ask meanwhile; a failure is not', async () => {
  let calls = 0;
  const load = loadOnce(async () => {
    calls += 1;
    if (calls === 1) throw new Error('down');
    return calls;
  });
  await expect(Promise.all([load(), load()])).rejects.toThrow('down');
  expect(await Promise.all([load(), load()])).toEqual([2, 2]);
  expect(await load()).toBe(2);
});
