// The tokenizer and the logits as functions of their own, for tests.
import { LOGITS, TOKENS } from "./layout";
import { findLogits, forward } from "./forward";
import { header } from "./header";
import { install } from "./main";
import { beginTokens, isTooLong, tokenCount, tokenize } from "./tokenize";

export { install, isTooLong, tokenCount };

export function allocate(bytes: u32): u32 {
  return <u32>heap.alloc(bytes);
}

/** The tokens of a text go to the address that `tokensAt` tells. */
export function tokenizeText(at: u32, length: u32): void {
  beginTokens();
  tokenize(at, at + length);
}

export function tokensAt(): u32 {
  return header(TOKENS);
}

/** The logits behind the token at the position go to the address that is returned. */
export function logitsAfter(token: u32, position: u32): u32 {
  forward(token, position);
  findLogits();
  return header(LOGITS);
}
