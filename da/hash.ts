// docs/da.md#node: the root of a long object, in pieces between which others are served.
import { setImmediate as next } from 'node:timers/promises';
import type { Hex } from '../protocol/hex.ts';
import { depthOf, hashNode, hashObject, LEAF_BYTES, objectRoot, treeRoot, zeroTreeRoot } from '../protocol/tree.ts';

/** 1 MiB: some 15 ms. */
const PIECE_DEPTH = 13;
const PIECE_BYTES = 2 ** PIECE_DEPTH * LEAF_BYTES;

/** The same as `objectRoot`. The bytes must not change meanwhile. */
export async function hashInPieces(bytes: Uint8Array): Promise<Hex> {
  const depth = depthOf(bytes.length);
  if (depth <= PIECE_DEPTH) return objectRoot(bytes);
  let level: Hex[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    level.push(treeRoot(bytes.subarray(at, at + PIECE_BYTES), PIECE_DEPTH));
    await next();
  }
  for (let height = PIECE_DEPTH; height < depth; height++) {
    const pairs: Hex[] = [];
    for (let i = 0; i < level.length; i += 2)
      pairs.push(hashNode(level[i] as Hex, level[i + 1] ?? zeroTreeRoot(height)));
    level = pairs;
  }
  return hashObject(level[0] as Hex, bytes.length);
}
