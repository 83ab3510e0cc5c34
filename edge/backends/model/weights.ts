// docs/edge.md#builtin: the weights as bytes: columns, features in ascending order of their hash.
import { LEXICOGRAPHER_CLASSES } from './classes.ts';

const CLASSES = LEXICOGRAPHER_CLASSES.length;

/** Log-odds in sixteenths of a nat; weights of a feature that are not listed are 0. */
export type Weights = {
  /** One per class. */
  readonly bias: Int8Array;
  /** FNV-1a hashes, ascending. */
  readonly hashes: Uint32Array;
  /** Weights of feature i are entries [starts[i], starts[i + 1]). */
  readonly starts: Uint32Array;
  readonly classes: Uint8Array;
  readonly values: Int8Array;
};

/** Weights, and where to look for a hash. */
export type IndexedWeights = Weights & {
  /** For each 16 bits that a hash can begin with, the first feature of these or more; one more at the end. */
  readonly buckets: Uint32Array;
};

export const BUCKETS = 65_536;

/** Of hashes in ascending order. */
export function indexHashes(hashes: Uint32Array): Uint32Array {
  const buckets = new Uint32Array(BUCKETS + 1);
  for (const hash of hashes) buckets[(hash >>> 16) + 1]! += 1;
  for (let i = 0; i < BUCKETS; i++) buckets[i + 1]! += buckets[i]!;
  return buckets;
}

export function packWeights(weights: Weights): Uint8Array {
  const { bias, hashes, starts, classes, values } = weights;
  const bytes = new Uint8Array(8 + CLASSES + hashes.length * 5 + values.length * 2);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, hashes.length);
  view.setUint32(4, values.length);
  bytes.set(new Uint8Array(bias.buffer, bias.byteOffset, CLASSES), 8);
  let at = 8 + CLASSES;
  hashes.forEach((hash, i) => {
    view.setUint32(at + 4 * i, hash);
    bytes[at + 4 * hashes.length + i] = starts[i + 1]! - starts[i]!;
  });
  at += 5 * hashes.length;
  bytes.set(classes, at);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.length), at + values.length);
  return bytes;
}

export function unpackWeights(bytes: Uint8Array): IndexedWeights {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(0);
  const total = view.getUint32(4);
  const bias = new Int8Array(bytes.slice(8, 8 + CLASSES).buffer);
  const hashes = new Uint32Array(count);
  const starts = new Uint32Array(count + 1);
  const at = 8 + CLASSES;
  for (let i = 0; i < count; i++) {
    hashes[i] = view.getUint32(at + 4 * i);
    starts[i + 1] = starts[i]! + bytes[at + 4 * count + i]!;
  }
  const rest = at + 5 * count;
  const classes = bytes.slice(rest, rest + total);
  const values = new Int8Array(bytes.slice(rest + total, rest + 2 * total).buffer);
  if (starts[count] !== total || values.length !== total) throw new Error('the built-in model file is damaged');
  return { bias, hashes, starts, classes, values, buckets: indexHashes(hashes) };
}
