// docs/models.md#head: how well a vector fits each class of WordNet: a linear function.
import { Buffer } from "../../assembly/buffer";
import { exp } from "../../assembly/math";
import { VECTOR_SIZE, dot } from "./encoder";

const CLASSES: u32 = 45;
const VECTOR_BYTES: u32 = VECTOR_SIZE * 4;

let weights: u32 = 0;
let scores: u32 = 0;

export function headBytes(): u32 {
  return CLASSES * (VECTOR_BYTES + 4);
}

/** Of each class its 512 weights; behind all of them what is added. */
export function placeHead(at: u32): void {
  weights = at;
  scores = u32(heap.alloc(CLASSES * 4));
}

export function scoreClasses(vector: u32, from: u32, end: u32): void {
  const added = weights + CLASSES * VECTOR_BYTES;
  for (let i: u32 = 0; i < CLASSES; i++)
    store<f32>(scores + 4 * i, dot(weights + i * VECTOR_BYTES, vector, VECTOR_SIZE) + load<f32>(added + 4 * i));
}

/** The place in the list of the class with the best score, of equal ones the first. */
export function bestClass(classes: Buffer): u32 {
  let best: u32 = 0;
  for (let i: u32 = 1; i < classes.length / 4; i++) if (scoreAt(classes, i) > scoreAt(classes, best)) best = i;
  return best;
}

/** The share that the class at this place has of the softmax over those of the list. */
export function classShare(classes: Buffer, place: u32): f32 {
  const most = scoreAt(classes, place);
  let sum: f64 = 0;
  for (let i: u32 = 0; i < classes.length / 4; i++) sum += exp(f64(scoreAt(classes, i) - most));
  return f32(1 / sum);
}

function scoreAt(classes: Buffer, place: u32): f32 {
  return load<f32>(scores + 4 * load<u32>(classes.at + 4 * place));
}
