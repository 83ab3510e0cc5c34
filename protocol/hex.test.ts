import { expect, test } from 'vitest';
import { isSameAddress } from './hex.ts';

test('an address is the same in upper and lower case, and nobody is somebody', () => {
  const one = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
  expect(isSameAddress(one, '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed')).toBe(true);
  expect(isSameAddress('0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED', one)).toBe(true);
  expect(isSameAddress('0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaee', one)).toBe(false);
  expect(isSameAddress(undefined, one)).toBe(false);
});
