// docs/disputes.md#many: what is demanded of us is shown in the order of its deadlines, a transaction at a time.
import { expect, test } from 'vitest';
import type { DemandRecord } from '../node/l1/demand-record.ts';
import { DEMAND_STATUS } from '../protocol/generated/enums.ts';
import type { Hex } from '../protocol/hex.ts';
import { LEAF_BYTES, objectRoot } from '../protocol/tree.ts';
import type { ContractCall } from '../service/l1/call.ts';
import { createLogger } from '../service/process/log.ts';
import { createPublisher } from './publisher.ts';

const OURS = `0x${'11'.repeat(20)}` as const;
const OTHERS = `0x${'22'.repeat(20)}` as const;
const LEAVES = 64;

const id = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const batch = Uint8Array.from({ length: LEAVES * LEAF_BYTES }, (_, i) => i % 251);
const root = objectRoot(batch);
const MISSING = id(0xdead);

const WINDOW_END = 500n;

/**
 * Assertions 1 and 2 are ours, of one batch each; the batch of the second one cannot be read. Assertion 3 is somebody
 * else's.
 */
function createWorld(demands: readonly DemandRecord[], moot: readonly Hex[] = []) {
  const status = new Map<Hex, number>(demands.map((demand) => [demand.id, DEMAND_STATUS.open]));
  const sent: Hex[][] = [];
  let fetched = 0;
  const assertion = (n: number, asserter: Hex, firstBatch: bigint) => ({
    id: id(n),
    status: 'pending',
    asserter,
    stepRoot: id(99),
    firstBatch,
    post: { batch: firstBatch + 1n },
  });
  const assertions = [assertion(1, OURS, 0n), assertion(2, OURS, 1n), assertion(3, OTHERS, 0n)];
  const node = {
    l1: {
      client: {
        readContract: async ({ functionName, args }: { functionName: string; args: [Hex] }) =>
          functionName === 'deadlineOf' ? WINDOW_END : { status: status.get(args[0]) },
      },
    },
    mirror: {
      openDemands: async () => [...demands],
      assertion: async (wanted: Hex) => assertions.find((each) => each.id === wanted),
      isMoot: (assertion: { id: Hex }) => moot.includes(assertion.id),
      batch: async (index: bigint) => ({ objectRoot: index === 0n ? root : MISSING, objectLength: batch.length }),
    },
    objects: {
      get: async (wanted: Hex) => {
        fetched++;
        return wanted === root ? batch : undefined;
      },
    },
  };
  const sender = {
    address: OURS,
    sendAndWait: async ({ functionName, args, isDone }: ContractCall) => {
      const isSettled = functionName === 'settle';
      const ids = isSettled ? [args[0] as Hex] : (args[0] as { id: Hex }[]).map((answer) => answer.id);
      sent.push(ids);
      for (const each of ids) status.set(each, isSettled ? DEMAND_STATUS.settled : DEMAND_STATUS.published);
      expect(await isDone?.()).toBe(true);
      return { kind: 'mined', receipt: { gasUsed: 1n } };
    },
  };
  const parts = { node, sender, contracts: { demands: id(7), rollup: id(8) }, log: createLogger('test', 'silent') };
  const publisher = createPublisher(parts as unknown as Parameters<typeof createPublisher>[0]);
  return { publisher, sent, status, fetches: () => fetched };
}

const demand = (n: number, deadline: bigint, more: Partial<DemandRecord> = {}): DemandRecord => ({
  id: id(1000 + n),
  assertion: id(1),
  demander: OTHERS,
  objectRoot: root,
  depth: 6,
  index: n,
  bondWei: 1n,
  deadline,
  ...more,
});

test('the most urgent first, twelve at a time, whichever assertion they are about', async () => {
  // Every second one of twenty demands is later than all others; one is past, one is answered, one is not ours.
  const demands = Array.from({ length: 20 }, (_, n) => demand(n, BigInt(n % 2 === 0 ? 200 - n : 400 + n)));
  const foreign = demand(30, 101n, { assertion: id(3) });
  const { publisher, sent, status } = createWorld([...demands, foreign, demand(31, 100n), demand(32, 102n)]);
  status.set(id(1032), DEMAND_STATUS.published);
  expect(await publisher.publishNext(100n)).toBe(true);
  expect(await publisher.publishNext(100n)).toBe(true);
  expect(await publisher.publishNext(100n)).toBe(false);
  const even = [18, 16, 14, 12, 10, 8, 6, 4, 2, 0];
  const odd = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
  const order = [...even, ...odd].map((n) => id(1000 + n));
  expect(sent).toEqual([order.slice(0, 12), order.slice(12)]);
  expect(publisher.counts).toEqual({ published: 20, gasUsed: 2n });
});

test('an object that cannot be read holds up no other answer, and is looked for once a round', async () => {
  const lacking = [0, 1, 2].map((n) => demand(40 + n, 110n, { assertion: id(2), objectRoot: MISSING }));
  const { publisher, sent, fetches } = createWorld([...lacking, demand(5, 300n), demand(6, 250n)]);
  await expect(publisher.publishNext(100n)).rejects.toThrow();
  expect(sent).toEqual([[id(1006), id(1005)]]);
  expect(fetches()).toBe(2);
});

test('nothing is shown about a moot assertion of ours, and what is open about it is settled when its window is over', async () => {
  const demands = [demand(1, 200n), demand(2, 200n, { assertion: id(2) }), demand(3, 200n, { assertion: id(3) })];
  const { publisher, sent, fetches } = createWorld(demands, [id(1), id(2), id(3)]);
  expect(await publisher.publishNext(100n)).toBe(false);
  expect(await publisher.settleNext(WINDOW_END - 1n)).toBe(false);
  expect(sent).toEqual([]);
  expect(await publisher.settleNext(WINDOW_END)).toBe(true);
  expect(sent).toEqual([[id(1001)], [id(1002)]]);
  expect(fetches()).toBe(0);
});

test('a demand about an assertion that is pending and not moot is not settled', async () => {
  const { publisher, sent } = createWorld([demand(1, 200n)]);
  expect(await publisher.settleNext(WINDOW_END)).toBe(false);
  expect(sent).toEqual([]);
});
