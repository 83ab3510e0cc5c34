// docs/da.md#node: until when each object is promised, durable before the promise is signed.
import type { Hex } from '../protocol/hex.ts';
import type { DiskObjects } from '../service/disk-objects.ts';
import { numberKey, type Store } from '../service/store.ts';

export type Pins = {
  /** Raises the expiry of these objects to at least this; on the disk when it resolves. */
  pin(roots: readonly Hex[], expiry: bigint): Promise<void>;
  /** Deletes the objects whose last promise ended before `nowSeconds`; returns how many. */
  sweep(nowSeconds: number): Promise<number>;
};

const SWEEP_AT_ONCE = 10_000;

/** An object that was stored but never promised is pinned by its upload for a time of grace. */
export function createPins(store: Store, objects: DiskObjects): Pins {
  const expiries = store.table<bigint>('expiries');
  const byExpiry = store.table<Hex>('by-expiry');
  const orderKey = (expiry: bigint, root: Hex) => `${numberKey(expiry)}${root}`;
  return {
    pin: async (roots, expiry) => {
      const operations = [];
      for (const root of new Set(roots)) {
        const old = expiries.getSync(root);
        if (old !== undefined && old >= expiry) continue;
        if (old !== undefined) operations.push(byExpiry.delete(orderKey(old, root)));
        operations.push(expiries.put(root, expiry), byExpiry.put(orderKey(expiry, root), root));
      }
      await store.write(operations);
    },
    sweep: async (nowSeconds) => {
      let count = 0;
      for await (const [key, root] of byExpiry.entries({ lt: numberKey(nowSeconds), limit: SWEEP_AT_ONCE })) {
        await objects.delete(root);
        await store.write([byExpiry.delete(key), expiries.delete(root)]);
        count += 1;
      }
      return count;
    },
  };
}
