// docs/da.md#challenges: the pieces of an object that can be asked for on L1.
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { depthOf, LEAF_BYTES } from '../protocol/tree.ts';
import { proveInPieces } from './hash.ts';

/** PIECE_HEIGHT of DAChallenges: 32 leaves. */
const PIECE_HEIGHT = 5;
export const CHALLENGE_PIECE_BYTES = 2 ** PIECE_HEIGHT * LEAF_BYTES;

export type ProvenPiece = {
  readonly data: Hex;
  /** To the root, as L1 takes it. */
  readonly path: readonly Hex[];
  /** That the object has. */
  readonly root: Hex;
};

/** The bytes must not change meanwhile. */
export async function provePiece(object: Uint8Array, piece: number): Promise<ProvenPiece> {
  const start = piece * CHALLENGE_PIECE_BYTES;
  const height = Math.min(PIECE_HEIGHT, depthOf(object.length));
  const data = bytesToHex(object.subarray(start, start + CHALLENGE_PIECE_BYTES));
  return { data, ...(await proveInPieces(object, start / LEAF_BYTES, height)) };
}
