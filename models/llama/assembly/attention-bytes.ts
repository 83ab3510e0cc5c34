// docs/models.md#kernels: attention by `dot_i8`: keys, queries and values as signed bytes, each row of a head with a unit, and
// the shares of positions as two bytes each.
import { dotI8 } from "../../assembly/host";
import { header } from "./header";
import {
  CONTEXT,
  HEADS,
  HEAD_QUANTS,
  HEAD_WIDTH,
  KEYS,
  KEY_HEADS,
  KEY_ROW,
  KEY_SCALES,
  SCORES,
  SHARES_HIGH,
  SHARES_LOW,
  VALUES,
  VALUE_ROW,
  VALUE_SCALES,
  VALUE_STRIDE,
} from "./layout";
import { toShares } from "./shares";

const MOST: f32 = 127;
/** 127 times 256 and 127: the largest share. */
const MOST_SHARE: f32 = 32639;

/** Puts the rows of keys and values of a position into the cache. */
export function keepBytes(layer: u32, position: u32): void {
  const width = header(HEAD_WIDTH);
  const context = header(CONTEXT);
  const stride = header(VALUE_STRIDE);
  const keyHeads = header(KEY_HEADS);
  let key = header(KEY_ROW);
  let value = header(VALUE_ROW);
  for (let head = layer * keyHeads; head < (layer + 1) * keyHeads; head++, key += width << 2, value += width << 2) {
    const place = head * context + position;
    store<f32>(header(KEY_SCALES) + (place << 2), round(key, width, header(KEYS) + place * width, 1));
    // The values of a dimension lie side by side, position by position.
    const to = header(VALUES) + head * width * stride + position;
    store<f32>(header(VALUE_SCALES) + (place << 2), round(value, width, to, stride));
  }
}

/** The values that the heads of `query` attend to, weighed. */
export function attendBytes(layer: u32, position: u32, query: u32, to: u32): void {
  const width = header(HEAD_WIDTH);
  const heads = header(HEADS);
  const keyHeads = header(KEY_HEADS);
  const shared = heads / keyHeads;
  for (let head: u32 = 0; head < heads; head++, query += width << 2, to += width << 2) {
    const place = layer * keyHeads + head / shared;
    score(place, position, query);
    weigh(place, position, to);
  }
}

function score(place: u32, position: u32, query: u32): void {
  const width = header(HEAD_WIDTH);
  const quants = header(HEAD_QUANTS);
  const unit = round(query, width, quants, 1) / sqrt<f32>(<f32>width);
  const scores = header(SCORES);
  const end = scores + ((position + 1) << 2);
  const first = place * header(CONTEXT);
  let key = header(KEYS) + first * width;
  let scale = header(KEY_SCALES) + (first << 2);
  let most: f32 = -Infinity;
  for (let at = scores; at < end; at += 4, scale += 4, key += width) {
    const sum = <f32>dotI8(0, quants, key, width) * (load<f32>(scale) * unit);
    most = max<f32>(most, sum);
    store<f32>(at, sum);
  }
  toShares(scores, end, most);
}

function weigh(place: u32, position: u32, to: u32): void {
  const count = position + 1;
  const scores = header(SCORES);
  const high = header(SHARES_HIGH);
  const low = header(SHARES_LOW);
  const scales = header(VALUE_SCALES) + ((place * header(CONTEXT)) << 2);
  let most: f32 = 0;
  for (let at: u32 = 0; at < count << 2; at += 4) {
    const share = load<f32>(scores + at) * load<f32>(scales + at);
    most = max<f32>(most, share);
    store<f32>(scores + at, share);
  }
  const factor: f32 = most == 0 ? 0 : MOST_SHARE / most;
  for (let i: u32 = 0; i < count; i++) {
    const share = <i32>nearest<f32>(load<f32>(scores + (i << 2)) * factor);
    store<i8>(high + i, (share + 128) >> 8);
    store<i8>(low + i, share);
  }
  const unit = most / MOST_SHARE;
  const stride = header(VALUE_STRIDE);
  const width = header(HEAD_WIDTH);
  let values = header(VALUES) + place * width * stride;
  for (const end = to + (width << 2); to < end; to += 4, values += stride) {
    const sum = <f32>dotI8(0, high, values, count) * 256 + <f32>dotI8(0, low, values, count);
    store<f32>(to, sum * unit);
  }
}

/** Rounds to 127 steps to each side of zero, a byte every `step` bytes. @returns the unit */
function round(from: u32, count: u32, to: u32, step: u32): f32 {
  const end = from + (count << 2);
  let most: f32 = 0;
  for (let at = from; at < end; at += 4) most = max<f32>(most, abs<f32>(load<f32>(at)));
  const factor: f32 = most == 0 ? 0 : MOST / most;
  for (; from < end; from += 4, to += step) store<i8>(to, <i32>nearest<f32>(load<f32>(from) * factor));
  return most / MOST;
}
