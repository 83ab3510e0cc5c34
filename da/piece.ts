// docs/da.md#challenges: the pieces of an object that can be asked for on L1.
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { depthOf, LEAF_BYTES } from '../protocol/tree.ts';
import { proveInPieces } from './hash.ts';

/** PIECE_HEIGHT of DAChallenges: 32 leaves. */
const PIECE_HEIGHT = 5;
export const CHALLENGE_PIECE_BYTES = 2 ** PIECE_HEIGHT * LEAF_BYTES;

/** A piece with its path to the object's root, as L1 takes it. The bytes must not change meanwhile. */
export async function provePiece(object: Uint8Array, piece: number): Promise<{ data: Hex; path: Hex[] }> {
  const start = piece * CHALLENGE_PIECE_BYTES;
  const height = Math.min(PIECE_HEIGHT, depthOf(object.length));
  return {
    data: bytesToHex(object.subarray(start, start + CHALLENGE_PIECE_BYTES)),
    path: await proveInPieces(object, start / LEAF_BYTES, height),
  };
}
