// docs/vm.md#engines: a page compares as Node.js does.
import { expect, test } from 'vitest';
import { compareEach, haveSameBytes } from './same-bytes.ts';

test.each([haveSameBytes, compareEach])('arrays of the same bytes are the same, others are not', (areSame) => {
  const bytes = new Uint8Array(65_536).map((_, i) => i);
  expect(areSame(bytes, bytes.slice())).toBe(true);
  for (const at of [0, 40_001, 65_535]) {
    const other = bytes.slice();
    other[at]! ^= 1;
    expect(areSame(bytes, other)).toBe(false);
  }
});
