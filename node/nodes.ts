// docs/prover.md#nodes: trie nodes by their hash, in level with a hot part in memory.
import type { Hex } from '../protocol/hex.ts';
import { keccakHex } from '../protocol/tree.ts';
import type { Store } from '../service/storage/store.ts';

export type NodeStore = {
  /** From memory or, by one blocking read, from disk: the kernel's `preimage` cannot wait. */
  get(hash: Hex): Uint8Array | undefined;
  /**
   * The nodes can be read at once. They are durable before any later synced write to the same store: level's log is one
   * file, in order.
   */
  put(nodes: readonly Uint8Array[]): Promise<void>;
};

const MAX_HOT_BYTES = 64 * 1024 * 1024;
/** Map entry, key string and array header, measured with 100,000 nodes on Node 20. */
const ENTRY_OVERHEAD_BYTES = 300;

export function createNodeStore(store: Store, maxHotBytes = MAX_HOT_BYTES): NodeStore {
  const table = store.bytes('nodes');
  const unwritten = new Map<Hex, Uint8Array>();
  // Two generations instead of an order of use: nothing is moved while a node is in the young one.
  let young = new Map<Hex, Uint8Array>();
  let old = new Map<Hex, Uint8Array>();
  let youngBytes = 0;

  function heat(hash: Hex, node: Uint8Array): void {
    young.set(hash, node);
    youngBytes += node.length + ENTRY_OVERHEAD_BYTES;
    if (youngBytes <= maxHotBytes / 2) return;
    old = young;
    young = new Map();
    youngBytes = 0;
  }

  return {
    get(hash) {
      const hot = young.get(hash);
      if (hot !== undefined) return hot;
      const node = old.get(hash) ?? unwritten.get(hash) ?? table.getSync(hash);
      if (node !== undefined) heat(hash, node);
      return node;
    },
    async put(nodes) {
      const named = nodes.map((node) => ({ hash: keccakHex(node), node }));
      for (const { hash, node } of named) {
        unwritten.set(hash, node);
        heat(hash, node);
      }
      await store.write(
        named.map(({ hash, node }) => table.put(hash, node)),
        { sync: false },
      );
      for (const { hash } of named) unwritten.delete(hash);
    },
  };
}

/** A store without a disk, for proofs that bring their nodes with them. */
export function createNodeMap(nodes: Iterable<Uint8Array>): NodeStore {
  const byHash = new Map<Hex, Uint8Array>();
  const add = (node: Uint8Array) => byHash.set(keccakHex(node), node);
  for (const node of nodes) add(node);
  return {
    get: (hash) => byHash.get(hash),
    put: async (more) => {
      for (const node of more) add(node);
    },
  };
}
