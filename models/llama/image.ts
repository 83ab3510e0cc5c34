// docs/models.md#llama-image: the memory that a model's program starts with.
import { LEAF_BYTES } from '../../protocol/leaf.ts';
import * as layout from './assembly/layout.ts';
import { BLOCK, type LlamaModel, type Matrix } from './model.ts';
import { bytesOfWeights, ENCODINGS, groupOf, type WeightKernel, writeGroup } from './quantise.ts';
import { makeRotation } from './rotation.ts';
import { createSpace, type Space } from './space.ts';
import type { Template } from './template.ts';
import { type HeaderFields, placeTemplate, placeVocabulary } from './tokenizer-image.ts';

export type ImageOptions = {
  readonly kernel: WeightKernel;
  /** Tokens of a prompt and its answer together. */
  readonly context: number;
  readonly template: Template;
};

/** Bytes of a text for each token of the context: more is never a prompt that fits. */
const TEXT_BYTES_A_TOKEN = 16;
/** Rows that are read from the file at once. */
const ROWS_AT_ONCE = 64;
const FLOAT = 4;

/** Bytes from address 0 on; below HEADER they are zero. What is behind them is zero, too. */
export function makeImage(model: LlamaModel, { kernel, context, template }: ImageOptions): Uint8Array {
  const { shape, vocabulary } = model;
  const space = createSpace(layout.HEADER + layout.HEADER_BYTES);
  const fields: HeaderFields = new Map([
    [layout.WIDTH, shape.width],
    [layout.HIDDEN, shape.hidden],
    [layout.LAYERS, shape.layers],
    [layout.HEADS, shape.heads],
    [layout.KEY_HEADS, shape.keyHeads],
    [layout.HEAD_WIDTH, shape.headWidth],
    [layout.CONTEXT, context],
  ]);
  placeVocabulary(space, vocabulary, fields);
  fields.set(layout.TEMPLATE, placeTemplate(space, template));
  fields.set(layout.ROPE, space.placeFloats(makeRotation(shape, context)));
  const embedding = placeMatrix(space, model.embedding, kernel);
  fields.set(layout.EMBEDDING, embedding);
  const tables = model.layers.map((layer) => [
    space.placeFloats(layer.attentionNorm),
    placeMatrix(space, layer.query, kernel),
    placeMatrix(space, layer.key, kernel),
    placeMatrix(space, layer.value, kernel),
    placeMatrix(space, layer.attentionOutput, kernel),
    space.placeFloats(layer.feedForwardNorm),
    placeMatrix(space, layer.gate, kernel),
    placeMatrix(space, layer.up, kernel),
    placeMatrix(space, layer.down, kernel),
    ...layer.biases.map((bias) => (bias === undefined ? 0 : space.placeFloats(bias))),
  ]);
  fields.set(layout.LAYER_TABLE, space.placeIntegers(tables.flat()));
  fields.set(layout.OUTPUT_NORM, space.placeFloats(model.outputNorm));
  fields.set(layout.OUTPUT, model.output === undefined ? embedding : placeMatrix(space, model.output, kernel));
  const end = space.end();
  takeBuffers(space, model, context, fields);
  takeCache(space, model, { kernel, context }, fields);
  fields.set(layout.END, space.end());
  space.later((_, view) => {
    for (const [offset, value] of fields) view.setUint32(layout.HEADER + offset, value, true);
    view.setFloat32(layout.HEADER + layout.EPSILON, shape.epsilon, true);
  });
  return space.make(end);
}

