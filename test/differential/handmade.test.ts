// docs/machine.md#proof
import { expect, it } from 'vitest';
import { compareHandmade, handmadeCases } from './handmade.ts';

it('the step machine does, hashes and proves every instruction as the reference machine', () => {
  expect(handmadeCases().flatMap((given) => compareHandmade(given) ?? [])).toEqual([]);
});
