// docs/attestations.md#lot
import { expect, test } from 'vitest';
import type { NetworkNode } from '../../node/node.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { createLottery, isDrawn } from './lottery.ts';

const hash = (n: bigint): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const account = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;

/** A node that has read L1 up to `head`, and remembers the last 64 blocks. */
function nodeAt(head: bigint) {
  const asked: bigint[] = [];
  const known = Array.from({ length: 64 }, (_, i) => head - 63n + BigInt(i)).map((number) => ({
    number,
    hash: hash(number),
  }));
  const getBlock = async ({ blockNumber }: { blockNumber: bigint }) => {
    asked.push(blockNumber);
    return { hash: hash(blockNumber) };
  };
  const node = { mirror: { known: () => known }, l1: { client: { getBlock } } } as unknown as NetworkNode;
  return { asked, lottery: createLottery(node) };
}

test('one in so many is drawn, by the lot, the assertion and the attester', () => {
  const drawn = (lot: bigint, odds: bigint) =>
    Array.from({ length: 400 }, (_, i) => account(i)).filter((who) => isDrawn(hash(lot), hash(7n), who, odds));
  expect(drawn(1n, 1n)).toHaveLength(400);
  const four = drawn(1n, 4n);
  expect(four.length).toBeGreaterThan(70);
  expect(four.length).toBeLessThan(130);
  expect(drawn(2n, 4n)).not.toEqual(four);
  // As Questions.isDrawn has it.
  expect(isDrawn(hash(0xabcn), hash(7n), account(1), 2n)).toBe(false);
});

test('the lot is the hash of the block after, while L1 knows it', async () => {
  const { lottery, asked } = nodeAt(1_000n);
  expect(await lottery.lotOf(1_000n)).toBeUndefined();
  expect(await lottery.lotOf(999n)).toBe(hash(1_000n));
  expect(asked).toEqual([]);
  // The next block of L1 can still tell the hash of 256 blocks before it.
  expect(await lottery.lotOf(744n)).toBe(hash(745n));
  expect(await lottery.lotOf(744n)).toBe(hash(745n));
  expect(asked).toEqual([745n]);
  expect(await lottery.lotOf(743n)).toBeUndefined();
});
