// docs/models.md#use-lite: Universal Sentence Encoder Lite: two layers of a transformer over at most 128 tokens, the mean of what they give,
// and one layer with tanh. Names of weights and order as in the package's model.json.
import { dense, reserveDense } from "../../assembly/dense";
import { denseBytes, matrixBytes, reserveDenseBytes } from "../../assembly/dense-bytes";
import { cos, exp, sin, tanh } from "../../assembly/math";

export const MAX_TOKENS: u32 = 128;
export const VECTOR_SIZE: u32 = 512;
const EMBEDDING_SIZE: u32 = 256;
const HIDDEN_SIZE: u32 = 1536;
const HEADS: u32 = 4;
const PIECES: u32 = 8002;
const FLOAT: u32 = 4;
const EPSILON: f32 = 1e-6;
const LEAST_NORM: f32 = 1e-12;

@final
class Layer {
  width: u32 = 0;
  attentionScale: u32 = 0;
  attentionShift: u32 = 0;
  mixed: u32 = 0;
  mixedBias: u32 = 0;
  joined: u32 = 0;
  joinedBias: u32 = 0;
  hiddenScale: u32 = 0;
  hiddenShift: u32 = 0;
  hidden: u32 = 0;
  hiddenBias: u32 = 0;
  output: u32 = 0;
  outputBias: u32 = 0;
}

let embeddings: u32 = 0;
/** What is added to each place: sine and cosine of the place times a frequency. */
let timing: u32 = 0;
let widened: u32 = 0;
let widenedBias: u32 = 0;
let last: u32 = 0;
let lastBias: u32 = 0;
let first = new Layer();
let second = new Layer();

let rows: u32 = 0;
let normal: u32 = 0;
let mixed: u32 = 0;
let joined: u32 = 0;
let grown: u32 = 0;
let weights: u32 = 0;
let mean: u32 = 0;

/** Whether the matrices are bytes; else they are f32. */
let isBytes: bool = false;

let next: u32 = 0;

function take(floats: u32): u32 {
  const at = next;
  next += floats * FLOAT;
  return at;
}

function takeMatrix(width: u32, columns: u32): u32 {
  if (!isBytes) return take(width * columns);
  const at = next;
  next += matrixBytes(width, columns);
  return at;
}

/** Bytes of the weights. Before `placeWeights` alone: it counts by placing them at 0. */
export function weightBytes(bytes: bool): u32 {
  isBytes = bytes;
  next = 0;
  takeAll();
  return next;
}

export function placeWeights(at: u32): void {
  next = at;
  const frequencies = takeAll();
  timing = u32(heap.alloc(MAX_TOKENS * EMBEDDING_SIZE * FLOAT));
  for (let place: u32 = 0; place < MAX_TOKENS; place++) {
    const row = timing + place * EMBEDDING_SIZE * FLOAT;
    for (let i: u32 = 0; i < EMBEDDING_SIZE / 2; i++) {
      const angle = f64(f32(place) * load<f32>(frequencies + i * FLOAT));
      store<f32>(row + i * FLOAT, f32(sin(angle)));
      store<f32>(row + (EMBEDDING_SIZE / 2 + i) * FLOAT, f32(cos(angle)));
    }
  }
  reserveDense(HIDDEN_SIZE);
  reserveDenseBytes(HIDDEN_SIZE);
  rows = allocate(VECTOR_SIZE);
  normal = allocate(VECTOR_SIZE);
  mixed = allocate(3 * VECTOR_SIZE);
  joined = allocate(VECTOR_SIZE);
  grown = allocate(HIDDEN_SIZE);
  weights = allocate(1);
  mean = allocate(VECTOR_SIZE / MAX_TOKENS);
}

/** So many floats for each token. */
function allocate(width: u32): u32 {
  return u32(heap.alloc(MAX_TOKENS * width * FLOAT));
}

/** @returns the place of the frequencies */
function takeAll(): u32 {
  embeddings = take(PIECES * EMBEDDING_SIZE);
  const frequencies = take(EMBEDDING_SIZE / 2);
  widened = takeMatrix(EMBEDDING_SIZE, VECTOR_SIZE);
  widenedBias = take(VECTOR_SIZE);
  takeLayer(first, EMBEDDING_SIZE);
  takeLayer(second, VECTOR_SIZE);
  last = takeMatrix(VECTOR_SIZE, VECTOR_SIZE);
  lastBias = take(VECTOR_SIZE);
  return frequencies;
}

