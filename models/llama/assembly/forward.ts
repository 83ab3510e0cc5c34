// docs/models.md#llama-engine: what a model of llama's architecture makes of one token.
import {
  EMBEDDING,
  EPSILON,
  GATE,
  HEAD_WIDTH,
  HEADER,
  HEADS,
  HIDDEN,
  KEY_HEADS,
  KEYS,
  KEY_ROW,
  KEY_SCALES,
  LAYER_FIELDS,
  LAYER_TABLE,
  LAYERS,
  LOGITS,
  NORMED,
  OUTPUT,
  OUTPUT_NORM,
  QUERY,
  ROPE,
  SCORES,
  STATE,
  UP,
  VALUES,
  VALUE_ROW,
  WIDTH,
  CONTEXT,
} from "./layout";
import { expShort } from "./exp";
import { attendBytes, keepBytes } from "./attention-bytes";
import { header } from "./header";
import { multiply, prepare, readRow } from "./matrix";
import { toShares } from "./shares";

/** Puts the token at the position into the cache, which has all before it. */
export function forward(token: u32, position: u32): void {
  const state = header(STATE);
  readRow(header(EMBEDDING), token, state);
  const layers = header(LAYERS);
  for (let layer: u32 = 0; layer < layers; layer++) {
    const table = header(LAYER_TABLE) + layer * (LAYER_FIELDS << 2);
    attend(table, layer, position);
    feedForward(table);
  }
}

/** The logits of the next token, of the last one that went forward. */
export function findLogits(): void {
  const normed = header(NORMED);
  normalise(header(STATE), header(OUTPUT_NORM), normed);
  const output = header(OUTPUT);
  prepare(output, normed);
  multiply(output, normed, header(LOGITS));
}

function attend(table: u32, layer: u32, position: u32): void {
  const normed = header(NORMED);
  const query = header(QUERY);
  const width = header(HEAD_WIDTH);
  const heads = header(HEADS);
  const keyHeads = header(KEY_HEADS);
  const isBytes = header(KEY_SCALES) != 0;
  const place = (layer * header(CONTEXT) + position) * ((keyHeads * width) << 2);
  const key = isBytes ? header(KEY_ROW) : header(KEYS) + place;
  const value = isBytes ? header(VALUE_ROW) : header(VALUES) + place;
  normalise(header(STATE), load<u32>(table), normed);
  prepare(load<u32>(table, 4), normed);
  multiply(load<u32>(table, 4), normed, query);
  multiply(load<u32>(table, 8), normed, key);
  multiply(load<u32>(table, 12), normed, value);
  addBias(load<u32>(table, 36), query, heads * width);
  addBias(load<u32>(table, 40), key, keyHeads * width);
  addBias(load<u32>(table, 44), value, keyHeads * width);
  rotate(query, heads, position);
  rotate(key, keyHeads, position);
  if (isBytes) {
    keepBytes(layer, position);
    attendBytes(layer, position, query, normed);
  } else attendFloats(layer, position, query, normed);
  addProduct(load<u32>(table, 16), normed, query);
}

function attendFloats(layer: u32, position: u32, query: u32, to: u32): void {
  const width = header(HEAD_WIDTH);
  const heads = header(HEADS);
  const keyHeads = header(KEY_HEADS);
  const rowBytes = (keyHeads * width) << 2;
  const start = layer * header(CONTEXT) * rowBytes;
  const shared = heads / keyHeads;
  for (let head: u32 = 0; head < heads; head++) {
    const offset = start + (((head / shared) * width) << 2);
    const at = (head * width) << 2;
    score(query + at, header(KEYS) + offset, rowBytes, position);
    weigh(header(VALUES) + offset, rowBytes, position, to + at);
  }
}

/** `bias` is 0 if there is none. */
function addBias(bias: u32, to: u32, length: u32): void {
  if (bias == 0) return;
  for (const end = to + (length << 2); to < end; to += 4, bias += 4) store<f32>(to, load<f32>(to) + load<f32>(bias));
}

