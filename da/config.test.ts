// docs/operations.md#da-config: who pays for a member's answers on L1.
import { afterEach, expect, test } from 'vitest';
import type { Hex } from '../protocol/hex.ts';
import { parseDaConfig } from './config.ts';

const [KEY, OTHER, THIRD] = [1, 2, 3].map((n): Hex => `0x${String(n).padStart(64, '0')}`) as [Hex, Hex, Hex];
const CONFIG = {
  dataDir: 'data',
  key: KEY,
  port: 0,
  chainId: 1,
  contract: '0x00000000000000000000000000000000000000aa',
  epoch: '1',
};
const L1 = { ...CONFIG, l1Url: 'http://127.0.0.1:8545' };

afterEach(() => {
  delete process.env.MIZU_DA_L1_KEY;
});

test('a member answers with its own key, or with one that is named for it', () => {
  const caps = { maxFeeGwei: 1_000, maxPriorityFeeGwei: 20 };
  expect(parseDaConfig(L1).answers).toEqual({ l1Url: L1.l1Url, key: KEY, ...caps });
  expect(parseDaConfig({ ...L1, l1Key: OTHER, maxFeeGwei: 7 }).answers).toMatchObject({ key: OTHER, maxFeeGwei: 7 });
  process.env.MIZU_DA_L1_KEY = THIRD;
  const { key, answers } = parseDaConfig({ ...L1, l1Key: OTHER });
  expect([key, answers?.key]).toEqual([KEY, THIRD]);
});

test('without an L1 nobody answers', () => {
  expect(parseDaConfig(CONFIG).answers).toBeUndefined();
});

test('a fee cap that is none is refused', () => {
  expect(() => parseDaConfig({ ...L1, maxFeeGwei: 0 })).toThrow(expect.objectContaining({ code: 'config/malformed' }));
});
