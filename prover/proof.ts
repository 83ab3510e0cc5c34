// docs/kernel.md#state: records of the state trie and their proofs, by the Ethereum library.
import { createMerkleProof, MerklePatriciaTrie, verifyMerkleProof } from '@ethereumjs/mpt';
import { type BatchDBOp, type DB, ValueEncoding } from '@ethereumjs/util';
import { concatBytes, type Hex, hexToBytes } from '../protocol/hex.ts';
import { keccak } from '../protocol/tree.ts';
import type { NodeStore } from './nodes.ts';

export type StateProof = {
  readonly stateRoot: Hex;
  /** RLP of the record; undefined: the nodes prove that there is none. */
  readonly value: Uint8Array | undefined;
  /** Trie nodes from the root down, as EIP-1186 has them. */
  readonly nodes: readonly Uint8Array[];
};

/** Key of a record: `keccak256(table byte ‖ id)`. `table` is one letter of docs/kernel.md#state. */
export function stateKey(table: string, id: Uint8Array): Uint8Array {
  return keccak(concatBytes([Uint8Array.of(table.charCodeAt(0)), id]));
}

/** RLP of the record, undefined if there is none. @throws Error if a node is missing. */
export async function readRecord(
  nodes: NodeStore,
  stateRoot: Hex,
  table: string,
  id: Uint8Array,
): Promise<Uint8Array | undefined> {
  return (await openTrie(nodes, stateRoot).get(stateKey(table, id), true)) ?? undefined;
}

export async function createStateProof(
  nodes: NodeStore,
  stateRoot: Hex,
  table: string,
  id: Uint8Array,
): Promise<StateProof> {
  const trie = openTrie(nodes, stateRoot);
  const key = stateKey(table, id);
  const value = (await trie.get(key, true)) ?? undefined;
  return { stateRoot, value, nodes: await createMerkleProof(trie, key) };
}

/** The record that these nodes prove, undefined if they prove its absence. @throws Error if they prove nothing. */
export async function verifyStateProof(
  stateRoot: Hex,
  table: string,
  id: Uint8Array,
  nodes: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  const value = await verifyMerkleProof(stateKey(table, id), [...nodes], { root: hexToBytes(stateRoot) });
  return value ?? undefined;
}

function openTrie(nodes: NodeStore, stateRoot: Hex): MerklePatriciaTrie {
  return new MerklePatriciaTrie({
    db: readOnly(nodes),
    root: hexToBytes(stateRoot),
    valueEncoding: ValueEncoding.Bytes,
  });
}

function readOnly(nodes: NodeStore): DB<string, Uint8Array> {
  const refuse = async (_?: unknown): Promise<void> => {
    throw new Error('proofs do not write');
  };
  return {
    get: async (key) => nodes.get(`0x${key}`),
    put: refuse,
    del: refuse,
    batch: (_: BatchDBOp<string, Uint8Array>[]) => refuse(),
    shallowCopy: () => readOnly(nodes),
    open: async () => undefined,
  };
}
