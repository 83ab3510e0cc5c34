// docs/messages.md#batch: sequenced messages as one object whose subtrees are the messages' own trees.
import { MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, MAX_MESSAGE_BYTES } from './constants.ts';
import { depthOf, LEAF_BYTES } from './tree.ts';

export const BATCH_MAGIC = 'MIZUBAT1';
const ENTRY_BYTES = 8;

/** @throws Error if there are too many messages or bytes: the sequencer closes a batch before. */
export function encodeBatch(messages: readonly Uint8Array[]): Uint8Array {
  const places = layOut(messages.map((message) => message.length));
  const batch = new Uint8Array(places.leaves * LEAF_BYTES);
  if (messages.length > MAX_BATCH_MESSAGES || batch.length > MAX_BATCH_BYTES) {
    throw new Error(`batch of ${messages.length} messages and ${batch.length} bytes is above the limits`);
  }
  const view = new DataView(batch.buffer);
  batch.set(new TextEncoder().encode(BATCH_MAGIC));
  view.setUint32(BATCH_MAGIC.length, messages.length);
  messages.forEach((message, i) => {
    const first = places.firstLeaf[i] as number;
    view.setUint32(LEAF_BYTES + i * ENTRY_BYTES, first);
    view.setUint32(LEAF_BYTES + i * ENTRY_BYTES + 4, message.length);
    batch.set(message, first * LEAF_BYTES);
  });
  return batch;
}

/** Size that a batch of messages of these lengths has, in bytes. */
export function batchSize(lengths: readonly number[]): number {
  return layOut(lengths).leaves * LEAF_BYTES;
}

/**
 * The messages of a batch. Total: a batch without the magic and this count has `count` empty messages, and an entry that names no
 * subtree of the batch an empty one. Each message is judged by the first leaf and its own entry alone, so that L1 can judge it too.
 */
export function decodeBatch(batch: Uint8Array, count: number): Uint8Array[] {
  const empty = new Uint8Array(0);
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const isBatch =
    batch.length >= BATCH_MAGIC.length + 4 &&
    new TextDecoder().decode(batch.subarray(0, BATCH_MAGIC.length)) === BATCH_MAGIC &&
    view.getUint32(BATCH_MAGIC.length) === count;
  return Array.from({ length: count }, (_, i) => {
    const entry = LEAF_BYTES + i * ENTRY_BYTES;
    if (!isBatch || entry + ENTRY_BYTES > batch.length) return empty;
    return readMessage(batch, view.getUint32(entry), view.getUint32(entry + 4)) ?? empty;
  });
}

// A subtree that reaches behind the message's end must hold zeros there: else its root is not the message's.
function readMessage(batch: Uint8Array, firstLeaf: number, length: number): Uint8Array | undefined {
  const leaves = 2 ** depthOf(length);
  const start = firstLeaf * LEAF_BYTES;
  const end = start + leaves * LEAF_BYTES;
  if (length > MAX_MESSAGE_BYTES || firstLeaf % leaves !== 0) return undefined;
  if (firstLeaf + leaves > 2 ** depthOf(batch.length)) return undefined;
  const message = new Uint8Array(length);
  message.set(batch.subarray(start, start + length));
  return batch.subarray(start + length, end).every((byte) => byte === 0) ? message : undefined;
}

// Greedy, in order: each message starts at the next multiple of its own tree's size, and no other lies in that tree.
function layOut(lengths: readonly number[]): { firstLeaf: number[]; leaves: number } {
  let next = 1 + Math.ceil((lengths.length * ENTRY_BYTES) / LEAF_BYTES);
  const firstLeaf = lengths.map((length) => {
    const size = 2 ** depthOf(length);
    const first = Math.ceil(next / size) * size;
    next = first + size;
    return first;
  });
  return { firstLeaf, leaves: next };
}
