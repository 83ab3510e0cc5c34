// docs/audits.md#gateway: what a gateway keeps of its canaries.
import type { ItemAt } from '../../node/l1/message-place.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Store, Table } from '../../service/storage/store.ts';
import type { TaskInfo } from '../gateway/task.ts';

/** A commitment to the canary, and what opens it. */
export type Plant = {
  readonly salt: Hex;
  readonly commitment: Hex;
  readonly signature: Hex;
  /** Unix seconds at which L1 took it; absent: it is not known to have. */
  readonly at?: bigint;
};

export type CanaryRecord = {
  /** `dropped`: its task is signed as it came. */
  readonly state: 'planting' | 'planted' | 'opened' | 'dropped';
  readonly item: Pick<TaskInfo, 'run' | 'stage' | 'partition' | 'attempt'>;
  readonly owner: Address;
  readonly nonce: bigint;
  readonly workflow: Hex;
  readonly truth: Hex;
  /** The newest last: an item that is late in a batch is planted again. */
  readonly plants: readonly Plant[];
  /** The first batch of L1 that may have the item. */
  readonly fromBatch: bigint;
  readonly at?: ItemAt;
};

/** What is kept, in memory and in the store: it is looked through in each round. */
export type CanaryTable = {
  get(task: string): CanaryRecord | undefined;
  /** Durable when it resolves. */
  put(task: string, record: CanaryRecord): Promise<void>;
  remove(task: string): Promise<void>;
  all(): readonly (readonly [task: string, CanaryRecord])[];
};

export async function openCanaryTable(store: Store): Promise<CanaryTable> {
  const table: Table<CanaryRecord> = store.table('canary');
  const records = new Map<string, CanaryRecord>();
  for await (const [task, record] of table.entries()) records.set(task, record);
  return {
    get: (task) => records.get(task),
    async put(task, record) {
      await store.write([table.put(task, record)]);
      records.set(task, record);
    },
    async remove(task) {
      await store.write([table.delete(task)]);
      records.delete(task);
    },
    all: () => [...records],
  };
}
