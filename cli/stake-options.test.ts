// docs/staking.md: roles and percentages as they are typed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ROLES } from '../protocol/roles.ts';
import { typedRole } from '../sdk/stakes/role-name.ts';
import { parsePercent, parseRole } from './stake-options.ts';

test('a role is taken as it is listed, and as the contracts name it', () => {
  expect(ROLES.map(typedRole)).toEqual(['executor', 'validator', 'sequencer', 'da-member', 'gateway']);
  for (const role of ROLES) expect([parseRole(typedRole(role)), parseRole(role)]).toEqual([role, role]);
  for (const other of ['', 'Executor', 'damember', 'constructor']) expect(() => parseRole(other)).toThrow('da-member');
});

test('every hundredth of a percent up to 100 is read, and nothing else', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), (points) => {
      const text = `${Math.floor(points / 100)}.${String(points % 100).padStart(2, '0')}`;
      expect([parsePercent(text), parsePercent(`${text}%`), parsePercent(`${points / 100} %`)]).toEqual(
        Array(3).fill(points),
      );
    }),
  );
  for (const other of ['', '%', '-1', '100.01', '101', '1.005', '1e1', '0x1', '.5', '1,5'])
    expect(() => parsePercent(other), other).toThrow('0% to 100%');
});
