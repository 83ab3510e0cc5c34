// docs/da.md#node: the root of a long object, and proofs of its parts, in pieces between which others are served.
import { setImmediate as next } from 'node:timers/promises';
import type { Hex } from '../protocol/hex.ts';
import {
  depthOf,
  hashNode,
  hashObject,
  LEAF_BYTES,
  objectRoot,
  treeProof,
  treeRoot,
  zeroTreeRoot,
} from '../protocol/tree.ts';
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
  let level = await pieceRoots(bytes);
  for (let height = PIECE_DEPTH; height < depth; height++) level = levelAbove(level, height);
  return hashObject(level[0] as Hex, bytes.length);
}

/** The same as `objectRoot` and `treeProof`. The bytes must not change meanwhile. */
export async function proveInPieces(
  bytes: Uint8Array,
  leafIndex: number,
  height: number,
): Promise<{ root: Hex; path: Hex[] }> {
  const depth = depthOf(bytes.length);
  if (depth <= PIECE_DEPTH) return { root: objectRoot(bytes), path: treeProof(bytes, leafIndex, height) };
  let at = Math.floor(leafIndex / 2 ** PIECE_DEPTH);
  const piece = bytes.subarray(at * PIECE_BYTES, (at + 1) * PIECE_BYTES);
  const path = treeProof(piece, leafIndex % 2 ** PIECE_DEPTH, height);
  // The last piece may have a smaller tree: what is missing to a whole one is zero.
  while (height + path.length < PIECE_DEPTH) path.push(zeroTreeRoot(height + path.length));
  let level = await pieceRoots(bytes);
  for (let above = PIECE_DEPTH; above < depth; above++) {
    path.push(level[at ^ 1] ?? zeroTreeRoot(above));
    level = levelAbove(level, above);
    at >>= 1;
  }
  return { root: hashObject(level[0] as Hex, bytes.length), path };
}

async function pieceRoots(bytes: Uint8Array): Promise<Hex[]> {
  const roots: Hex[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    await inTurn(async () => {
      roots.push(treeRoot(bytes.subarray(at, at + PIECE_BYTES), PIECE_DEPTH));
      await next();
    });
  }
  return roots;
}

function levelAbove(level: readonly Hex[], height: number): Hex[] {
  const pairs: Hex[] = [];
  for (let i = 0; i < level.length; i += 2) pairs.push(hashNode(level[i] as Hex, level[i + 1] ?? zeroTreeRoot(height)));
  return pairs;
}
