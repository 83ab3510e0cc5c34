// docs/kernel.md#state: records of the state trie and their proofs, by the Ethereum library.
import { createMerkleProof, verifyMerkleProof } from '@ethereumjs/mpt';
import { openStateTrie } from '../kernel/node-db.ts';
import { concatBytes, type Hex, hexToBytes } from '../protocol/hex.ts';
import { keccak } from '../protocol/tree.ts';
import type { NodeStore } from './nodes.ts';

export type StateProof = {
  readonly stateRoot: Hex;
  /** The RLP of the record. It is undefined if the nodes prove that there is none. */
  readonly value: Uint8Array | undefined;
  /** The trie nodes from the root down, as in EIP-1186. */
  readonly nodes: readonly Uint8Array[];
};

/**
 * The key of a record, as in kernel/keys.ts: `table byte ‖ id`, not hashed. `table` is one letter of
 * docs/kernel.md#state.
 */
export function recordKey(table: string, id: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(table.charCodeAt(0)), id]);
}

/** The RLP of the record, or undefined if there is none. @throws Error if a node is missing */
export async function readRecord(nodes: NodeStore, stateRoot: Hex, key: Uint8Array): Promise<Uint8Array | undefined> {
  return (await (await openStateTrie({ get: nodes.get }, stateRoot)).get(key, true)) ?? undefined;
}

export async function createStateProof(nodes: NodeStore, stateRoot: Hex, key: Uint8Array): Promise<StateProof> {
  const trie = await openStateTrie({ get: nodes.get }, stateRoot);
  const value = (await trie.get(key, true)) ?? undefined;
  return { stateRoot, value, nodes: await createMerkleProof(trie, key) };
}

/** The record that these nodes prove, or undefined if they prove its absence. @throws Error if they prove nothing */
export async function verifyStateProof(
  stateRoot: Hex,
  key: Uint8Array,
  nodes: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  const value = await verifyMerkleProof(keccak(key), [...nodes], { root: hexToBytes(stateRoot) });
  return value ?? undefined;
}
