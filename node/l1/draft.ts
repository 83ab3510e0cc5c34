// docs/prover.md#derivation: the writes of one block, collected before they are stored.
import type { Operation, Table } from '../../service/storage/store.ts';

/** Writes of one block. They can be read back before they are stored, and each is kept with what undoes it. */
export type Draft = {
  get<V>(table: Table<V>, key: string): Promise<V | undefined>;
  put<V>(table: Table<V>, key: string, value: V): Promise<void>;
  delete<V>(table: Table<V>, key: string): Promise<void>;
};

export function createDraft(): Draft & { readonly undo: Operation[]; operations(): Operation[] } {
  const values = new Map<string, { operation: Operation; value: unknown }>();
  const undo: Operation[] = [];
  async function change<V>(table: Table<V>, key: string, operation: Operation, value: V | undefined): Promise<void> {
    if (!values.has(operation.key)) {
      const previous = await table.get(key);
      undo.push(previous === undefined ? table.delete(key) : table.put(key, previous));
    }
    values.set(operation.key, { operation, value });
  }
  return {
    undo,
    operations: () => [...values.values()].map(({ operation }) => operation),
    async get<V>(table: Table<V>, key: string) {
      const drafted = values.get(table.delete(key).key);
      return drafted === undefined ? table.get(key) : (drafted.value as V | undefined);
    },
    put: (table, key, value) => change(table, key, table.put(key, value), value),
    delete: (table, key) => change(table, key, table.delete(key), undefined),
  };
}
