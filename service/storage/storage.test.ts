// docs/operations.md#storage, #objects
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { objectRef } from '../../protocol/tree.ts';
import { openDiskObjects } from './disk-objects.ts';
import { createByteCache, createMemoryObjects, withFallback } from './objects.ts';
import { keyNumber, numberKey, openStore } from './store.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-storage-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('tables keep bigints, order, and write over several tables at once', async () => {
  const store = await openStore(folder);
  const numbers = store.table<{ value: bigint; name: string }>('numbers');
  const raw = store.bytes('raw');
  await store.write([
    ...[3, 300, 20].map((n) => numbers.put(numberKey(n), { value: BigInt(n), name: `n${n}` })),
    raw.put('a', Uint8Array.of(1, 2)),
  ]);
  const keys: bigint[] = [];
  for await (const [key, { value }] of numbers.entries()) {
    expect(keyNumber(key)).toBe(value);
    keys.push(value);
  }
  expect(keys).toEqual([3n, 20n, 300n]);
  const last: string[] = [];
  for await (const [, { name }] of numbers.entries({ reverse: true, limit: 1 })) last.push(name);
  expect(last).toEqual(['n300']);
  expect(await raw.get('a')).toEqual(Uint8Array.of(1, 2));
  expect(raw.getSync('b')).toBeUndefined();
  await store.write([numbers.delete(numberKey(20))]);
  expect(await numbers.get(numberKey(20))).toBeUndefined();
  await store.close();
});

test('a second opening is refused, a damaged value too', async () => {
  const store = await openStore(folder);
  await expect(openStore(folder)).rejects.toMatchObject({ code: 'store/locked' });
  const table = store.table<string>('words');
  const operation = table.put('a', 'word');
  await store.write([operation]);
  if (operation.type !== 'put') throw new Error('a put');
  operation.value[6] = 0x7a;
  await store.write([operation]);
  await expect(table.get('a')).rejects.toMatchObject({ code: 'store/corrupt' });
  await store.close();
});

test('a write that fails leaves nothing behind; the same bytes at once are counted once', async () => {
  const objects = await openDiskObjects(folder);
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
  const { root } = objectRef(bytes);
  const shard = join(folder, root.slice(2, 4));
  writeFileSync(shard, 'a file where the folder should be');
  await expect(objects.put(bytes)).rejects.toThrow();
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  expect(await objects.has(root).catch(() => false)).toBe(false);
  rmSync(shard);
  await Promise.all([objects.put(bytes), objects.put(bytes), objects.put(bytes)]);
  expect(objects.usage()).toEqual({ objects: 1, bytes: bytes.length });
  // As kill -9 leaves it: a file in the middle of being written.
  writeFileSync(join(folder, 'tmp', 'half'), bytes.subarray(0, 50_000));
  expect((await openDiskObjects(folder)).usage()).toEqual({ objects: 1, bytes: bytes.length });
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
});

test('objects survive, are found by root, and damage is seen', async () => {
  const first = await openDiskObjects(folder);
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 256);
  const [ref, empty] = await first.putAll([bytes, new Uint8Array(0)]);
  expect(ref).toEqual(objectRef(bytes));
  expect(first.usage()).toEqual({ objects: 2, bytes: 5000 });
  const second = await openDiskObjects(folder, { cacheBytes: 0 });
  expect(second.usage()).toEqual({ objects: 2, bytes: 5000 });
  expect(await second.get(ref!.root)).toEqual(bytes);
  expect(second.getSync(empty!.root)).toEqual(new Uint8Array(0));
  expect(await second.size(ref!.root)).toBe(5000);
  const shard = join(folder, ref!.root.slice(2, 4));
  writeFileSync(join(shard, readdirSync(shard)[0]!), new Uint8Array(5000));
  await expect(second.get(ref!.root)).rejects.toMatchObject({ code: 'store/corrupt' });
  await second.delete(ref!.root);
  expect(await second.has(ref!.root)).toBe(false);
});

test('the memory for objects stays within its bytes, the least used goes first', () => {
  const cache = createByteCache(100);
  const roots = [1, 2, 3].map((n) => objectRef(Uint8Array.of(n)).root);
  cache.set(roots[0]!, new Uint8Array(40));
  cache.set(roots[1]!, new Uint8Array(40));
  cache.get(roots[0]!);
  cache.set(roots[2]!, new Uint8Array(40));
  expect(roots.map((root) => cache.get(root)?.length)).toEqual([40, undefined, 40]);
});

test('what comes from afar under another root is not taken', async () => {
  const wanted = objectRef(Uint8Array.of(1)).root;
  const local = createMemoryObjects();
  const source = withFallback(local, async () => Uint8Array.of(2));
  expect(await source.get(wanted)).toBeUndefined();
  expect(await local.has(objectRef(Uint8Array.of(2)).root)).toBe(false);
});
