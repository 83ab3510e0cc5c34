// docs/models.md#small: where the weights lie in the memory of the program, so that they can be written into its image.
import { BUCKETS, type IndexedWeights } from '../../edge/backends/model/weights.ts';

/** How many there are of each sort. */
export type WeightCounts = { readonly classes: number; readonly features: number; readonly values: number };

const WORD = 4;

/** Views over `buffer`: what needs whole words comes first. */
export function viewWeights(buffer: ArrayBuffer, { classes, features, values }: WeightCounts): IndexedWeights {
  const starts = WORD * features;
  const buckets = starts + WORD * (features + 1);
  const bias = buckets + WORD * (BUCKETS + 1);
  return {
    hashes: new Uint32Array(buffer, 0, features),
    starts: new Uint32Array(buffer, starts, features + 1),
    buckets: new Uint32Array(buffer, buckets, BUCKETS + 1),
    bias: new Int8Array(buffer, bias, classes),
    classes: new Uint8Array(buffer, bias + classes, values),
    values: new Int8Array(buffer, bias + classes + values, values),
  };
}

/** Bytes of all of them. */
export function weightBytes({ classes, features, values }: WeightCounts): number {
  return WORD * (2 * features + 1 + BUCKETS + 1) + classes + 2 * values;
}

export const MARK_BYTES = 64;

/** Writes what stands in their place until they are written: bytes that are nowhere else, and no copy of them. */
export function markPlace(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < MARK_BYTES; i++) bytes[i] = (i * i * 31 + i * 167 + 13) & 0xff;
  return bytes;
}
