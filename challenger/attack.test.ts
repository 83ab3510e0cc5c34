// docs/disputes.md#playing: which wrong assertions a challenger attacks, and on which it spends nothing.
import { expect, test } from 'vitest';
import { createAssertionJudge } from '../node/agreement.ts';
import type { AssertionRecord, AssertionStatus } from '../node/l1/mirror-events.ts';
import type { Hex } from '../protocol/hex.ts';
import { encodeStateLeaf, type StateLeaf } from '../protocol/state.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';
import { createLogger } from '../service/process/log.ts';
import { createAttacker } from './attack.ts';

const id = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const post = (batch: bigint, root: number): StateLeaf => ({
  stateRoot: id(root),
  receiptHash: id(0),
  batch,
  message: 0n,
  step: batch,
});
/** Our own states: each batch has one step. */
const OWN = [post(0n, 100), post(1n, 101), post(2n, 102)];
const NOW = 1_000n;

/** A false assertion of the second batch, on top of one of the first. */
function createWorld(parent: Pick<AssertionRecord, 'status' | 'post'>, isMoot = false) {
  const about = (n: number, from: bigint, status: AssertionStatus, end: StateLeaf): AssertionRecord =>
    ({ id: id(n), parent: id(n - 1), status, firstBatch: from, stepRoot: id(99), stepCount: 1, post: end }) as never;
  const records = [
    about(1, 0n, 'confirmed', OWN[0]!),
    about(2, 0n, parent.status, parent.post),
    about(3, 1n, 'pending', post(2n, 777)),
  ];
  const searched: Hex[] = [];
  const batch = async (index: bigint) => ({
    index,
    fingerprint: id(Number(index)),
    fromStep: index,
    toStep: index + 1n,
  });
  const node = {
    l1: { client: {} },
    mirror: {
      head: async () => ({ latestConfirmed: id(1) }),
      pending: async () => records.filter(({ status }) => status === 'pending'),
      assertion: async (wanted: Hex) => records.find((record) => record.id === wanted),
      openGames: async () => [],
      isMoot: (assertion: AssertionRecord) => isMoot && assertion.id === id(3),
      batch,
    },
    execution: {
      batches: () => 2n,
      batch,
      async leaves(from: bigint, to: bigint) {
        const leaves = OWN.slice(Number(from), Number(to) + 1).map(encodeStateLeaf);
        const list = new Uint8Array(leaves.length * LEAF_BYTES);
        for (const [i, leaf] of leaves.entries()) list.set(leaf, i * LEAF_BYTES);
        return list;
      },
    },
  };
  const demander = {
    hasBegun: async () => true,
    async search(assertion: AssertionRecord) {
      searched.push(assertion.id);
      return { kind: 'waiting', sent: true };
    },
    collectNext: async () => false,
  };
  const isPatient = { createdAt: 0n };
  node.l1.client = {
    readContract: async ({ functionName }: { functionName: string }) => (functionName === 'window' ? 10n : isPatient),
  };
  const [contracts, log] = [{ dispute: id(8), rollup: id(9) }, createLogger('test', 'silent')];
  const verdictOf = createAssertionJudge(node.mirror as never, node.execution as never);
  const parts = {
    node: { ...node, verdictOf },
    contracts,
    caller: { address: id(7) },
    demander,
    oracles: {},
    log,
    bondWei: 1n,
  };
  const attacker = createAttacker(parts as unknown as Parameters<typeof createAttacker>[0]);
  return { attacker, searched };
}

test('a child is attacked if its parent ends in our own state, though that has been lost', async () => {
  for (const status of ['pending', 'rejected', 'confirmed'] as const) {
    const { attacker, searched } = createWorld({ status, post: OWN[1]! });
    // A pending parent has another step root than ours: it is wrong itself, and attacked first.
    expect(await attacker.attackNext(NOW)).toBe(true);
    expect(searched).toEqual([status === 'pending' ? id(2) : id(3)]);
  }
});

test('nothing is spent on a child whose first leaf is wrong: no step of it can be shown to be wrong', async () => {
  const { attacker, searched } = createWorld({ status: 'rejected', post: post(1n, 666) });
  expect(await attacker.attackNext(NOW)).toBe(false);
  expect(searched).toEqual([]);
});

test('nothing is spent on an assertion that is moot', async () => {
  const { attacker, searched } = createWorld({ status: 'rejected', post: OWN[1]! }, true);
  expect(await attacker.attackNext(NOW)).toBe(false);
  expect(searched).toEqual([]);
});
