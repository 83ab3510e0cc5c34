// docs/disputes.md#judged: the step that ends with the first leaf that is not our own, and the proof that it was asserted.

import { type ClaimedStep, encodeClaimedStep } from '../dispute/calls.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import type { ClaimedTree } from './claimed-tree.ts';
import { leafAt } from './claimed-tree.ts';
import { firstDifference } from './compare.ts';

export type WrongStep = {
  /** Of the assertion: it ends with leaf `step + 1`. */
  readonly step: number;
  readonly claimed: ClaimedStep;
  /** The leaf differs in its cursor or its zeros, so it is wrong in itself. */
  readonly isMalformed: boolean;
};

/** Both lists begin with the same leaf and have the same length. */
export function wrongStepOf(assertion: Hex, steps: Uint8Array, own: Uint8Array): WrongStep {
  const difference = firstDifference(steps, own);
  if (difference === undefined || difference.index === 0) throw new Error(`assertion ${assertion} differs in no step`);
  const { index } = difference;
  const claimed = encodeClaimedStep(assertion, steps, index - 1);
  return { step: index - 1, claimed, isMalformed: isMalformed(leafAt(steps, index), leafAt(own, index)) };
}

/** From the leaf that a search in the published tree has found. */
export function wrongStepIn(
  assertion: Hex,
  tree: ClaimedTree,
  own: Uint8Array,
  { index, leaf }: { readonly index: number; readonly leaf: Uint8Array },
): WrongStep {
  if (index === 0) throw new Error(`assertion ${assertion} differs in its first leaf, which L1 has checked`);
  const claimed: ClaimedStep = {
    assertion,
    index: BigInt(index - 1),
    pre: bytesToHex(leafAt(own, index - 1)),
    prePath: tree.pathOf(index - 1, index),
    post: bytesToHex(leaf),
    postPath: tree.pathOf(index, index),
  };
  return { step: index - 1, claimed, isMalformed: isMalformed(leaf, leafAt(own, index)) };
}

const CURSOR_OFFSET = 64;

/** docs/disputes.md#judged: cursor and zeros are those of our own leaf, which follows the same leaf. */
function isMalformed(leaf: Uint8Array, own: Uint8Array): boolean {
  return Buffer.compare(leaf.subarray(CURSOR_OFFSET), own.subarray(CURSOR_OFFSET)) !== 0;
}
