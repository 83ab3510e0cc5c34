// docs/kernel.md#state: the state's nodes, by hash, as a database for the trie library.
import { createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt';
import { type BatchDBOp, type DB, ValueEncoding } from '@ethereumjs/util';
import { type Hex, hexToBytes } from '../protocol/hex.ts';

export type TrieStore = {
  get(hash: Hex): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Without it the trie can only be read. */
  put?(hash: Hex, node: Uint8Array): Promise<void> | void;
  delete?(hash: Hex): Promise<void> | void;
};

/**
 * The state's trie with this root; its keys are those of keys.ts. It can be read, gives proofs (`createMerkleProof`)
 * and, if the store can, is written.
 */
export function openStateTrie(nodes: TrieStore, root?: Hex): Promise<MerklePatriciaTrie> {
  return createMPT({
    db: createNodeDb(nodes),
    valueEncoding: ValueEncoding.Bytes,
    useKeyHashing: true,
    useNodePruning: nodes.delete !== undefined,
    ...(root === undefined ? {} : { root: hexToBytes(root) }),
  });
}

function createNodeDb(nodes: TrieStore): DB<string, Uint8Array> {
  const db: DB<string, Uint8Array> = {
    get: async (hash) => nodes.get(`0x${hash}`),
    put: async (hash, node) => {
      if (nodes.put === undefined) throw new Error('the state is opened for reading only');
      await nodes.put(`0x${hash}`, node);
    },
    del: async (hash) => {
      await nodes.delete?.(`0x${hash}`);
    },
    batch: async (operations: BatchDBOp<string, Uint8Array>[]) => {
      for (const operation of operations) {
        if (operation.type === 'put') await db.put(operation.key, operation.value);
        else await db.del(operation.key);
      }
    },
    shallowCopy: () => db,
    open: async () => {},
  };
  return db;
}
