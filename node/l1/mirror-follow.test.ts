// docs/prover.md#derivation: a mirror that has missed something notices, takes blocks back and reads them again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { disputeAbi, inboxAbi } from '../../protocol/generated/abi.ts';
import { SIDE } from '../../protocol/generated/enums.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { createLogger } from '../../service/process/log.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { createFakeChain, encodeLog, type FakeChain } from '../../test/doubles/fake-chain.fixture.ts';
import { fakeHash } from '../../test/doubles/l1-events.fixture.ts';
import { type Mirror, openMirror } from './mirror.ts';
import { followMirror } from './mirror-follow.ts';

const [inbox, rollup, dispute] = ['11', '22', '33'].map((byte) => `0x${byte.repeat(20)}` as Address) as [
  Address,
  Address,
  Address,
];
const listOf = (n: number) => Array<Hex>(32).fill(fakeHash(n));
const delayed = (index: number, message = '0x12') =>
  encodeLog(inbox, inboxAbi, 'MessageDelayed', {
    index: BigInt(index),
    objectRoot: fakeHash(5),
    timestamp: 1n,
    message,
  });
const opened = encodeLog(dispute, disputeAbi, 'GameOpened', {
  game: fakeHash(7),
  assertion: fakeHash(8),
  challenger: inbox,
  index: 1n,
  start: fakeHash(1),
  end: fakeHash(2),
  message: fakeHash(0),
  list: listOf(1),
});
const moved = (lists: number) =>
  encodeLog(dispute, disputeAbi, 'Moved', {
    game: fakeHash(7),
    side: SIDE.asserter,
    lists,
    position: 0,
    start: fakeHash(1),
    end: fakeHash(2),
    list: listOf(lists),
  });

let folder: string;
let store: Store;
let mirror: Mirror;
let chain: FakeChain;
let errors: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-follow-'));
  store = await openStore(folder);
  mirror = await openMirror(store);
  chain = createFakeChain();
  errors = [];
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

// Until the mirror is at the head of the chain.
async function follow(nodes = [chain.client], isDone?: () => Promise<boolean>): Promise<void> {
  const stop = new AbortController();
  const log = Object.assign(createLogger('test', 'silent'), {
    error: ({ err }: { err: { code: string } }) => errors.push(err.code),
  });
  const head = await chain.client.getBlockNumber();
  const following = followMirror({
    l1: { client: nodes[0]!, nodes },
    mirror,
    contracts: { inbox, rollup, dispute },
    fromBlock: 1n,
    pollMs: 1,
    signal: stop.signal,
    log,
    onChange: () => {},
  });
  const atHead = async () => mirror.known().at(-1)?.number === head;
  await vi.waitUntil(isDone ?? atHead, { timeout: 600_000, interval: 5 });
  stop.abort();
  await following;
}

test('a mirror that a node once left a log out of heals when the gap shows', async () => {
  chain.mine();
  chain.mine([delayed(0)]);
  await follow();
  // What an unchecked answer leaves behind: the block is known, its event is not.
  const gap = chain.mine([delayed(1)]);
  await mirror.apply({ kind: 'apply', block: gap, events: [] });
  for (let i = 0; i < 20; i++) await mirror.apply({ kind: 'apply', block: chain.mine(), events: [] });
  chain.mine([delayed(2)]);
  await follow();
  expect((await mirror.head()).delayed).toBe(3n);
  expect(errors.length).toBeGreaterThanOrEqual(5);
  expect(new Set(errors)).toEqual(new Set(['l1/contradiction']));
});

test('so does one that has missed a move, or the beginning of a game', async () => {
  chain.mine();
  await follow();
  await mirror.apply({ kind: 'apply', block: chain.mine([opened]), events: [] });
  chain.mine([moved(2)]);
  await follow();
  expect(await mirror.game(fakeHash(7))).toMatchObject({ lists: 2, list: listOf(2) });
  await mirror.apply({ kind: 'apply', block: chain.mine([moved(3)]), events: [] });
  chain.mine([moved(4)]);
  await follow();
  expect(await mirror.game(fakeHash(7))).toMatchObject({ lists: 4, list: listOf(4) });
  expect(errors).toEqual(['l1/contradiction', 'l1/contradiction']);
});

test('a chain that contradicts itself is said so again and again, and ends nothing', async () => {
  chain.mine([delayed(0)]);
  chain.mine([delayed(2)]);
  await follow([chain.client], async () => errors.length > 3);
  chain.cut(2);
  chain.mine([delayed(1)]);
  chain.mine([delayed(2)]);
  await follow();
  expect((await mirror.head()).delayed).toBe(3n);
});

test('a fork of all blocks is followed from its beginning, unless blocks before the known ones are gone', async () => {
  chain.mine([delayed(0, '0xaa')]);
  chain.mine([delayed(1, '0xaa')]);
  await follow();
  const fork = createFakeChain(1);
  for (let i = 0; i < 4; i++) fork.mine(i < 2 ? [delayed(i, '0xbb')] : []);
  chain = fork;
  await follow();
  expect(await mirror.delayed(0n)).toMatchObject({ message: '0xbb' });
  for (let i = 0; i < 600; i++) await mirror.apply({ kind: 'apply', block: chain.mine(), events: [] });
  mirror = await openMirror(store);
  expect(mirror.isWhole()).toBe(false);
  expect(mirror.known().length).toBeLessThan(520);
});
