// docs/da.md#node: an object lives as long as the latest promise for it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDiskObjects } from '../service/disk-objects.ts';
import { openStore } from '../service/store.ts';
import { createPins } from './pins.ts';

test('a sweep deletes what is no longer promised, and only that', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-pins-'));
  const store = await openStore(join(folder, 'index'));
  const objects = await openDiskObjects(join(folder, 'objects'));
  const pins = createPins(store, objects);
  const [a, b] = (await objects.putAll([Uint8Array.of(1), Uint8Array.of(2)])).map(({ root }) => root) as [
    `0x${string}`,
    `0x${string}`,
  ];
  await pins.pin([a, b], 100n);
  await pins.pin([b], 200n);
  // A shorter promise does not shorten the longer one.
  await pins.pin([b], 150n);
  expect(await pins.sweep(100)).toBe(0);
  expect(await pins.sweep(101)).toBe(1);
  expect([await objects.has(a), await objects.has(b)]).toEqual([false, true]);
  expect(await pins.sweep(200)).toBe(0);
  expect(await pins.sweep(201)).toBe(1);
  expect(objects.usage()).toEqual({ objects: 0, bytes: 0 });
  await store.close();
  rmSync(folder, { recursive: true });
});
