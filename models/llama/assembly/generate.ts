// docs/models.md#llama-engine: the answer to a prompt.
import { CACHED, CONTEXT, SPACE_PREFIX, TOKENIZER, TOKENIZER_PIECES, TOKENS } from "./layout";
import { Buffer } from "../../assembly/buffer";
import { accept, isConstrained, isEnded } from "./constraint";
import { findLogits, forward } from "./forward";
import { header } from "./header";
import { chooseBest, chooseByChance } from "./sample";
import { isStop } from "./stops";
import { addToken, pieceEnd, pieceStart, tokenCount } from "./tokenize";

export const ENDED_STOP: i32 = 0;
export const ENDED_LENGTH: i32 = 1;
/** No token goes on as the schema wants it. */
export const ENDED_NOWHERE: i32 = 2;
const SPACE: u8 = 0x20;

/** Bytes of the last answer; they need not be UTF-8. */
export const answer = new Buffer();
/** Tokens of the last answer, the one that ended it among them. */
export let answerTokens: u32 = 0;

/** Tokens whose keys and values are in the cache. */
let cached: u32 = 0;

/** Answers the prompt that stands in TOKENS. It leaves room for a token. */
export function generate(maxTokens: u32, temperature: f64): i32 {
  answer.clear();
  answerTokens = 0;
  readPrompt();
  while (true) {
    if (isConstrained() && isEnded()) return ENDED_STOP;
    if (answerTokens == maxTokens || tokenCount() == header(CONTEXT)) return ENDED_LENGTH;
    findLogits();
    const token = temperature > 0 ? chooseByChance(temperature) : chooseBest();
    if (token < 0) return ENDED_NOWHERE;
    answerTokens++;
    if (isStop(token)) return ENDED_STOP;
    if (isConstrained()) accept(token);
    addPiece(token);
    addToken(token);
    if (answerTokens < maxTokens) put(tokenCount() - 1);
  }
}

/** What the cache already has of the prompt stays: the last token goes forward in any case, for its logits. */
function readPrompt(): void {
  const tokens = header(TOKENS);
  const known = header(CACHED);
  const last = tokenCount() - 1;
  let same: u32 = 0;
  while (same < cached && same < last && load<u32>(tokens + (same << 2)) == load<u32>(known + (same << 2))) same++;
  cached = same;
  for (let position = same; position <= last; position++) put(position);
}

function put(position: u32): void {
  const token = load<u32>(header(TOKENS) + (position << 2));
  forward(token, position);
  store<u32>(header(CACHED) + (position << 2), token);
  cached = position + 1;
}

/** SentencePiece writes a space before the first word. */
function addPiece(token: u32): void {
  let start = pieceStart(token);
  if (answer.length == 0 && dropsFirstSpace() && start < pieceEnd(token) && load<u8>(start) == SPACE) start++;
  answer.bytes(start, pieceEnd(token) - start);
}

export function dropsFirstSpace(): bool {
  return header(TOKENIZER) == TOKENIZER_PIECES && header(SPACE_PREFIX) != 0;
}
