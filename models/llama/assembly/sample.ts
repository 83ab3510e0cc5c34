// docs/models.md#llama-sampling: the next token, by the logits.
import { LOGITS, VOCABULARY } from "./layout";
import { exp } from "../../assembly/math";
import { allows, isConstrained } from "./constraint";
import { header } from "./header";
import { isNumber, numberOf } from "./numbers";

const GOLDEN: u64 = 0x9e3779b97f4a7c15;
/** Draws of tokens that are not allowed, before all tokens are tried. */
const TRIES: i32 = 8;
const NO_TOKEN: i32 = -1;
/** A token that is less likely by e to this power is never drawn: all of them together have less than a millionth of a millionth for each million tokens. */
const NEVER: f64 = -30;

let state: u64 = 0;

/** Chance depends on the request alone: on its seed, or else on all its bytes. `seed` is 0 if it has none. */
export function seedSampling(at: u32, end: u32, seed: u32): void {
  if (isNumber(seed)) {
    state = <u64>(<i64>numberOf(seed));
    return;
  }
  // FNV-1a of 64 bits.
  state = 0xcbf29ce484222325;
  for (; at < end; at++) state = (state ^ <u64>load<u8>(at)) * 0x100000001b3;
}

/** SplitMix64: a number from 0 to below 1. */
function draw(): f64 {
  state += GOLDEN;
  let mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  mixed ^= mixed >> 31;
  return <f64>(mixed >> 11) * 1.1102230246251565e-16;
}

/** The likeliest token that may come next, the first of equal ones; -1 if there is none. */
export function chooseBest(): i32 {
  const logits = header(LOGITS);
  const count = header(VOCABULARY);
  let best: f32 = -Infinity;
  let found = NO_TOKEN;
  if (!isConstrained()) return largest(logits, logits + (count << 2));
  for (let token: u32 = 0; token < count; token++) {
    const logit = load<f32>(logits + (token << 2));
    if (!(logit > best)) continue;
    if (!allows(token)) continue;
    best = logit;
    found = token;
  }
  return found;
}

function largest(logits: u32, end: u32): i32 {
  let best: f32 = -Infinity;
  let found: u32 = 0;
  let at = logits;
  // Most blocks of four have none that is larger.
  for (; at + 16 <= end; at += 16) {
    const first = max<f32>(load<f32>(at), load<f32>(at, 4));
    if (!(max<f32>(first, max<f32>(load<f32>(at, 8), load<f32>(at, 12))) > best)) continue;
    for (let one = at; one < at + 16; one += 4) {
      if (!(load<f32>(one) > best)) continue;
      best = load<f32>(one);
      found = one;
    }
  }
  for (; at < end; at += 4) {
    if (!(load<f32>(at) > best)) continue;
    best = load<f32>(at);
    found = at;
  }
  return found == 0 ? NO_TOKEN : <i32>((found - logits) >> 2);
}

/** A token by the probabilities at a temperature above 0, of those that may come next; -1 if there is none. */
export function chooseByChance(temperature: f64): i32 {
  const best = chooseBest();
  if (best == NO_TOKEN) return NO_TOKEN;
  let total = toWeights(temperature, load<f32>(header(LOGITS) + (best << 2)));
  if (!isConstrained()) return pick(draw() * total);
  // To take out what is not allowed, and to draw again, is to draw among what is allowed.
  for (let i = 0; i < TRIES; i++) {
    const token = pick(draw() * total);
    if (token == NO_TOKEN) break;
    if (allows(token)) return token;
    store<f32>(header(LOGITS) + (<u32>token << 2), 0);
    total = sum();
  }
  const logits = header(LOGITS);
  const count = header(VOCABULARY);
  for (let token: u32 = 0; token < count; token++) {
    const at = logits + (token << 2);
    if (load<f32>(at) != 0 && !allows(token)) store<f32>(at, 0);
  }
  return pick(draw() * sum());
}

/** Makes weights of the logits, of which `most` is the largest that is allowed. Returns their sum. */
function toWeights(temperature: f64, most: f32): f64 {
  const logits = header(LOGITS);
  const end = logits + (header(VOCABULARY) << 2);
  for (let at = logits; at < end; at += 4) {
    const exponent = <f64>(load<f32>(at) - most) / temperature;
    store<f32>(at, exponent < NEVER || exponent > 0 ? 0 : <f32>exp(exponent));
  }
  return sum();
}

function sum(): f64 {
  const logits = header(LOGITS);
  const end = logits + (header(VOCABULARY) << 2);
  let total: f64 = 0;
  for (let at: u32 = logits; at < end; at += 4) total += <f64>load<f32>(at);
  return total;
}

/** The token at a place in the sum of weights; the last that has a weight, where rounding leads behind it. */
function pick(place: f64): i32 {
  const logits = header(LOGITS);
  const count = header(VOCABULARY);
  let total: f64 = 0;
  let last = NO_TOKEN;
  for (let token: u32 = 0; token < count; token++) {
    const weight = <f64>load<f32>(logits + (token << 2));
    if (weight == 0) continue;
    last = token;
    total += weight;
    if (total > place) return token;
  }
  return last;
}
