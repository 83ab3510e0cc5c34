// docs/models.md#use-lite: the program, and what its builder calls before its image is taken.
import { beginPieces, tokenize } from "../../assembly/unigram";
import { answerAll } from "../../assembly/results";
import { answer, reserveAnswer, vectorAt } from "./answer";
import { embedText, reserveEmbed, tokensAt } from "./embed";
import { MAX_TOKENS, placeWeights, weightBytes } from "./encoder";
import { headBytes, placeHead } from "./head";

export { addForm, addPiece } from "../../assembly/unigram";
export { addName } from "./classes";

const STAGE_BYTES: u32 = 1 << 16;
const ALIGNMENT: u32 = 128;

let weights: u32 = 0;
let length: u32 = 0;

export function _start(): void {
  answerAll(answer);
}

/** Takes memory for the weights of the encoder, whose matrices may be bytes, and, behind them, of the head. @returns where they go */
export function begin(bytes: bool): u32 {
  length = weightBytes(bytes);
  weights = (u32(heap.alloc(length + headBytes() + ALIGNMENT)) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  return weights;
}

/** Bytes of the weights of the encoder. */
export function encoderBytes(): u32 {
  return length;
}

/** When the weights are there. @returns where the texts of pieces, forms and names go; the builder clears it at its end */
export function prepare(): u32 {
  placeWeights(weights);
  placeHead(weights + length);
  reserveEmbed();
  reserveAnswer();
  beginPieces();
  return u32(heap.alloc(STAGE_BYTES));
}

/** @returns how many tokens a text has, which stand at `tokensAt` */
export function tokenizeText(at: u32, bytes: u32): u32 {
  return tokenize(at, at + bytes, tokensAt(), MAX_TOKENS);
}

/** The vector of a text goes to `vectorAt`. */
export function vectorOf(at: u32, bytes: u32): void {
  embedText(at, at + bytes, vectorAt());
}

export { tokensAt, vectorAt };