function takeLayer(layer: Layer, width: u32): void {
  layer.width = width;
  layer.attentionScale = take(width);
  layer.attentionShift = take(width);
  layer.mixed = takeMatrix(width, 3 * width);
  layer.mixedBias = take(3 * width);
  layer.joined = takeMatrix(width, VECTOR_SIZE);
  layer.joinedBias = take(VECTOR_SIZE);
  layer.hiddenScale = take(VECTOR_SIZE);
  layer.hiddenShift = take(VECTOR_SIZE);
  layer.hidden = takeMatrix(VECTOR_SIZE, HIDDEN_SIZE);
  layer.hiddenBias = take(HIDDEN_SIZE);
  layer.output = takeMatrix(HIDDEN_SIZE, VECTOR_SIZE);
  layer.outputBias = take(VECTOR_SIZE);
}

/** The vector of `count` tokens goes to `to`, 512 f32 of length 1. */
export function encode(tokens: u32, count: u32, to: u32): void {
  embed(tokens, count);
  normalise(rows, count, EMBEDDING_SIZE, first.attentionScale, first.attentionShift);
  // The first layer is wider at its end than at its beginning.
  multiply(rows, count, EMBEDDING_SIZE, widened, widenedBias, grown, VECTOR_SIZE);
  memory.copy(rows, grown, count * VECTOR_SIZE * FLOAT);
  attend(first, count);
  grow(first, count);
  normalise(rows, count, VECTOR_SIZE, second.attentionScale, second.attentionShift);
  attend(second, count);
  grow(second, count);
  average(count);
  multiply(mean, 1, VECTOR_SIZE, last, lastBias, to, VECTOR_SIZE);
  scaleToOne(to);
}

function multiply(x: u32, count: u32, width: u32, w: u32, bias: u32, y: u32, columns: u32): void {
  if (isBytes) denseBytes(x, count, width, w, bias, y, columns);
  else dense(x, count, width, w, bias, y, columns);
}

function embed(tokens: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const from = embeddings + load<u32>(tokens + 4 * i) * EMBEDDING_SIZE * FLOAT;
    const place = timing + i * EMBEDDING_SIZE * FLOAT;
    const to = rows + i * EMBEDDING_SIZE * FLOAT;
    for (let k: u32 = 0; k < EMBEDDING_SIZE * FLOAT; k += FLOAT) {
      const value = load<f32>(from + k);
      store<f32>(to + k, value + (value + load<f32>(place + k)));
    }
  }
}

/** Each row of `x` with mean 0 and variance 1, scaled and shifted, goes to `normal`. */
function normalise(x: u32, count: u32, width: u32, scale: u32, shift: u32): void {
  const bytes = width * FLOAT;
  for (let row: u32 = 0; row < count; row++) {
    const from = x + row * bytes;
    const to = normal + row * bytes;
    let sum: f32 = 0;
    for (let k: u32 = 0; k < bytes; k += FLOAT) sum += load<f32>(from + k);
    const centre = sum / f32(width);
    let squares: f32 = 0;
    for (let k: u32 = 0; k < bytes; k += FLOAT) {
      const distance = load<f32>(from + k) - centre;
      squares += distance * distance;
    }
    const inverse: f32 = 1 / sqrt<f32>(squares / f32(width) + EPSILON);
    for (let k: u32 = 0; k < bytes; k += FLOAT)
      store<f32>(to + k, load<f32>(scale + k) * inverse * (load<f32>(from + k) - centre) + load<f32>(shift + k));
  }
}

/** Adds to each row what the others tell it, from the normalised rows. */
function attend(layer: Layer, count: u32): void {
  const width = layer.width;
  const bytes = width * FLOAT;
  multiply(normal, count, width, layer.mixed, layer.mixedBias, mixed, 3 * width);
  const size = width / HEADS;
  const factor: f32 = 1 / sqrt<f32>(f32(size));
  for (let i: u32 = 0; i < count * 3; i += 3) scale(mixed + i * bytes, width, factor);
  for (let head: u32 = 0; head < HEADS; head++) {
    const query = mixed + head * size * FLOAT;
    for (let row: u32 = 0; row < count; row++) {
      weigh(query + row * 3 * bytes, query + bytes, count, 3 * bytes, size);
      gather(query + 2 * bytes, count, 3 * bytes, size, normal + row * bytes + head * size * FLOAT);
    }
  }
  multiply(normal, count, width, layer.joined, layer.joinedBias, joined, VECTOR_SIZE);
  add(rows, joined, count * VECTOR_SIZE);
}

