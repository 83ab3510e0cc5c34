import { RLP } from '@ethereumjs/rlp';
import { expect, test } from 'vitest';
import { keccakHex, objectRoot } from '../protocol/tree.ts';
import { createHarness } from '../test/kernel/harness.fixture.ts';
import { accountKey } from './keys.ts';
import { accountRecord, committeeRecord, runRecord } from './records.ts';

const MAX = 2n ** 256n - 1n;
const harness = createHarness();
const NUMBERS = [0n, 1n, 9n, 10n, 999_999_999n, 1_000_000_000n, 2n ** 64n - 1n, 2n ** 64n, 10n ** 40n, 2n ** 255n, MAX];

test('keccak-256 of the empty string and of abc', () => {
  expect(harness.keccak(new Uint8Array(0))).toBe('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
  expect(harness.keccak(new TextEncoder().encode('abc'))).toBe(
    '0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45',
  );
});

test('keccak-256 and object roots of every length around the block and leaf borders', () => {
  for (let length = 0; length <= 420; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7 + length);
    expect(harness.keccak(bytes)).toBe(keccakHex(bytes));
    expect(harness.objectRoot(bytes)).toBe(objectRoot(bytes));
  }
  for (const length of [128 * 5, 128 * 8, 128 * 9 + 1, 70_000]) {
    const bytes = new Uint8Array(length).fill(3);
    expect(harness.objectRoot(bytes)).toBe(objectRoot(bytes));
  }
});

test('sums, differences and products wrap at 2^256 and say so', () => {
  for (const a of NUMBERS) {
    for (const b of NUMBERS) {
      expect(harness.add(a, b)).toEqual({ overflow: a + b > MAX, value: (a + b) & MAX });
      expect(harness.sub(a, b)).toEqual({ overflow: b > a, value: (a - b) & MAX });
      const k = b & (2n ** 64n - 1n);
      expect(harness.multiply(a, k)).toEqual({ overflow: a * k > MAX, value: (a * k) & MAX });
    }
  }
});

test('what an amount affords at a price', () => {
  expect(harness.affordable(100n, 3n, 50n)).toBe(33n);
  expect(harness.affordable(100n, 3n, 20n)).toBe(20n);
  expect(harness.affordable(2n, 3n, 20n)).toBe(0n);
  expect(harness.affordable(100n, 0n, 20n)).toBe(20n);
  expect(harness.affordable(MAX, MAX, 20n)).toBe(1n);
  expect(harness.affordable(MAX, 2n ** 200n, 2n ** 64n - 1n)).toBe(2n ** 56n - 1n);
});

test('numbers in decimal', () => {
  for (const n of NUMBERS) expect(harness.wei(n)).toBe(String(n));
});

test('records are RLP as the library writes it', () => {
  expect(accountRecord.encode({ nonce: 0n, balance: 1024n })).toEqual(RLP.encode([0, 1024]));
  expect(accountRecord.decode(RLP.encode([3, 10n ** 18n]))).toEqual({ nonce: 3n, balance: 10n ** 18n });
  const members = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`] as const;
  const committee = { epoch: 7n, threshold: 2, members };
  expect(committeeRecord.decode(committeeRecord.encode(committee))).toEqual(committee);
  expect(() => runRecord.decode(RLP.encode([1]))).toThrow('record of the state');
  expect(accountKey(members[0])).toEqual(Uint8Array.from([0x41, ...new Uint8Array(20).fill(0x11)]));
});
