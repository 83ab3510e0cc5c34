// docs/disputes.md#judged: a wrong step with the proof that it was asserted, out of the step list or out of what L1 was shown of it.
import { type ClaimedStep, encodeClaimedStep } from '../dispute/calls.ts';
import { findWrongStep, type WrongStep, wrongStepTo } from '../dispute/wrong-step.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { type LeafIndex, leafAt, leafBefore } from '../protocol/step-numbers.ts';
import type { ClaimedTree } from './claimed-tree.ts';

export type ProvenStep = Pick<WrongStep, 'step' | 'isMalformed'> & { readonly claimed: ClaimedStep };

/**
 * The first wrong step of a whole list. `steps`: as claimed; both lists begin with the same leaf and have the same
 * length.
 */
export function proveFromList(assertion: Hex, steps: Uint8Array, own: Uint8Array): ProvenStep {
  const found = findWrongStep(steps, own);
  if (found.kind !== 'step') throw new Error(`assertion ${assertion} differs in no step`);
  const { step, isMalformed } = found.wrong;
  return { step, isMalformed, claimed: encodeClaimedStep(assertion, steps, step) };
}

/** The wrong step that leads to the leaf which a search in the published tree has found. */
export function proveFromTree(
  assertion: Hex,
  tree: ClaimedTree,
  own: Uint8Array,
  { index, leaf }: { readonly index: LeafIndex; readonly leaf: Uint8Array },
): ProvenStep {
  if (index === 0) throw new Error(`assertion ${assertion} differs in its first leaf, which L1 has checked`);
  const { step, isMalformed } = wrongStepTo(index, leaf, leafAt(own, index));
  const before = leafBefore(step);
  const claimed: ClaimedStep = {
    assertion,
    index: BigInt(step),
    pre: bytesToHex(leafAt(own, before)),
    prePath: tree.pathOf(before, index),
    post: bytesToHex(leaf),
    postPath: tree.pathOf(index, index),
  };
  return { step, isMalformed, claimed };
}
