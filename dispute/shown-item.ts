// docs/court.md#open: the argument that shows an item of a gateway's signed batch to the court.
import { encodeAbiParameters, keccak256 } from 'viem';
import { deriveBatch } from '../node/l1/derive.ts';
import type { ItemAt } from '../node/l1/message-place.ts';
import { MizuError } from '../protocol/errors.ts';
import { bytesToHex, concatBytes, type Hex } from '../protocol/hex.ts';
import { encodeInferenceItem } from '../protocol/inference.ts';
import { LEAF_BYTES } from '../protocol/leaf.ts';
import { decodeMessage } from '../protocol/messages.ts';
import { treeProof } from '../protocol/tree.ts';
import type { MessageProof } from './calls.ts';
import { type MessageSource, messageProof } from './opening.ts';

/** `ShownItem` of contracts/src/court/SignedItems.sol. */
export type ShownItem = {
  readonly batch: bigint;
  readonly message: bigint;
  readonly proof: MessageProof;
  readonly head: Hex;
  readonly headPath: readonly Hex[];
  readonly index: bigint;
  readonly item: Hex;
  readonly itemPath: readonly Hex[];
};

export type ItemPlace = {
  /** Where the message stands: the batch, and its place counted from the batch's first delayed message. */
  readonly batch: number;
  readonly message: number;
  /** Of the item in the message. */
  readonly index: number;
};

const PLACE = [{ type: 'uint64' }, { type: 'uint64' }, { type: 'uint256' }] as const;

/** `InferenceCourt.placeOf`: by what the court knows an item at its place. */
export function hashPlace(batch: bigint, message: number, index: number): Hex {
  return keccak256(encodeAbiParameters(PLACE, [batch, BigInt(message), BigInt(index)]));
}

/**
 * The item that stands there in L1's batches. It is undefined if there is no such message any more.
 * @throws MizuError as `showItem`, `da/object-missing` (retryable)
 */
export async function showItemAt(
  node: MessageSource,
  { batch, message, index }: ItemAt,
): Promise<ShownItem | undefined> {
  const record = await node.mirror.batch(batch);
  const steps = record === undefined ? [] : await deriveBatch(node.mirror, node.objects, record);
  const bytes = steps[message]?.message.bytes;
  if (bytes === undefined) return undefined;
  const proof = await messageProof(node, { batch, message });
  return showItem(bytes, proof, { batch: Number(batch), message, index });
}

/** An item of two leaves: its node stands one above them. */
const ITEM_HEIGHT = 1;
const LEAVES_PER_ITEM = 2;

/**
 * @param message the bytes of the InferenceResult
 * @param proof that it stands in the batch: `NO_MESSAGE_PROOF` for a delayed one
 * @throws MizuError `protocol/malformed` if the message is none, or has no such item
 */
export function showItem(message: Uint8Array, proof: MessageProof, place: ItemPlace): ShownItem {
  const decoded = decodeMessage(message);
  const items = decoded.kind === 'InferenceResult' ? decoded.items.map(encodeInferenceItem) : [];
  const item = items[place.index];
  if (item === undefined) throw noItem(place.index, decoded.kind, items.length);
  return {
    batch: BigInt(place.batch),
    message: BigInt(place.message),
    proof,
    head: bytesToHex(message.subarray(0, LEAF_BYTES)),
    headPath: treeProof(message, 0),
    index: BigInt(place.index),
    item: bytesToHex(item),
    itemPath: treeProof(concatBytes(items), LEAVES_PER_ITEM * place.index, ITEM_HEIGHT),
  };
}

function noItem(index: number, kind: string, count: number): MizuError {
  return new MizuError({
    code: 'protocol/malformed',
    message: 'The message has no such item.',
    expected: `item ${index} of an InferenceResult`,
    actual: `${kind} with ${count} items`,
  });
}
