// docs/da.md#node: the root of a long object, in pieces between which others are served.
import { setImmediate as next } from 'node:timers/promises';
import type { Hex } from '../protocol/hex.ts';
import { depthOf, hashNode, hashObject, LEAF_BYTES, objectRoot, treeRoot, zeroTreeRoot } from '../protocol/tree.ts';
import { createMutex } from '../service/process/mutex.ts';

/** 256 KiB: some 4 ms. */
const PIECE_DEPTH = 11;
const PIECE_BYTES = 2 ** PIECE_DEPTH * LEAF_BYTES;

/** A piece of one object, then one of the next: a short one does not wait for all of a long one. */
const inTurn = createMutex();

/** The same as `objectRoot`. The bytes must not change meanwhile. */
export async function hashInPieces(bytes: Uint8Array): Promise<Hex> {
  const depth = depthOf(bytes.length);
  if (depth <= PIECE_DEPTH) return objectRoot(bytes);
  let level: Hex[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    await inTurn(async () => {
      level.push(treeRoot(bytes.subarray(at, at + PIECE_BYTES), PIECE_DEPTH));
      await next();
    });
  }
  for (let height = PIECE_DEPTH; height < depth; height++) {
    const pairs: Hex[] = [];
    for (let i = 0; i < level.length; i += 2)
      pairs.push(hashNode(level[i] as Hex, level[i + 1] ?? zeroTreeRoot(height)));
    level = pairs;
  }
  return hashObject(level[0] as Hex, bytes.length);
}
