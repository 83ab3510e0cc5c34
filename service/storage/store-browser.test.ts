// docs/operations.md#storage: the store as a page gets it, over an IndexedDB that fake-indexeddb plays.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Store } from './store.ts';

type Module = typeof import('./store.ts');
type Built = Module & { readonly folder: string };

let store: Built;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-browser-'));
  const outfile = join(folder, 'store.mjs');
  // A module of Node's in it is an error here. For `events`, which level needs, bundlers of pages take the package of
  // that name.
  const entry = fileURLToPath(new URL('store.ts', import.meta.url));
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'browser', format: 'esm' });
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  store = { ...((await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as Module), folder };
});

afterAll(() => {
  vi.unstubAllGlobals();
  rmSync(store.folder, { recursive: true, force: true });
});

test('in a browser a store keeps tables, order and checksums, also when it is opened again', async () => {
  const { openStore, numberKey } = store;
  const first = await openStore('page');
  const numbers = first.table<{ value: bigint }>('numbers');
  const raw = first.bytes('raw');
  await first.write([
    ...[3, 300, 20].map((n) => numbers.put(numberKey(n), { value: BigInt(n) })),
    raw.put('a', Uint8Array.of(1, 2)),
  ]);
  await first.close();
  const second = await openStore('page');
  const again = second.table<{ value: bigint }>('numbers');
  expect(await valuesOf(second, 'numbers')).toEqual([3n, 20n, 300n]);
  expect(await second.bytes('raw').get('a')).toEqual(Uint8Array.of(1, 2));
  const damaged = again.put(numberKey(3), { value: 3n });
  if (damaged.type !== 'put') throw new Error('a put');
  damaged.value[0] = 1 ^ (damaged.value[0] ?? 0);
  await second.write([damaged, again.delete(numberKey(20))]);
  await expect(again.get(numberKey(3))).rejects.toMatchObject({ code: 'store/corrupt' });
  expect(await again.get(numberKey(20))).toBeUndefined();
  expect(() => again.getSync(numberKey(300))).toThrow(expect.objectContaining({ code: 'LEVEL_NOT_SUPPORTED' }));
  await second.close();
});

test('any keys come back in the same order as from the disk', async () => {
  const onDisk = await import('./store.ts');
  const key = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }), key, fc.boolean(), async (keys, bound, reverse) => {
      const path = mkdtempSync(join(store.folder, 'disk-'));
      const found = await Promise.all(
        [onDisk, store].map(async ({ openStore }) => {
          const opened = await openStore(path);
          const table = opened.table<string>('words');
          await opened.write(keys.map((word) => table.put(word, word)));
          const words: string[] = [];
          for await (const [word] of table.entries({ gt: bound, reverse, limit: 5 })) words.push(word);
          await opened.close();
          return words;
        }),
      );
      expect(found[1]).toEqual(found[0]);
    }),
    { numRuns: 20 },
  );
});

async function valuesOf(opened: Store, name: string): Promise<bigint[]> {
  const values: bigint[] = [];
  for await (const [, { value }] of opened.table<{ value: bigint }>(name).entries()) values.push(value);
  return values;
}
