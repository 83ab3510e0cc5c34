// docs/models.md#use-lite: texts to vectors. A text's last tokens beyond 128 are not read.
import { Buffer } from "../../assembly/buffer";
import { tokenize } from "../../assembly/unigram";
import { MAX_TOKENS, VECTOR_SIZE, encode } from "./encoder";

export const VECTOR_BYTES: u32 = VECTOR_SIZE * 4;
/** A number of a vector in an answer is its coordinate times this, rounded. */
const SCALE: f64 = 65536;

let tokens: u32 = 0;

/** Takes its memory. */
export function reserveEmbed(): void {
  tokens = u32(heap.alloc(MAX_TOKENS * 4));
}

export function tokensAt(): u32 {
  return tokens;
}

/** The vector of a text goes to `to`. @returns the tokens of the text, at most 128 */
export function embedText(at: u32, end: u32, to: u32): u32 {
  const count = tokenize(at, end, tokens, MAX_TOKENS);
  encode(tokens, count, to);
  return count;
}

/** The list of whole numbers that a vector is in a row. */
export function writeVector(vector: u32, to: Buffer): void {
  to.byte(0x5b);
  for (let i: u32 = 0; i < VECTOR_SIZE; i++) {
    if (i > 0) to.byte(0x2c);
    to.integer(i64(nearest(f64(load<f32>(vector + 4 * i)) * SCALE)));
  }
  to.byte(0x5d);
}
