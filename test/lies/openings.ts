// docs/disputes.md#game: opens games about steps of any assertion, true or false.
import { encodeClaimedStep } from '../../dispute/calls.ts';
import { createOpening } from '../../dispute/opening.ts';
import { locateStep } from '../../dispute/trace/locate.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { NetworkNode } from '../../node/node.ts';
import type { Hex } from '../../protocol/hex.ts';
import { toStepInAssertion } from '../../protocol/step-numbers.ts';

/** The argument of `open`. `steps`: the step list as it was asserted. */
export async function openingOf(
  node: NetworkNode,
  assertion: AssertionRecord,
  { steps, step: index, list }: { readonly steps: Uint8Array; readonly step: number; readonly list: readonly Hex[] },
) {
  const step = toStepInAssertion(index);
  const place = await locateStep(node, assertion, step);
  if (place === undefined) throw new Error(`step ${step} was not executed`);
  const claimed = encodeClaimedStep(assertion.id, steps, step);
  return createOpening(node, { claimed, place: place.message, list });
}