/** The address of the matrix's description. */
function placeMatrix(space: Space, matrix: Matrix, kernel: WeightKernel): number {
  const { rows, columns } = matrix;
  const group = groupOf(kernel, columns);
  const groups = kernel === 'f32' ? 0 : (rows * columns) / group;
  const weights = space.take(bytesOfWeights(kernel, rows * columns));
  const scales = groups === 0 ? 0 : space.take(groups * FLOAT);
  space.later((bytes, view) => {
    for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
      const floats = matrix.read(first, Math.min(ROWS_AT_ONCE, rows - first));
      const done = first * columns;
      if (kernel === 'f32')
        for (let i = 0; i < floats.length; i++) view.setFloat32(weights + (done + i) * FLOAT, floats[i]!, true);
      else
        for (let i = 0; i < floats.length; i += group) {
          const at = weights + bytesOfWeights(kernel, done + i);
          const scale = writeGroup(kernel, floats.subarray(i, i + group), bytes, at);
          view.setFloat32(scales + ((done + i) / group) * FLOAT, scale, true);
        }
    }
  });
  const description = new Int32Array(layout.MATRIX_BYTES / 4);
  description[layout.MATRIX_ENCODING / 4] = ENCODINGS[kernel];
  description[layout.MATRIX_ROWS / 4] = rows;
  description[layout.MATRIX_COLUMNS / 4] = columns;
  description[layout.MATRIX_WEIGHTS / 4] = weights;
  description[layout.MATRIX_SCALES / 4] = scales;
  description[layout.MATRIX_GROUP / 4] = group;
  return space.placeIntegers(description);
}

function takeBuffers(space: Space, { shape, vocabulary }: LlamaModel, context: number, fields: HeaderFields): void {
  const { width, hidden, heads, headWidth } = shape;
  const widest = Math.max(width, heads * headWidth);
  const floats: readonly [number, number][] = [
    [layout.STATE, width],
    [layout.NORMED, widest],
    [layout.QUERY, widest],
    [layout.SCORES, context],
    [layout.GATE, hidden],
    [layout.UP, hidden],
    [layout.LOGITS, vocabulary.pieces.length],
    [layout.TOKENS, context],
    [layout.CACHED, context],
    [layout.QUANT_SCALES, Math.max(widest, hidden) / BLOCK],
    [layout.QUANT_SUMS, Math.max(widest, hidden) / BLOCK],
  ];
  for (const [offset, count] of floats) fields.set(offset, space.take(count * FLOAT));
  const text = context * TEXT_BYTES_A_TOKEN;
  fields.set(layout.QUANTS, space.take(Math.max(widest, hidden)));
  fields.set(layout.UNPACKED, space.take(BLOCK));
  fields.set(layout.TEXT_BYTES, text);
  fields.set(layout.CHAIN, space.take(text * layout.SYMBOL_BYTES));
  fields.set(layout.HEAP, space.take(3 * text * layout.HEAP_BYTES));
}

/** Keys and values of all positions: floats, or bytes with a unit for each position and head. */
function takeCache(
  space: Space,
  { shape }: LlamaModel,
  { kernel, context }: Pick<ImageOptions, 'kernel' | 'context'>,
  fields: HeaderFields,
): void {
  const { layers, keyHeads, headWidth } = shape;
  const rows = layers * keyHeads;
  if (kernel === 'f32') {
    for (const place of [layout.KEYS, layout.VALUES]) fields.set(place, space.take(rows * context * headWidth * FLOAT));
    return;
  }
  const stride = Math.ceil(context / LEAF_BYTES) * LEAF_BYTES;
  fields.set(layout.VALUE_STRIDE, stride);
  const sizes: readonly [number, number][] = [
    [layout.KEYS, rows * context * headWidth],
    [layout.VALUES, rows * headWidth * stride],
    [layout.KEY_SCALES, rows * context * FLOAT],
    [layout.VALUE_SCALES, rows * context * FLOAT],
    [layout.KEY_ROW, keyHeads * headWidth * FLOAT],
    [layout.VALUE_ROW, keyHeads * headWidth * FLOAT],
    [layout.HEAD_QUANTS, headWidth],
    [layout.SHARES_HIGH, context],
    [layout.SHARES_LOW, context],
  ];
  for (const [place, sizeBytes] of sizes) fields.set(place, space.take(sizeBytes));
}
