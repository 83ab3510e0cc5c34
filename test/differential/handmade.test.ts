// docs/machine.md#proof
import { expect, it } from 'vitest';
import { compareHaltInFarFrame, compareHandmade, handmadeCases } from './handmade.ts';

it('the step machine does, hashes and proves every instruction as the reference machine', () => {
  expect(handmadeCases().flatMap((given) => compareHandmade(given) ?? [])).toEqual([]);
});

it('a run in a frame at the end of the slots has used the gas of its steps when it halts, and pays what an instruction owes before it goes on', () => {
  expect(compareHaltInFarFrame()).toBeUndefined();
});
