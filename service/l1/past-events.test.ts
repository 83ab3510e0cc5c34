// docs/operations.md#l1: past events are read in bounded ranges, and what L1 may still change is read again.
import { expect, test } from 'vitest';
import { createPastEvents } from './past-events.ts';

/** A chain that says something in the blocks of `said`, and the ranges that it was asked for. */
function chainOf(head: bigint, said: bigint[]) {
  const chain = { head, said, asked: [] as [bigint, bigint][], isDown: false };
  const look = createPastEvents(
    async () => chain.head,
    5n,
    async ({ fromBlock, toBlock }) => {
      if (chain.isDown) throw new Error('down');
      chain.asked.push([fromBlock, toBlock]);
      return chain.said.filter((block) => block >= fromBlock && block <= toBlock);
    },
  );
  return { chain, look };
}

test('a long past is read in ranges of 10,000 blocks, and only once', async () => {
  const { chain, look } = chainOf(25_000n, [4n, 5n, 10_004n, 10_005n, 24_990n]);
  expect(await look()).toEqual([5n, 10_004n, 10_005n, 24_990n]);
  expect(chain.asked).toEqual([
    [5n, 10_004n],
    [10_005n, 20_004n],
    [20_005n, 24_744n],
    [24_745n, 25_000n],
  ]);
  chain.asked.length = 0;
  chain.head = 25_001n;
  chain.said.push(25_001n);
  expect(await look()).toEqual([5n, 10_004n, 10_005n, 24_990n, 25_001n]);
  expect(chain.asked).toEqual([
    [24_745n, 24_745n],
    [24_746n, 25_001n],
  ]);
});

test('what L1 takes back within 256 blocks is forgotten', async () => {
  const { chain, look } = chainOf(300n, [40n, 290n]);
  expect(await look()).toEqual([40n, 290n]);
  chain.said = [40n, 280n];
  chain.head = 285n;
  expect(await look()).toEqual([40n, 280n]);
});

test('a chain that is shorter than 256 blocks, or than where reading begins', async () => {
  expect(await chainOf(10n, [7n]).look()).toEqual([7n]);
  expect(await chainOf(4n, [4n]).look()).toEqual([]);
});

test('a node that is behind hides nothing that is settled', async () => {
  const { chain, look } = chainOf(1_000n, [600n, 900n]);
  await look();
  chain.head = 500n;
  expect(await look()).toEqual([600n]);
});

test('after a request that has failed, reading goes on where it was', async () => {
  const { chain, look } = chainOf(25_000n, [6n, 24_999n]);
  chain.isDown = true;
  await expect(look()).rejects.toThrow('down');
  chain.isDown = false;
  expect(await look()).toEqual([6n, 24_999n]);
});