// The rotated pairs are neighbours.
function rotate(vector: u32, heads: u32, position: u32): void {
  const bytes = header(HEAD_WIDTH) << 2;
  const turns = header(ROPE) + position * bytes;
  const turnsEnd = turns + bytes;
  for (let head: u32 = 0; head < heads; head++) {
    for (let turn = turns; turn < turnsEnd; turn += 8, vector += 8) {
      const cosine = load<f32>(turn);
      const sine = load<f32>(turn, 4);
      const a = load<f32>(vector);
      const b = load<f32>(vector, 4);
      store<f32>(vector, a * cosine - b * sine);
      store<f32>(vector, a * sine + b * cosine, 4);
    }
  }
}

/** The shares of all positions in a head's attention, into SCORES. */
function score(query: u32, keys: u32, rowBytes: u32, position: u32): void {
  const width = header(HEAD_WIDTH);
  const factor: f32 = 1 / sqrt<f32>(<f32>width);
  const scores = header(SCORES);
  const end = scores + ((position + 1) << 2);
  const queryEnd = query + (width << 2);
  let most: f32 = -Infinity;
  for (let at = scores; at < end; at += 4, keys += rowBytes) {
    let sum: f32 = 0;
    let key = keys;
    for (let q = query; q < queryEnd; q += 16, key += 16) {
      sum += load<f32>(q) * load<f32>(key);
      sum += load<f32>(q, 4) * load<f32>(key, 4);
      sum += load<f32>(q, 8) * load<f32>(key, 8);
      sum += load<f32>(q, 12) * load<f32>(key, 12);
    }
    sum *= factor;
    most = max<f32>(most, sum);
    store<f32>(at, sum);
  }
  toShares(scores, end, most);
}

/** The sum of the values by their shares. */
function weigh(values: u32, rowBytes: u32, position: u32, to: u32): void {
  const scores = header(SCORES);
  const end = scores + ((position + 1) << 2);
  const toEnd = to + (header(HEAD_WIDTH) << 2);
  for (; to < toEnd; to += 16, values += 16) {
    let sum0: f32 = 0;
    let sum1: f32 = 0;
    let sum2: f32 = 0;
    let sum3: f32 = 0;
    let value = values;
    for (let at = scores; at < end; at += 4, value += rowBytes) {
      const share = load<f32>(at);
      sum0 += share * load<f32>(value);
      sum1 += share * load<f32>(value, 4);
      sum2 += share * load<f32>(value, 8);
      sum3 += share * load<f32>(value, 12);
    }
    store<f32>(to, sum0);
    store<f32>(to, sum1, 4);
    store<f32>(to, sum2, 8);
    store<f32>(to, sum3, 12);
  }
}

function feedForward(table: u32): void {
  const normed = header(NORMED);
  const gate = header(GATE);
  const up = header(UP);
  normalise(header(STATE), load<u32>(table, 20), normed);
  prepare(load<u32>(table, 24), normed);
  multiply(load<u32>(table, 24), normed, gate);
  multiply(load<u32>(table, 28), normed, up);
  const bytes = header(HIDDEN) << 2;
  for (let at: u32 = 0; at < bytes; at += 4) {
    const x = load<f32>(gate + at);
    const silu = <f32>(<f64>x / (1 + expShort(min<f64>(-<f64>x, 700))));
    store<f32>(gate + at, silu * load<f32>(up + at));
  }
  addProduct(load<u32>(table, 32), gate, normed);
}

/** Adds a product to the state; `room` is a vector to work in. */
function addProduct(matrix: u32, vector: u32, room: u32): void {
  prepare(matrix, vector);
  multiply(matrix, vector, room);
  const state = header(STATE);
  const bytes = header(WIDTH) << 2;
  for (let at: u32 = 0; at < bytes; at += 4)
    store<f32>(state + at, load<f32>(state + at) + load<f32>(room + at));
}

function normalise(vector: u32, weights: u32, to: u32): void {
  const width = header(WIDTH);
  const end = vector + (width << 2);
  let sum: f64 = 0;
  for (let at = vector; at < end; at += 4) {
    const x = <f64>load<f32>(at);
    sum += x * x;
  }
  const scale = <f32>(1 / sqrt<f64>(sum / <f64>width + <f64>load<f32>(HEADER + EPSILON)));
  for (; vector < end; vector += 4, weights += 4, to += 4)
    store<f32>(to, load<f32>(vector) * scale * load<f32>(weights));
}
