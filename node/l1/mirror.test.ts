import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { encodeBatch } from '../../protocol/batch.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { createMemoryObjects } from '../../service/storage/objects.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { event, fakeHash } from '../../test/doubles/l1-events.fixture.ts';
import { deriveBatch } from './derive.ts';
import { type Mirror, openMirror } from './mirror.ts';

let folder: string;
let store: Store;
let mirror: Mirror;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-mirror-'));
  store = await openStore(folder);
  mirror = await openMirror(store);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const block = (n: number, fork = 0) => ({ number: BigInt(n), hash: fakeHash(n + fork * 1000) });
const delayed = (index: bigint, message: Uint8Array) =>
  event('MessageDelayed', { index, objectRoot: objectRoot(message), timestamp: 1n, message: bytesToHex(message) });
const batch = (index: bigint, objectRoot: Hex, objectLength: number, delayedUpTo: bigint, messageCount: number) =>
  event('BatchPosted', {
    index,
    objectRoot,
    timestamp: 5n,
    delayedUpTo,
    totalMessages: 9n,
    objectLength,
    messageCount,
  });

test('a batch is its delayed messages, then those of its object; a broken object gives empty ones', async () => {
  const objects = createMemoryObjects();
  const good = await objects.put(encodeBatch([Uint8Array.of(1, 2), Uint8Array.of(3)]));
  const bad = await objects.put(new Uint8Array(10));
  await mirror.apply({
    kind: 'apply',
    block: block(1),
    events: [
      delayed(0n, Uint8Array.of(9)),
      batch(0n, good.root, good.length, 1n, 3),
      batch(1n, bad.root, bad.length, 1n, 2),
    ],
  });
  const first = await deriveBatch(mirror, objects, (await mirror.batch(0n))!);
  expect(first.map((step) => [...step.message.bytes])).toEqual([[9], [1, 2], [3]]);
  expect(first.map((step) => step.context[8])).toEqual([1, 0, 0]);
  expect(first[2]!.context[31]).toBe(2);
  const second = await deriveBatch(mirror, objects, (await mirror.batch(1n))!);
  expect(second.map((step) => step.message.bytes.length)).toEqual([0, 0]);
  const missing = { ...(await mirror.batch(1n))!, objectRoot: fakeHash(5) };
  await expect(deriveBatch(mirror, objects, missing)).rejects.toMatchObject({ code: 'da/object-missing' });
});

test('a block is taken back whole, also by a later life, and another one takes its place', async () => {
  await mirror.apply({ kind: 'apply', block: block(1), events: [batch(0n, fakeHash(1), 128, 0n, 1)] });
  const before = await mirror.head();
  await mirror.apply({
    kind: 'apply',
    block: block(2),
    events: [delayed(0n, Uint8Array.of(4)), batch(1n, fakeHash(2), 128, 1n, 2), batch(2n, fakeHash(3), 128, 1n, 1)],
  });
  const replaced = await mirror.batch(1n);
  mirror = await openMirror(store);
  expect(mirror.known()).toEqual([block(1), block(2)]);
  await mirror.apply({ kind: 'undo', block: block(2) });
  expect(await mirror.head()).toEqual(before);
  expect(await mirror.batch(1n)).toBeUndefined();
  expect(await mirror.delayed(0n)).toBeUndefined();
  await mirror.apply({
    kind: 'apply',
    block: block(2, 1),
    events: [delayed(0n, Uint8Array.of(5)), batch(1n, fakeHash(2), 128, 1n, 2)],
  });
  expect((await mirror.batch(1n))?.fingerprint).not.toBe(replaced?.fingerprint);
});

