// docs/models.md#head: the weights of the head, which scripts/generate/use-lite-head.ts trains.
import { readFileSync } from 'node:fs';
import { LEXICOGRAPHER_CLASSES } from '../../edge/backends/model/classes.ts';
import { VECTOR_SIZE } from './encoder.ts';

/** A linear function from a vector to a score for each class. */
export type ClassHead = {
  /** One class after another, 512 each. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** One for each class. */
  readonly bias: Float32Array<ArrayBuffer>;
};

const CLASSES = LEXICOGRAPHER_CLASSES.length;
const FLOAT = Float32Array.BYTES_PER_ELEMENT;
const MOST = 127;
const FILE = new URL('./head.bin', import.meta.url);

/** The committed head as the program has it: all weights, then the bias. */
export function readHead(): Float32Array<ArrayBuffer> {
  const { weights, bias } = unpackHead(readFileSync(FILE));
  return Float32Array.from([...weights, ...bias]);
}

/** Bias and unit of each class in f32, little-endian; then each weight as a multiple of its class's unit, -127 to 127. */
export function packHead({ weights, bias }: ClassHead): Uint8Array {
  const bytes = new Uint8Array(CLASSES * (2 * FLOAT + VECTOR_SIZE));
  const view = new DataView(bytes.buffer);
  for (let c = 0; c < CLASSES; c++) {
    const own = weights.subarray(c * VECTOR_SIZE, (c + 1) * VECTOR_SIZE);
    const unit = Math.fround(own.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / MOST) || 1;
    view.setFloat32(c * FLOAT, bias[c]!, true);
    view.setFloat32((CLASSES + c) * FLOAT, unit, true);
    own.forEach((weight, i) => {
      view.setInt8(
        2 * CLASSES * FLOAT + c * VECTOR_SIZE + i,
        Math.max(-MOST, Math.min(MOST, Math.round(weight / unit))),
      );
    });
  }
  return bytes;
}

export function unpackHead(bytes: Uint8Array): ClassHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const units = Array.from({ length: CLASSES }, (_, c) => view.getFloat32((CLASSES + c) * FLOAT, true));
  return {
    weights: Float32Array.from(
      { length: CLASSES * VECTOR_SIZE },
      (_, i) => view.getInt8(2 * CLASSES * FLOAT + i) * units[Math.floor(i / VECTOR_SIZE)]!,
    ),
    bias: Float32Array.from({ length: CLASSES }, (_, c) => view.getFloat32(c * FLOAT, true)),
  };
}
