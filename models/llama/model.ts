// docs/models.md#llama: a model of llama's architecture, whichever file it comes from.
import { decodeBlocks } from './blocks.ts';
import type { StoredTensor, TensorFile } from './gguf.ts';
import { badFile } from './source.ts';
import type { Vocabulary } from './vocabulary.ts';

export type LlamaShape = {
  readonly width: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly headWidth: number;
  /** Positions that the model was trained for. */
  readonly context: number;
  readonly epsilon: number;
  readonly rope: Rope;
};

/** How far the pairs of a head turn from one position to the next. */
export type Rope = {
  readonly base: number;
  /** Positions are divided by it. */
  readonly scale: number;
  /** What each pair's turn is divided by; undefined is 1 for all. */
  readonly factors: Float32Array | undefined;
};

/** Rows of numbers that are read when they are needed. */
export type Matrix = {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** `count` rows from `first` on, one behind the other. */
  read(first: number, count: number): Float32Array;
};

export type Layer = {
  readonly attentionNorm: Float32Array;
  readonly query: Matrix;
  readonly key: Matrix;
  readonly value: Matrix;
  /** Of queries, keys and values, each undefined if there is none. */
  readonly biases: readonly (Float32Array | undefined)[];
  readonly attentionOutput: Matrix;
  readonly feedForwardNorm: Float32Array;
  readonly gate: Matrix;
  readonly up: Matrix;
  readonly down: Matrix;
};

export type LlamaModel = {
  readonly shape: LlamaShape;
  readonly vocabulary: Vocabulary;
  /** A template in the language of Jinja, if the file has one. */
  readonly template: string | undefined;
  readonly embedding: Matrix;
  readonly layers: readonly Layer[];
  readonly outputNorm: Float32Array;
  /** Undefined if it is the embedding. */
  readonly output: Matrix | undefined;
};

/** Numbers that the kernels take at once: docs/models.md#kernels. */
export const BLOCK = 32;
const MAX_WIDTH = 1 << 16;
const MAX_LAYERS = 512;
const MAX_HEADS = 1_024;
const MAX_CONTEXT = 1 << 24;

/** @throws MizuError `sdk/model-file` naming what is out of bounds */
export function requireShape(shape: LlamaShape): LlamaShape {
  const { width, hidden, layers, heads, keyHeads, headWidth, context, epsilon, rope } = shape;
  requireInteger('layers', layers, 1, MAX_LAYERS);
  requireInteger('heads', heads, 1, MAX_HEADS);
  requireInteger('key heads', keyHeads, 1, heads);
  requireInteger('width of a head', headWidth, 8, 1_024);
  requireInteger('context', context, 2, MAX_CONTEXT);
  for (const [name, value] of Object.entries({ width, hidden, 'width of all heads': heads * headWidth })) {
    requireInteger(name, value, BLOCK, MAX_WIDTH);
    if (value % BLOCK !== 0) throw badFile(`${name}: a multiple of ${BLOCK}`, `${value}`);
  }
  if (heads % keyHeads !== 0) throw badFile(`heads that ${keyHeads} key heads are shared by`, `${heads} heads`);
  if (headWidth % 8 !== 0) throw badFile('a width of a head that is a multiple of 8', `${headWidth}`);
  if (!(epsilon > 0 && epsilon < 1)) throw badFile('an epsilon between 0 and 1', `${epsilon}`);
  if (!(rope.base >= 1 && rope.base < 1e12)) throw badFile('a base of the rotation from 1 to 10^12', `${rope.base}`);
  if (!(rope.scale > 0 && rope.scale <= 1_024)) throw badFile('a scale of positions up to 1024', `${rope.scale}`);
  return shape;
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (!(Number.isInteger(value) && value >= least && value <= most))
    throw badFile(`${name}: an integer from ${least} to ${most}`, `${value}`);
}

/**
 * Where a row of a head stands in a file in which a pair that turns is a number of the first half of a head and the one
 * in the same place of the second half. The engine has them side by side, as GGUF has for `llama`.
 */
export function rowInHalves(headWidth: number): (row: number) => number {
  return (row) => {
    const place = row % headWidth;
    return row - place + (place >> 1) + (place & 1) * (headWidth / 2);
  };
}

/** A vector of the file; `order` as for matrices. @throws MizuError `sdk/model-file` */
export function biasOf(file: TensorFile, name: string, length: number, order?: (row: number) => number): Float32Array {
  const bias = vectorOf(file, name, length);
  return order === undefined ? bias : bias.map((_, row) => bias[order(row)]!);
}

/** A matrix of the file. `order` says for each row which one of the file it is. @throws MizuError `sdk/model-file` */
export function matrixOf(
  file: TensorFile,
  name: string,
  rows: number,
  columns: number,
  order?: (row: number) => number,
): Matrix {
  const tensor = requireTensor(file, name, [rows, columns]);
  const rowBytes = tensor.sizeBytes / rows;
  const readRows = (first: number, count: number) =>
    decodeFinite(tensor, file.source.read(tensor.offset + first * rowBytes, count * rowBytes));
  if (order === undefined) return { name, rows, columns, read: readRows };
  const read = (first: number, count: number) => {
    const floats = new Float32Array(count * columns);
    for (let i = 0; i < count; i++) floats.set(readRows(order(first + i), 1), i * columns);
    return floats;
  };
  return { name, rows, columns, read };
}

/** @throws MizuError `sdk/model-file` */
export function vectorOf(file: TensorFile, name: string, length: number): Float32Array {
  const tensor = requireTensor(file, name, [length]);
  return decodeFinite(tensor, file.source.read(tensor.offset, tensor.sizeBytes));
}

function requireTensor({ tensors }: TensorFile, name: string, shape: readonly number[]): StoredTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw badFile(`the tensor ${name}`, 'none');
  if (tensor.shape.join() !== shape.join())
    throw badFile(`${name} of the shape [${shape.join(', ')}]`, `[${tensor.shape.join(', ')}]`);
  return tensor;
}

function decodeFinite({ name, encoding }: StoredTensor, bytes: Uint8Array): Float32Array {
  const floats = decodeBlocks(bytes, encoding);
  if (!floats.every(Number.isFinite)) throw badFile(`${name}: finite numbers`, 'NaN or an infinity');
  return floats;
}
