// docs/disputes.md#numbers: the three numbers of a step, as types that cannot be mistaken for each other, and the ways
// from one to another.
import { LEAF_BYTES } from './leaf.ts';

declare const brand: unique symbol;
type Branded<Value, Name extends string> = Value & { readonly [brand]: Name };

/**
 * The number of a leaf in an assertion's step list, from 0: leaf 0 is the state that the assertion's parent ended with.
 */
export type LeafIndex = Branded<number, 'LeafIndex'>;
/** The number of a step in its assertion, from 0, as L1 counts: step i leads from leaf i to leaf i + 1. */
export type StepInAssertion = Branded<number, 'StepInAssertion'>;
/** The number of a step since genesis, from 1: the `step` of the state that it leads to. */
export type StepSinceGenesis = Branded<bigint, 'StepSinceGenesis'>;

/** @throws Error if the number is no count */
export function toLeafIndex(index: number): LeafIndex {
  return assertCount(index) as LeafIndex;
}

/** @throws Error if the number is no count */
export function toStepInAssertion(index: number): StepInAssertion {
  return assertCount(index) as StepInAssertion;
}

export function leafBefore(step: StepInAssertion): LeafIndex {
  return toLeafIndex(step);
}

export function leafAfter(step: StepInAssertion): LeafIndex {
  return toLeafIndex(step + 1);
}

/** The leaf: 128 bytes of a step list. */
export function leafAt(steps: Uint8Array, leaf: LeafIndex): Uint8Array {
  return steps.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES);
}

/**
 * The step that leads to a leaf.
 * @throws Error for leaf 0, which the parent ended with
 */
export function stepTo(leaf: LeafIndex): StepInAssertion {
  return toStepInAssertion(leaf - 1);
}

/** The number since genesis. `parentStep` is the `step` of the state that the assertion's parent ended with. */
export function sinceGenesis(step: StepInAssertion, parentStep: bigint): StepSinceGenesis {
  return stepAfter(parentStep + BigInt(step));
}

/** The step that follows a state with this `step`. */
export function stepAfter(stateStep: bigint): StepSinceGenesis {
  return (stateStep + 1n) as StepSinceGenesis;
}

function assertCount(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`expected a count from 0 on, got ${value}`);
  return value;
}
