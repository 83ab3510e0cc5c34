// docs/disputes.md#judged: the first step of an assertion that does not lead where our own execution does. Whoever names a wrong step, or opens
// a game about it, has found it here.
import { differingFields } from '../node/body/verify-step.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { decodeStateLeaf, type StateLeaf } from '../protocol/state.ts';
import { type LeafIndex, leafAt, type StepInAssertion, stepTo, toLeafIndex } from '../protocol/step-numbers.ts';
import { LEAF_BYTES } from '../protocol/tree.ts';

export type LeafDifference = {
  /** The fields of the state leaf that differ. It is `bytes` alone if the claimed leaf is no state leaf. */
  readonly fields: readonly string[];
  readonly claimed: Hex;
  readonly own: Hex;
};

export type WrongStep = LeafDifference & {
  readonly step: StepInAssertion;
  /** The leaf that the step leads to: the first one that differs. */
  readonly leaf: LeafIndex;
  /** The claimed leaf differs in its cursor or its zeros, so it is wrong in itself. */
  readonly isMalformed: boolean;
};

export type Comparison =
  | { readonly kind: 'equal' }
  /** Leaf 0 differs: it is the end of the parent, which is wrong already. No step can be named as the wrong one. */
  | { readonly kind: 'start'; readonly difference: LeafDifference }
  | { readonly kind: 'step'; readonly wrong: WrongStep };

/** Compares a step list with our own of the same range. A list that ends early differs where it ends. */
export function findWrongStep(claimed: Uint8Array, own: Uint8Array): Comparison {
  const count = Math.max(claimed.length, own.length) / LEAF_BYTES;
  for (let index = 0; index < count; index++) {
    const leaf = toLeafIndex(index);
    const [theirs, ours] = [leafAt(claimed, leaf), leafAt(own, leaf)];
    if (Buffer.compare(theirs, ours) === 0) continue;
    if (index === 0) return { kind: 'start', difference: compareLeaves(theirs, ours) };
    return { kind: 'step', wrong: wrongStepTo(leaf, theirs, ours) };
  }
  return { kind: 'equal' };
}

/** The step that leads to `leaf`, which the caller knows to be the first leaf that differs. */
export function wrongStepTo(leaf: LeafIndex, claimed: Uint8Array, own: Uint8Array): WrongStep {
  const isMalformed = Buffer.compare(claimed.subarray(CURSOR_OFFSET), own.subarray(CURSOR_OFFSET)) !== 0;
  return { step: stepTo(leaf), leaf, isMalformed, ...compareLeaves(claimed, own) };
}

/** A text that says of each field that differs what is claimed and what we have. */
export function describeDifference({ fields, claimed, own }: LeafDifference): string {
  const [left, right] = [readLeaf(claimed), readLeaf(own)];
  if (left === undefined || right === undefined || fields.includes('bytes'))
    return `claimed leaf ${claimed}, own leaf ${own}`;
  return fields
    .map((field) => `${field} claimed ${left[field as keyof StateLeaf]}, own ${right[field as keyof StateLeaf]}`)
    .join('; ');
}

/**
 * The offset in bytes of the cursor and the zeros, behind the two hashes. Those of our own leaf follow from the leaf
 * before it.
 */
const CURSOR_OFFSET = 64;

function compareLeaves(claimed: Uint8Array, own: Uint8Array): LeafDifference {
  return { fields: differingFields(claimed, own), claimed: bytesToHex(claimed), own: bytesToHex(own) };
}

function readLeaf(hex: Hex): StateLeaf | undefined {
  try {
    return decodeStateLeaf(Buffer.from(hex.slice(2), 'hex'));
  } catch {
    return undefined;
  }
}
