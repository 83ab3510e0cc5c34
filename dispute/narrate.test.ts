import { expect, test } from 'vitest';
import { describePlace, describeRange } from './narrate.ts';

test('a range and an instruction in words', () => {
  expect(describeRange({ startPosition: 1n << 25n, length: 1n << 25n })).toBe(
    'instructions 33,554,433 to 67,108,864 of the step',
  );
  expect(describeRange({ startPosition: 1233n, length: 1n })).toBe('instruction 1,234 of the step');
  const kernel = {
    position: 5n,
    machine: 'kernel',
    pc: 88,
    gasLeft: 1_000n,
    instruction: 'i32_add',
    family: 'integer',
  };
  expect(describePlace(kernel as never)).toBe('i32_add (integer) at 88 of the kernel, with 1,000 gas left');
  const { instruction: _none, ...fault } = kernel;
  expect(describePlace(fault as never)).toBe('a fault at 88 of the kernel, with 1,000 gas left');
  expect(describePlace({ position: 9n, machine: 'halted' })).toContain('halted');
});
