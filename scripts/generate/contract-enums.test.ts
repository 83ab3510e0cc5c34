// docs/contracts.md#generated: the enums' members are those of the source, and what is no list of members is refused.
import { expect, test } from 'vitest';
import { ASSERTION_STATUS, DEMAND_STATUS, GAME_STATUS, POWER, ROLE, SIDE } from '../../protocol/generated/enums.ts';
import { membersOf } from './contract-enums.ts';

test('the numbers are those that L1 gives', () => {
  expect(ROLE).toEqual({ executor: 0, validator: 1, sequencer: 2, daMember: 3, gateway: 4 });
  expect(POWER).toEqual({ none: 0, lock: 1, slash: 2 });
  expect(ASSERTION_STATUS).toEqual({ none: 0, pending: 1, confirmed: 2, rejected: 3, orphaned: 4 });
  expect(GAME_STATUS).toEqual({ none: 0, open: 1, challengerWon: 2, asserterWon: 3, refunded: 4 });
  expect(SIDE).toEqual({ challenger: 0, asserter: 1 });
  expect(DEMAND_STATUS).toEqual({ none: 0, open: 1, published: 2, expired: 3, settled: 4 });
});

test('an enum that is not there, or holds more than members, is refused', () => {
  expect(membersOf('enum A {\n    ONE,\n    TWO_MORE\n}', 'A')).toEqual(['ONE', 'TWO_MORE']);
  expect(() => membersOf('enum A {\n    ONE\n}', 'B')).toThrow('enum B');
  expect(() => membersOf('enum A {\n    ONE // the first\n}', 'A')).toThrow('enum A');
});
