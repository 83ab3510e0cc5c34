// docs/disputes.md#game: opens games about steps of any assertion, true or false.
import type { Hex } from '../../protocol/hex.ts';
import { encodeClaimedStep } from '../../prover/game/calls.ts';
import { locateStep } from '../../prover/game/locate.ts';
import { createOpening } from '../../prover/game/opening.ts';
import type { AssertionRecord } from '../../prover/mirror.ts';
import type { ProverNode } from '../../prover/node.ts';

/** The argument of `open`. `steps`: the step list as it was asserted. */
export async function openingOf(
  node: ProverNode,
  assertion: AssertionRecord,
  { steps, step, list }: { readonly steps: Uint8Array; readonly step: number; readonly list: readonly Hex[] },
) {
  const place = await locateStep(node, assertion, step);
  if (place === undefined) throw new Error(`step ${step} was not executed`);
  const claimed = encodeClaimedStep(assertion.id, steps, step);
  return createOpening(node, { claimed, place: place.message, list });
}
