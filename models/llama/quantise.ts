// docs/models.md#kernels: how the weights of a matrix stand in the image.
import { ENCODING_F32, ENCODING_INT4, ENCODING_INT8 } from './assembly/layout.ts';
import { BLOCK } from './model.ts';

/** In floats, or in groups of integers of 8 or 4 bits with a scale. */
export type WeightKernel = 'f32' | 'int8' | 'int4';

export const KERNELS = ['f32', 'int8', 'int4'] as const satisfies readonly WeightKernel[];
export const ENCODINGS: Readonly<Record<WeightKernel, number>> = {
  f32: ENCODING_F32,
  int8: ENCODING_INT8,
  int4: ENCODING_INT4,
};
const BITS: Readonly<Record<WeightKernel, number>> = { f32: 32, int8: 8, int4: 4 };
/** Of bytes: what a group takes beside its products is then little. */
const LARGEST_GROUP = 1_024;
const LARGEST_8 = 127;
/** Weights of 4 bits are written as 0 to 15 and mean -8 to 7. */
const OFFSET_4 = 8;
const HALF = 8;

/** Weights of a group, which have a scale together: of bytes the most that divide a row, up to a limit. */
export function groupOf(kernel: WeightKernel, columns: number): number {
  if (kernel !== 'int8') return BLOCK;
  let group = LARGEST_GROUP;
  while (columns % group !== 0) group -= BLOCK;
  return group;
}

/** Bytes of so many weights, without their scales. */
export function bytesOfWeights(kernel: WeightKernel, count: number): number {
  return (count * BITS[kernel]) / 8;
}

/** Writes the weights of a group, and returns its scale. */
export function writeGroup(kernel: 'int8' | 'int4', group: Float32Array, to: Uint8Array, at: number): number {
  return kernel === 'int8' ? writeBytes(group, to, at) : writeHalves(group, to, at);
}

function writeBytes(group: Float32Array, to: Uint8Array, at: number): number {
  let most = 0;
  for (const value of group) most = Math.max(most, Math.abs(value));
  const scale = Math.fround(most / LARGEST_8);
  for (let i = 0; i < group.length; i++) to[at + i] = scale === 0 ? 0 : clamp(roundEven(group[i]! / scale), LARGEST_8);
  return scale;
}

// The number of the largest size becomes -8, as in q4_0, which so comes back as it was. Of 16 weights the lower halves
// of 8 bytes are the first 8.
function writeHalves(group: Float32Array, to: Uint8Array, at: number): number {
  let most = 0;
  for (const value of group) if (Math.abs(value) > Math.abs(most)) most = value;
  const scale = Math.fround(most / -OFFSET_4);
  const quant = (value: number) => (scale === 0 ? 0 : Math.min(7, Math.max(-8, roundEven(value / scale)))) + OFFSET_4;
  for (let i = 0; i < group.length; i += 2 * HALF)
    for (let j = 0; j < HALF; j++) to[at++] = quant(group[i + j]!) | (quant(group[i + HALF + j]!) << 4);
  return scale;
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(-most, value));
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
