// docs/disputes.md#many: what a challenger does where demands are dear because of an assertion that has fallen.
import { expect, test } from 'vitest';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import { DEMAND_STATUS } from '../protocol/generated/enums.ts';
import type { Hex } from '../protocol/hex.ts';
import { LEAF_BYTES, objectRoot } from '../protocol/tree.ts';
import type { ContractCall } from '../service/l1/call.ts';
import { createLogger } from '../service/process/log.ts';
import { createDemander } from './demand.ts';

const id = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const [LIAR, OTHER] = [id(0xa), id(0xb)];
const own = new Uint8Array(20 * LEAF_BYTES);
const claimed = own.slice().fill(1, 5 * LEAF_BYTES);
const wrong = { id: id(1), asserter: LIAR, stepRoot: objectRoot(claimed), status: 'pending' } as AssertionRecord;
const MAX_WEI = 12n;

/** `open`: the open demands, each with the assertion that it is about; each makes the next demand dearer. */
function createWorld(
  records: readonly AssertionRecord[],
  open: readonly (readonly [demand: Hex, assertion: Hex])[],
  moot: readonly Hex[] = [],
) {
  const counted = new Map<Hex, number>();
  for (const [, assertion] of open) counted.set(assertion, (counted.get(assertion) ?? 0) + 1);
  const ofLiar = () =>
    records.reduce((sum, { id: about, asserter }) => sum + (asserter === LIAR ? (counted.get(about) ?? 0) : 0), 0);
  const sent: [string, unknown][] = [];
  const ended = new Set<unknown>();
  const allowed: (bigint | undefined)[] = [];
  const answers: Record<string, (args: readonly Hex[]) => unknown> = {
    demandIdOf: () => id(77),
    demandOf: ([demand]) => ({
      status: ended.has(demand)
        ? DEMAND_STATUS.settled
        : open.some(([known]) => known === demand)
          ? DEMAND_STATUS.open
          : DEMAND_STATUS.none,
    }),
    windowEndOf: () => 100n,
    statusOf: () => 1,
    isMoot: ([about]) => moot.includes(about as Hex),
    standingOf: ([about]) => ({ nodes: 0, leaves: 0, open: counted.get(about as Hex) ?? 0 }),
    bondFor: () => 5n * BigInt(ofLiar() + 1),
  };
  const node = {
    l1: {
      client: {
        readContract: async ({ functionName, args }: { functionName: string; args: Hex[] }) =>
          answers[functionName]?.(args),
      },
    },
    mirror: {
      publications: async () => [],
      assertion: async (wanted: Hex) => records.find((each) => each.id === wanted),
      openDemands: async () => open.map(([demand, assertion]) => ({ id: demand, assertion, deadline: 50n })),
      demandBonds: async () => open.map(([demand, assertion]) => ({ id: demand, assertion, bondWei: 5n })),
      isMoot: (assertion: AssertionRecord) => moot.includes(assertion.id),
    },
  };
  const caller = {
    address: OTHER,
    async send({ functionName, args, isDone }: ContractCall) {
      sent.push([functionName, args[0]]);
      // The first demand that is settled frees the asserter of all demands about its assertion.
      const about = open.find(([demand]) => demand === args[0])?.[1];
      if (functionName === 'settle') counted.delete(about as Hex);
      ended.add(args[0]);
      expect(await isDone?.()).toBe(functionName === 'settle' || functionName === 'expire');
      return true;
    },
    async allowBond(_: Hex, bondWei: bigint, limitWei?: bigint) {
      allowed.push(bondWei, limitWei);
    },
    gasUsed: () => 0n,
  };
  const log = createLogger('test', 'silent');
  const contracts = { demands: id(8), rollup: id(9) };
  const parts = { node, contracts, caller, log, maxBondWei: MAX_WEI } as unknown as Parameters<
    typeof createDemander
  >[0];
  return { demander: createDemander(parts), sent, allowed };
}

const fallen = (n: number, asserter: Hex): AssertionRecord =>
  ({ ...wrong, id: id(n), asserter, status: 'rejected' }) as AssertionRecord;

test('an open demand about a fallen assertion of the same asserter is settled first, once', async () => {
  const records = [wrong, fallen(2, LIAR), fallen(3, OTHER)];
  const open = [1, 2, 3, 4].map((n) => [id(100 + n), n === 4 ? id(3) : id(2)] as const);
  const { demander, sent, allowed } = createWorld(records, open);
  expect(await demander.search(wrong, own, 10n)).toEqual({ kind: 'waiting', sent: true });
  expect(sent).toEqual([['settle', id(101)]]);
  expect(await demander.search(wrong, own, 11n)).toEqual({ kind: 'waiting', sent: true });
  expect(sent.slice(1)).toEqual([['demandNodes', wrong.id]]);
  expect(allowed).toEqual([5n, MAX_WEI]);
});

test('an open demand about a pending assertion is waited for, until it is too late', async () => {
  const open = [1, 2].map((n) => [id(100 + n), id(1)] as const);
  const { demander, sent } = createWorld([wrong], open);
  expect(await demander.search(wrong, own, 99n)).toEqual({ kind: 'waiting', sent: false });
  expect(await demander.search(wrong, own, 100n)).toEqual({ kind: 'waiting', sent: false });
  expect(sent).toEqual([]);
});

test('nothing is demanded of an assertion that is moot', async () => {
  const { demander, sent } = createWorld([wrong], [], [wrong.id]);
  expect(await demander.search(wrong, own, 10n)).toEqual({ kind: 'waiting', sent: false });
  expect(sent).toEqual([]);
});

test('an overdue demand is expired; one about an assertion that is moot or has fallen is settled instead', async () => {
  const records = [wrong, { ...wrong, id: id(2) }, fallen(3, OTHER)];
  const open = [1, 2, 3].map((n) => [id(100 + n), id(n)] as const);
  const { demander, sent } = createWorld(records, open, [id(2)]);
  expect(await demander.collectNext(50n, async () => true)).toBe(true);
  expect(sent).toEqual([
    ['expire', id(101)],
    ['settle', id(102)],
    ['settle', id(103)],
  ]);
  expect(demander.counts).toEqual({ demanded: 0, expired: 1, bonds: 3, bondsWei: 15n });
});
