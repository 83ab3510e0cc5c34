// docs/messages.md#batch: sequenced messages as one object whose subtrees are the messages' own trees.
import { MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, MAX_MESSAGE_BYTES, MAX_SEQUENCED_BYTES } from './constants.ts';
import { depthOf, LEAF_BYTES } from './tree.ts';

export const BATCH_MAGIC = 'MIZUBAT1';
const ENTRY_BYTES = 8;

/** @throws Error if there are too many messages or bytes: the sequencer closes a batch before that */
export function encodeBatch(messages: readonly Uint8Array[]): Uint8Array {
  const lengths = messages.map((message) => message.length);
  const places = layOut(lengths);
  const batch = new Uint8Array(places.leaves * LEAF_BYTES);
  if (!fitsBatch(lengths)) {
    const longest = `the longest of ${lengths.reduce(longer, 0)}`;
    throw new Error(`batch of ${messages.length} messages, ${longest}, and ${batch.length} bytes is above the limits`);
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

/** The size in bytes of a batch of messages of these lengths (bytes). */
export function batchSize(lengths: readonly number[]): number {
  return layOut(lengths).leaves * LEAF_BYTES;
}

/** Whether messages of these lengths (bytes) can be one batch from which each of them is read again. */
export function fitsBatch(lengths: readonly number[], maxBytes = MAX_BATCH_BYTES): boolean {
  if (lengths.length > MAX_BATCH_MESSAGES || !isAllowedLength(lengths.reduce(longer, 0), lengths.length)) return false;
  return batchSize(lengths) <= Math.min(maxBytes, MAX_BATCH_BYTES);
}

/**
 * Whether an entry of a batch of `count` sequenced messages may name so many bytes; if not, its message is empty.
 * Entries may name the same bytes, and each is a step that every node executes: so the bytes of all messages together
 * are bounded by their number, whatever the object's size is.
 */
export function isAllowedLength(length: number, count: number): boolean {
  return length <= MAX_MESSAGE_BYTES && length * count <= MAX_SEQUENCED_BYTES;
}

function longer(one: number, other: number): number {
  return Math.max(one, other);
}

/**
 * The messages of a batch. It never throws: a batch without the magic and this count has `count` empty messages, and an
 * entry that names no subtree of the batch has an empty message. Each message is judged by the first leaf and its own
 * entry alone, so that L1 can judge it too. The messages are views of one buffer: entries may all name the same
 * subtree, and copies of it would have MAX_SEQUENCED_BYTES.
 */
export function decodeBatch(batch: Uint8Array, count: number): Uint8Array[] {
  const empty = new Uint8Array(0);
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const isBatch =
    batch.length >= BATCH_MAGIC.length + 4 &&
    new TextDecoder().decode(batch.subarray(0, BATCH_MAGIC.length)) === BATCH_MAGIC &&
    view.getUint32(BATCH_MAGIC.length) === count;
  if (!isBatch) return new Array<Uint8Array>(count).fill(empty);
  const tree = padToTree(batch);
  const used = usedLeaves(tree);
  return Array.from({ length: count }, (_, i) => {
    const entry = LEAF_BYTES + i * ENTRY_BYTES;
    if (entry + ENTRY_BYTES > batch.length) return empty;
    const [firstLeaf, length] = [view.getUint32(entry), view.getUint32(entry + 4)];
    return (isAllowedLength(length, count) ? readMessage(tree, used, firstLeaf, length) : undefined) ?? empty;
  });
}

// If a subtree reaches behind the message's end, it must hold zeros there: otherwise its root is not the message's.
function readMessage(tree: Uint8Array, used: Uint32Array, firstLeaf: number, length: number): Uint8Array | undefined {
  const leaves = 2 ** depthOf(length);
  if (firstLeaf % leaves !== 0) return undefined;
  if ((firstLeaf + leaves) * LEAF_BYTES > tree.length) return undefined;
  const start = firstLeaf * LEAF_BYTES;
  const end = start + length;
  const nextLeaf = Math.ceil(end / LEAF_BYTES);
  const isZeroToLeaf = tree.subarray(end, nextLeaf * LEAF_BYTES).every((byte) => byte === 0);
  return isZeroToLeaf && (used[nextLeaf] as number) >= firstLeaf + leaves ? tree.subarray(start, end) : undefined;
}

/** The bytes, with the zero leaves to the right that their tree has. */
function padToTree(batch: Uint8Array): Uint8Array {
  const size = 2 ** depthOf(batch.length) * LEAF_BYTES;
  if (batch.length === size) return batch;
  const tree = new Uint8Array(size);
  tree.set(batch);
  return tree;
}

/**
 * For each leaf, and for the place behind the last, the first leaf from there on that holds anything but zeros. The
 * tree is read once, whatever the entries are.
 */
function usedLeaves(tree: Uint8Array): Uint32Array {
  const leaves = tree.length / LEAF_BYTES;
  const used = new Uint32Array(leaves + 1).fill(leaves);
  for (let leaf = leaves - 1; leaf >= 0; leaf--) {
    const isZero = tree.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES).every((byte) => byte === 0);
    used[leaf] = isZero ? (used[leaf + 1] as number) : leaf;
  }
  return used;
}

// Greedy, in order: each message starts at the next multiple of its own tree's size, and no other message lies in that
// tree.
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
