// docs/prover.md#void: lays over the posted batches which of them are void, because their bytes are no longer promised.
import { createWriter } from '../../protocol/bytes.ts';
import type { Hex } from '../../protocol/hex.ts';
import { keccakHex, objectRoot } from '../../protocol/tree.ts';
import type { Table } from '../../service/storage/store.ts';
import type { BatchRecord, PostedBatch } from './batch-record.ts';

export type VoidRecord = {
  /** How many assertions there were when the batch became void. */
  readonly assertions: bigint;
  readonly block: bigint;
  readonly transaction: Hex;
};

/** By index of the batch. */
export type VoidTable = Table<VoidRecord>;

/** All void batches at one moment. The object never changes, so two questions to it are about the same moment. */
export type Voids = {
  /**
   * The batch as it counts: with the empty object if it is void, and with fingerprints that commit to which batches up
   * to it are void.
   */
  overlay(posted: PostedBatch): BatchRecord;
  /** Whether a batch of `[from, to)` became void when there were more than `assertions`. */
  changed(from: bigint, to: bigint, assertions: bigint): boolean;
  /** How many assertions there were when a batch last became void. It is 0 if none ever did. */
  readonly assertions: bigint;
  /** Whether one of the operations is about a void batch. */
  holds(operations: readonly { readonly key: string }[]): boolean;
};

/** The object of a void batch has no bytes. */
export const VOID_ROOT: Hex = objectRoot(new Uint8Array(0));

export async function readVoids(table: VoidTable): Promise<Voids> {
  const indexes: bigint[] = [];
  const assertionsAt: bigint[] = [];
  let latest = 0n;
  /** Each is a hash over all void batches up to this one, so that it commits to which batches are void. */
  const digests: Hex[] = [];
  for await (const [key, { assertions }] of table.entries()) {
    const index = BigInt(`0x${key}`);
    const before = createWriter();
    const last = digests.at(-1);
    if (last !== undefined) before.hex(last, 32);
    digests.push(keccakHex(before.u64(index).finish()));
    indexes.push(index);
    assertionsAt.push(assertions);
    if (assertions > latest) latest = assertions;
  }
  // The number of void batches below `index`.
  const below = (index: bigint): number => {
    let [low, high] = [0, indexes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((indexes[middle] as bigint) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const seal = (fingerprint: Hex, count: number): Hex => {
    const digest = digests[count - 1];
    return digest === undefined ? fingerprint : keccakHex(createWriter().hex(fingerprint, 32).hex(digest, 32).finish());
  };
  const prefix = table.delete('').key;
  return {
    overlay(posted) {
      const before = below(posted.index);
      const upTo = below(posted.index + 1n);
      const isVoid = upTo > before;
      return {
        ...posted,
        ...(isVoid ? { objectRoot: VOID_ROOT, objectLength: 0 } : {}),
        isVoid,
        fingerprint: seal(posted.fingerprint, upTo),
        previous: posted.index === 0n ? posted.previous : seal(posted.previous, before),
      };
    },
    changed: (from, to, assertions) => assertionsAt.slice(below(from), below(to)).some((count) => count > assertions),
    assertions: latest,
    holds: (operations) => operations.some(({ key }) => key.startsWith(prefix)),
  };
}
