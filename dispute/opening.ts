// docs/disputes.md#game: the arguments that open a game about one step of an assertion.
import { type ObjectSource, readBatchObject } from '../node/l1/derive.ts';
import type { MessagePlace } from '../node/l1/message-place.ts';
import type { NetworkNode } from '../node/node.ts';
import type { Hex } from '../protocol/hex.ts';
import {
  type ClaimedStep,
  encodeKernel,
  lengthInTable,
  type MessageProof,
  NO_MESSAGE_PROOF,
  proveMessage,
} from './calls.ts';
import type { Refutation } from './player.ts';

export type OpeningRequest = {
  readonly claimed: ClaimedStep;
  /** Where the step's message stands. */
  readonly place: MessagePlace;
  /** The challenger's first list. */
  readonly list: readonly Hex[];
};

/** `Opening` of contracts/src/Dispute.sol. @throws MizuError `da/object-missing` (retryable) */
export async function createOpening(node: Pick<NetworkNode, 'mirror' | 'objects' | 'kernel'>, request: OpeningRequest) {
  const { claimed, place, list } = request;
  return {
    step: claimed,
    kernel: encodeKernel(node.kernel),
    message: await messageProof(node, place),
    list,
  };
}

/** The proof is empty for a delayed message, because the Inbox itself holds that. */
export async function messageProof(node: MessageSource, place: MessagePlace): Promise<MessageProof> {
  const found = await findMessage(node, place);
  return found === undefined ? NO_MESSAGE_PROOF : proveMessage(found.batch, found.index, found.count);
}

/** A refutation exists if a byte behind the message is not zero. Otherwise the result is undefined. */
export async function refuteMessage(node: MessageSource, place: MessagePlace): Promise<Refutation | undefined> {
  const found = await findMessage(node, place);
  if (found === undefined) return undefined;
  const { subtree, tail } = proveMessage(found.batch, found.index, found.count);
  if (tail.leaf === '0x') return undefined;
  return { subtree, tail, length: BigInt(lengthInTable(found.batch, found.index)) };
}

export type MessageSource = Pick<NetworkNode, 'mirror'> & { readonly objects: ObjectSource };

/** The message's place among those of the batch object. It is undefined for a delayed message. */
async function findMessage({ mirror, objects }: MessageSource, place: MessagePlace) {
  const record = await mirror.batch(place.batch);
  if (record === undefined) throw new Error(`batch ${place.batch} is not on L1 any more`);
  const delayed = Number(record.delayedUpTo - record.delayedFrom);
  if (place.message < delayed) return undefined;
  const batch = await readBatchObject(objects, record);
  return { batch, index: place.message - delayed, count: record.messageCount - delayed };
}
