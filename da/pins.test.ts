// docs/da.md#node, #quotas: an object lives as long as the latest promise for it, and is charged to who asked for that.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ObjectRef } from '../protocol/tree.ts';
import { type DiskObjects, openDiskObjects } from '../service/storage/disk-objects.ts';
import { openStore, type Store } from '../service/storage/store.ts';
import { openPins } from './pins.ts';
import { createQuotas, keptBytes, type Owner, type Quotas } from './quotas.ts';

const ALICE: Owner = { account: `0x${'aa'.repeat(20)}`, class: 'free' };
const BOB: Owner = { account: `0x${'bb'.repeat(20)}`, class: 'staked' };

let folder: string;
let store: Store;
let objects: DiskObjects;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-pins-'));
  store = await openStore(join(folder, 'index'));
  objects = await openDiskObjects(join(folder, 'objects'));
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

function quotasOf(): Quotas {
  return createQuotas({ capacityBytes: 2 ** 40, freeBytes: 2 ** 20, bytesPerToken: 1, grants: new Map() });
}

async function two(): Promise<[ObjectRef, ObjectRef]> {
  return (await objects.putAll([Uint8Array.of(1), Uint8Array.of(2)])) as [ObjectRef, ObjectRef];
}

test('a sweep deletes what is no longer promised, and only that', async () => {
  const pins = await openPins(store, objects, quotasOf());
  const [a, b] = await two();
  await pins.pin([a, b], 100n, ALICE);
  await pins.pin([b], 200n, ALICE);
  // A shorter promise does not shorten the longer one.
  await pins.pin([b], 150n, ALICE);
  expect(await pins.sweep(100)).toBe(0);
  expect(await pins.sweep(101)).toBe(1);
  expect([await objects.has(a.root), await objects.has(b.root)]).toEqual([false, true]);
  expect(await pins.sweep(200)).toBe(0);
  expect(await pins.sweep(201)).toBe(1);
  expect(objects.usage()).toEqual({ objects: 0, bytes: 0 });
});

test('an object is charged to one account: to the one that has asked for its latest expiry', async () => {
  const quotas = quotasOf();
  const pins = await openPins(store, objects, quotas);
  const [a, b] = await two();
  const one = keptBytes(1);
  expect(one).toBe(8_192);
  expect(pins.costOf([a, a, b], 100n, ALICE)).toEqual({ account: 2 * one, class: 2 * one });
  await pins.pin([a, a, b], 100n, ALICE);
  expect(quotas.bytesOf('free')).toBe(2 * one);
  expect(pins.costOf([a], 300n, ALICE)).toEqual({ account: 0, class: 0 });
  expect(pins.costOf([a], 100n, BOB)).toEqual({ account: 0, class: 0 });
  expect(pins.costOf([a], 101n, BOB)).toEqual({ account: one, class: one });
  await pins.pin([a], 200n, BOB);
  expect([quotas.bytesOf('free'), quotas.bytesOf('staked')]).toEqual([one, one]);
  // As after a start.
  const again = quotasOf();
  const pinsAgain = await openPins(store, objects, again);
  expect([again.bytesOf('free'), again.bytesOf('staked')]).toEqual([one, one]);
  await pinsAgain.unpin(a.root, 150n);
  expect(again.bytesOf('staked')).toBe(one);
  await pinsAgain.sweep(300);
  expect([again.bytesOf('free'), again.bytesOf('staked')]).toEqual([0, 0]);
});
