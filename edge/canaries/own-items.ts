// docs/audits.md#gateway: where a gateway's signed items stand in L1's batches, and what shows them to a contract.
import { type ShownItem, showItemAt } from '../../dispute/shown-item.ts';
import { deriveBatch, type ObjectSource } from '../../node/l1/derive.ts';
import type { ItemAt } from '../../node/l1/message-place.ts';
import type { Mirror } from '../../node/l1/mirror.ts';
import { type Address, isSameAddress } from '../../protocol/hex.ts';
import { singleUseKey } from '../gateway/task.ts';

export type OwnItems = {
  /** The number of L1's batches, as far as they were read. */
  count(): Promise<bigint>;
  /** The gateway's items in a batch, by their tasks. A task that was signed twice has its first item. */
  read(batch: bigint): Promise<ReadonlyMap<string, ItemAt>>;
  /** @throws MizuError `da/object-missing` (retryable) */
  show(at: ItemAt): Promise<ShownItem>;
};

export function createOwnItems(mirror: Mirror, objects: ObjectSource, gateway: Address): OwnItems {
  return {
    count: async () => (await mirror.head()).batches,
    async read(batch) {
      const found = new Map<string, ItemAt>();
      const record = await mirror.batch(batch);
      if (record === undefined) throw new Error(`batch ${batch} is not on L1 any more`);
      for (const [message, step] of (await deriveBatch(mirror, objects, record)).entries()) {
        const body = step.message.message;
        if (body?.kind !== 'InferenceResult' || !isSameAddress(body.gateway, gateway)) continue;
        for (const [index, item] of body.items.entries()) {
          const key = singleUseKey(item);
          if (!found.has(key)) found.set(key, { batch, message, index });
        }
      }
      return found;
    },
    async show(at) {
      const shown = await showItemAt({ mirror, objects }, at);
      if (shown === undefined) throw new Error(`batch ${at.batch} has no message ${at.message} any more`);
      return shown;
    },
  };
}