function scale(x: u32, count: u32, factor: f32): void {
  for (let k: u32 = 0; k < count * FLOAT; k += FLOAT) store<f32>(x + k, load<f32>(x + k) * factor);
}

/** Softmax of the products of the query with each key goes to `weights`. */
function weigh(query: u32, keys: u32, count: u32, stride: u32, size: u32): void {
  let most: f32 = -Infinity;
  for (let i: u32 = 0; i < count; i++) {
    const product = dot(query, keys + i * stride, size);
    store<f32>(weights + i * FLOAT, product);
    most = max<f32>(most, product);
  }
  let sum: f32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const share = f32(exp(f64(load<f32>(weights + i * FLOAT) - most)));
    store<f32>(weights + i * FLOAT, share);
    sum += share;
  }
  for (let i: u32 = 0; i < count; i++) store<f32>(weights + i * FLOAT, load<f32>(weights + i * FLOAT) / sum);
}

/** Of a multiple of 4 numbers. */
export function dot(a: u32, b: u32, count: u32): f32 {
  let sum: f32 = 0;
  for (const end = a + count * FLOAT; a < end; a += 16, b += 16) {
    sum += load<f32>(a) * load<f32>(b);
    sum += load<f32>(a, 4) * load<f32>(b, 4);
    sum += load<f32>(a, 8) * load<f32>(b, 8);
    sum += load<f32>(a, 12) * load<f32>(b, 12);
  }
  return sum;
}

/** The sum of the values by their weights. Four columns at once, so that each weight is loaded for four. */
function gather(values: u32, count: u32, stride: u32, size: u32, to: u32): void {
  for (const end = to + size * FLOAT; to < end; to += 16, values += 16) {
    let a: f32 = 0, b: f32 = 0, c: f32 = 0, d: f32 = 0;
    let from = values;
    for (let i: u32 = 0; i < count; i++, from += stride) {
      const weight = load<f32>(weights + i * FLOAT);
      a += weight * load<f32>(from);
      b += weight * load<f32>(from, 4);
      c += weight * load<f32>(from, 8);
      d += weight * load<f32>(from, 12);
    }
    store<f32>(to, a);
    store<f32>(to, b, 4);
    store<f32>(to, c, 8);
    store<f32>(to, d, 12);
  }
}

function grow(layer: Layer, count: u32): void {
  normalise(rows, count, VECTOR_SIZE, layer.hiddenScale, layer.hiddenShift);
  multiply(normal, count, VECTOR_SIZE, layer.hidden, layer.hiddenBias, grown, HIDDEN_SIZE);
  for (let k: u32 = 0; k < count * HIDDEN_SIZE * FLOAT; k += FLOAT)
    store<f32>(grown + k, max<f32>(load<f32>(grown + k), 0));
  multiply(grown, count, HIDDEN_SIZE, layer.output, layer.outputBias, joined, VECTOR_SIZE);
  add(rows, joined, count * VECTOR_SIZE);
}

function add(to: u32, from: u32, count: u32): void {
  for (let k: u32 = 0; k < count * FLOAT; k += FLOAT) store<f32>(to + k, load<f32>(to + k) + load<f32>(from + k));
}

function average(count: u32): void {
  for (let k: u32 = 0; k < VECTOR_SIZE * FLOAT; k += FLOAT) {
    let sum: f32 = 0;
    for (let row: u32 = 0; row < count; row++) sum += load<f32>(rows + row * VECTOR_SIZE * FLOAT + k);
    store<f32>(mean + k, sum / f32(max<u32>(count, 1)));
  }
}

function scaleToOne(x: u32): void {
  let squares: f32 = 0;
  for (let k: u32 = 0; k < VECTOR_SIZE * FLOAT; k += FLOAT) {
    const value = f32(tanh(f64(load<f32>(x + k))));
    store<f32>(x + k, value);
    squares += value * value;
  }
  scale(x, VECTOR_SIZE, 1 / sqrt<f32>(max<f32>(squares, LEAST_NORM)));
}
