// docs/messages.md#batch: sequenced messages as one object whose subtrees are the messages' own trees.
import { createReader, malformed } from './bytes.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, MAX_MESSAGE_BYTES } from './constants.ts';
import { depthOf, LEAF_BYTES, leafCount } from './tree.ts';

const MAGIC = 'MIZUBAT1';
const ENTRY_BYTES = 8;

/** @throws Error if there are too many messages or bytes: the sequencer closes a batch before. */
export function encodeBatch(messages: readonly Uint8Array[]): Uint8Array {
  const places = layOut(messages.map((message) => message.length));
  const batch = new Uint8Array(places.leaves * LEAF_BYTES);
  if (messages.length > MAX_BATCH_MESSAGES || batch.length > MAX_BATCH_BYTES) {
    throw new Error(`batch of ${messages.length} messages and ${batch.length} bytes is above the limits`);
  }
  const view = new DataView(batch.buffer);
  batch.set(new TextEncoder().encode(MAGIC));
  view.setUint32(MAGIC.length, messages.length);
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

/** The messages of a batch. Total: a malformed batch, or one of another count, has `count` empty messages. */
export function decodeBatch(batch: Uint8Array, count: number): Uint8Array[] {
  try {
    return readBatch(batch, count);
  } catch {
    return Array.from({ length: count }, () => new Uint8Array(0));
  }
}

/** @throws MizuError `protocol/malformed` */
export function readBatch(batch: Uint8Array, count: number): Uint8Array[] {
  const reader = createReader(batch, 'batch');
  const magic = new TextDecoder().decode(reader.bytes(MAGIC.length, 'magic'));
  if (magic !== MAGIC) throw malformed('batch', MAGIC, magic);
  const stated = reader.u32('count');
  if (stated !== count || count > MAX_BATCH_MESSAGES)
    throw malformed('batch', `${count} messages`, `${stated} messages`);
  reader.bytes(LEAF_BYTES - MAGIC.length - 4, 'zeros');
  const table = Array.from({ length: count }, () => ({
    first: reader.u32('leaf index'),
    length: reader.u32('length'),
  }));
  const expected = layOut(table.map((entry) => entry.length));
  if (batch.length !== expected.leaves * LEAF_BYTES)
    throw malformed('batch', `${expected.leaves} leaves`, `${batch.length} bytes`);
  return table.map(({ first, length }, i) => {
    if (first !== expected.firstLeaf[i] || length > MAX_MESSAGE_BYTES) {
      throw malformed(
        'batch',
        `message ${i} at leaf ${expected.firstLeaf[i]}, at most ${MAX_MESSAGE_BYTES} bytes`,
        `leaf ${first}, ${length} bytes`,
      );
    }
    return batch.slice(first * LEAF_BYTES, first * LEAF_BYTES + length);
  });
}

// Greedy, in order: each message starts at the next multiple of its own tree's size.
function layOut(lengths: readonly number[]): { firstLeaf: number[]; leaves: number } {
  let next = 1 + Math.ceil((lengths.length * ENTRY_BYTES) / LEAF_BYTES);
  const firstLeaf = lengths.map((length) => {
    const size = 2 ** depthOf(length);
    const first = Math.ceil(next / size) * size;
    next = first + leafCount(length);
    return first;
  });
  return { firstLeaf, leaves: next };
}
