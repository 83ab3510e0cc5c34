// docs/da.md#node: until when each object is promised, and to whom; durable before the promise is signed.
import type { Address, Hex } from '../protocol/hex.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import type { DiskObjects } from '../service/storage/disk-objects.ts';
import { keyNumber, numberKey, type Store } from '../service/storage/store.ts';
import { type Cost, keptBytes, type Owner, type Quotas } from './quotas.ts';

export type Pins = {
  /** Raises the expiry of these objects to at least this, and charges them to the owner; on the disk when it resolves. */
  pin(objects: readonly ObjectRef[], expiry: bigint, owner: Owner): Promise<void>;
  /** What `pin` would charge to the owner. */
  costOf(objects: readonly ObjectRef[], expiry: bigint, owner: Owner): Cost;
  /** Forgets an object that could not be written, if nobody has been promised more than this. */
  unpin(root: Hex, expiry: bigint): Promise<void>;
  /** Deletes the objects whose last promise ended before `nowSeconds`; returns how many. */
  sweep(nowSeconds: number): Promise<number>;
};

type Pin = {
  readonly expiry: bigint;
  readonly account: Address;
  readonly class: Owner['class'];
  readonly bytes: number;
};

const SWEEP_AT_ONCE = 10_000;

/**
 * An object is charged to the account that has asked for its latest expiry: to one at a time, so that all charges together are what is stored.
 * One that was stored but never promised is pinned by its upload for a time of grace.
 */
export async function openPins(store: Store, objects: DiskObjects, quotas: Quotas): Promise<Pins> {
  const pins = store.table<Pin>('pins');
  const byExpiry = store.table<Hex>('by-expiry');
  const orderKey = (expiry: bigint, root: Hex) => `${numberKey(expiry)}${root}`;
  for await (const [, pin] of pins.entries()) quotas.add(pin, pin.bytes);

  const distinct = (all: readonly ObjectRef[]) => new Map(all.map((object) => [object.root, object])).values();
  const isLater = (old: Pin | undefined, expiry: bigint) => old === undefined || old.expiry < expiry;

  const forget = async (root: Hex): Promise<void> => {
    const old = pins.getSync(root);
    if (old === undefined) return;
    await store.write([pins.delete(root), byExpiry.delete(orderKey(old.expiry, root))]);
    quotas.remove(old, old.bytes);
  };

  return {
    pin: async (all, expiry, { account, class: kind }) => {
      const operations = [];
      const changes: { readonly old: Pin | undefined; readonly pin: Pin }[] = [];
      for (const { root, length } of distinct(all)) {
        const old = pins.getSync(root);
        if (!isLater(old, expiry)) continue;
        const pin = { expiry, account, class: kind, bytes: keptBytes(length) };
        if (old !== undefined) operations.push(byExpiry.delete(orderKey(old.expiry, root)));
        operations.push(pins.put(root, pin), byExpiry.put(orderKey(expiry, root), root));
        changes.push({ old, pin });
      }
      await store.write(operations);
      for (const { old, pin } of changes) {
        if (old !== undefined) quotas.remove(old, old.bytes);
        quotas.add(pin, pin.bytes);
      }
    },
    costOf: (all, expiry, owner) => {
      const cost = { account: 0, class: 0 };
      for (const { root, length } of distinct(all)) {
        const old = pins.getSync(root);
        if (!isLater(old, expiry)) continue;
        if (old?.account !== owner.account) cost.account += keptBytes(length);
        if (old?.class !== owner.class) cost.class += keptBytes(length);
      }
      return cost;
    },
    unpin: async (root, expiry) => {
      if ((pins.getSync(root)?.expiry ?? 0n) <= expiry) await forget(root);
    },
    sweep: async (nowSeconds) => {
      let count = 0;
      for await (const [key, root] of byExpiry.entries({ lt: numberKey(nowSeconds), limit: SWEEP_AT_ONCE })) {
        const pin = pins.getSync(root);
        if (pin !== undefined && pin.expiry > keyNumber(key.slice(0, 16))) {
          await store.write([byExpiry.delete(key)]);
          continue;
        }
        await objects.delete(root);
        await store.write([byExpiry.delete(key)]);
        await forget(root);
        count += 1;
      }
      return count;
    },
  };
}