test('assertions live, end, and come back to life', async () => {
  const post = { stateRoot: fakeHash(4), receiptHash: fakeHash(5), batch: 1n, message: 0n, step: 1n };
  await mirror.apply({
    kind: 'apply',
    block: block(1),
    events: [event('AssertionConfirmed', { id: fakeHash(1), batch: 0n, stateRoot: fakeHash(3) })],
  });
  expect(await mirror.head()).toMatchObject({ latestConfirmed: fakeHash(1), assertions: 1n });
  const args = {
    id: fakeHash(2),
    parent: fakeHash(1),
    asserter: `0x${'22'.repeat(20)}`,
    stepRoot: fakeHash(6),
    stepCount: 1n,
    post,
    objects: [],
  };
  await mirror.apply({ kind: 'apply', block: block(2), events: [event('AssertionCreated', args)] });
  expect((await mirror.pending()).map(({ id }) => id)).toEqual([fakeHash(2)]);
  await mirror.apply({
    kind: 'apply',
    block: block(3),
    events: [event('AssertionRejected', { id: fakeHash(2), beneficiary: args.asserter, slashed: 1n, reward: 0n })],
  });
  expect(await mirror.pending()).toEqual([]);
  expect((await mirror.assertion(fakeHash(2)))?.status).toBe('rejected');
  await mirror.apply({ kind: 'undo', block: block(3) });
  expect((await mirror.pending()).map(({ id, status }) => [id, status])).toEqual([[fakeHash(2), 'pending']]);
});

test('a gap in the logs is not passed over', async () => {
  const gap = { kind: 'apply', block: block(1), events: [batch(1n, fakeHash(2), 128, 0n, 1)] } as const;
  await expect(mirror.apply(gap)).rejects.toMatchObject({
    code: 'l1/contradiction',
    retryable: true,
    actual: 'batch 1 follows -1: the L1 node has left out a log',
  });
  expect(mirror.known()).toEqual([]);
});

test('a demand is open until it is published, its bond is held until it is settled, and a reorg takes both back', async () => {
  const [demander, other] = [`0x${'2A'.repeat(20)}` as const, `0x${'2b'.repeat(20)}` as const];
  const [id, assertion] = [fakeHash(10), fakeHash(2)];
  const place = { objectRoot: fakeHash(6), depth: 0, index: 0n };
  const demanded = event('BytesDemanded', { id, assertion, demander, ...place, bond: 15n, deadline: 99n });
  await mirror.apply({ kind: 'apply', block: block(1), events: [demanded] });
  expect(await mirror.openDemands()).toEqual([
    { id, assertion, demander, ...place, index: 0, bondWei: 15n, deadline: 99n },
  ]);
  expect(await mirror.demandBonds(demander)).toEqual([{ id, assertion, bondWei: 15n }]);
  expect(await mirror.demandBonds(other)).toEqual([]);
  const nodes = [fakeHash(7), fakeHash(8)];
  const published = event('NodesPublished', { id, assertion, depth: 0, index: 0n, nodes });
  const burned = event('SurchargeBurned', { id, demander, amount: 10n });
  await mirror.apply({ kind: 'apply', block: block(2), events: [published, burned] });
  expect(await mirror.demandBonds(demander)).toEqual([{ id, assertion, bondWei: 5n }]);
  expect(await mirror.openDemands()).toEqual([]);
  expect(await mirror.publications(assertion)).toEqual([{ ...place, index: 0, nodes }]);
  expect(await mirror.publications(fakeHash(3))).toEqual([]);
  await mirror.apply({ kind: 'undo', block: block(2) });
  expect(await mirror.openDemands()).toHaveLength(1);
  expect(await mirror.demandBonds(demander)).toEqual([{ id, assertion, bondWei: 15n }]);
  expect(await mirror.publications(assertion)).toEqual([]);
  const leaf = `0x${'ab'.repeat(128)}`;
  const settled = event('DemandSettled', { id, assertion, demander, refunded: 1n, burned: 0n });
  const shown = event('BytesPublished', { id, assertion, leafIndex: 0n, leaf });
  await mirror.apply({ kind: 'apply', block: block(2, 1), events: [shown] });
  expect(await mirror.publications(assertion)).toEqual([{ ...place, index: 0, leaf }]);
  await mirror.apply({ kind: 'apply', block: block(3, 1), events: [settled] });
  expect(await mirror.publications(assertion)).toEqual([]);
  expect(await mirror.demandBonds(demander)).toEqual([]);
});
