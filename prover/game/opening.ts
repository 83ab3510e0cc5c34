// docs/disputes.md#game: the arguments that open a game about one step of an assertion.
import type { Hex } from '../../protocol/hex.ts';
import { requireObject } from '../derive.ts';
import type { AssertionRecord } from '../mirror.ts';
import type { ProverNode } from '../node.ts';
import { encodeClaimedStep, encodeKernel, type MessageProof, NO_MESSAGE_PROOF, proveMessage } from './calls.ts';
import type { MessagePlace } from './trace-input.ts';

export type OpeningRequest = {
  readonly assertion: AssertionRecord;
  /** The step list as it was asserted. */
  readonly steps: Uint8Array;
  readonly step: number;
  /** The step's message. */
  readonly place: MessagePlace;
  /** The challenger's first list. */
  readonly list: readonly Hex[];
};

/** `Opening` of contracts/src/Dispute.sol. @throws MizuError `da/object-missing` (retryable) */
export async function createOpening(node: Pick<ProverNode, 'mirror' | 'objects' | 'kernel'>, request: OpeningRequest) {
  const { assertion, steps, step, place, list } = request;
  return {
    step: encodeClaimedStep(assertion.id, steps, step),
    kernel: encodeKernel(node.kernel),
    message: await messageProof(node, place),
    list,
  };
}

/** Empty for a delayed message, which the Inbox holds itself. */
export async function messageProof(
  { mirror, objects }: Pick<ProverNode, 'mirror' | 'objects'>,
  place: MessagePlace,
): Promise<MessageProof> {
  const batch = await mirror.batch(place.batch);
  if (batch === undefined) throw new Error(`batch ${place.batch} is not of L1 any more`);
  const delayed = Number(batch.delayedUpTo - batch.delayedFrom);
  if (place.message < delayed) return NO_MESSAGE_PROOF;
  const object = await requireObject(
    objects,
    { root: batch.objectRoot, length: batch.objectLength },
    `Batch ${place.batch}`,
  );
  return proveMessage(object, place.message - delayed, batch.messageCount - delayed);
}
