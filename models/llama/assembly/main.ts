// docs/models.md#llama-engine: a request object in, a result object out (docs/rows.md#requests).
import { Buffer } from "../../assembly/buffer";
import { endOf, field } from "../../assembly/json";
import { answerAll, writeCounted, writeFailure } from "../../assembly/results";
import { CONTEXT, END } from "./layout";
import { copyText } from "./answer";
import { beginConstraint, reserveConstraint, schemaProblem } from "./constraint";
import { answer, answerTokens, dropsFirstSpace, ENDED_LENGTH, ENDED_NOWHERE, generate } from "./generate";
import { header } from "./header";
import { isNumber, numberOf } from "./numbers";
import { makePrompt, PROMPT_BAD_MESSAGE, PROMPT_BAD_ORDER, PROMPT_BAD_ROLE, PROMPT_FITS, PROMPT_IMAGE } from "./prompt";
import { seedSampling } from "./sample";
import { isTooLong, tokenCount } from "./tokenize";

/** For the buffers that grow while requests are answered: so the memory itself seldom grows. */
const SPARE_PAGES: i32 = 64;
const MAX_TEMPERATURE: f64 = 100;

const text = new Buffer();

/** Called once, when the image is made: what lies below END is the image's. */
export function install(): void {
  const at = <u32>heap.alloc(16);
  heap.alloc(header(END) - at);
  reserveConstraint();
  memory.grow(SPARE_PAGES);
}

export function _start(): void {
  answerAll(answerRequest);
}

function answerRequest(request: u32): void {
  const problem = makePrompt(field(request, "messages"));
  if (problem != PROMPT_FITS) return writeFailure(problem == PROMPT_IMAGE ? "edge/no-images" : "edge/bad-request", messageOf(problem));
  if (isTooLong() || tokenCount() >= header(CONTEXT))
    return writeFailure("edge/bad-request", "The prompt has no room in the model's context.");
  if (!beginConstraint(field(request, "response_format"), dropsFirstSpace()))
    return writeFailure("edge/unusable-schema", schemaProblem());
  seedSampling(request, endOf(request), field(request, "seed"));
  const heat = field(request, "temperature");
  const promptTokens = tokenCount();
  const ended = generate(maxTokensOf(request), isNumber(heat) ? min<f64>(numberOf(heat), MAX_TEMPERATURE) : 0);
  if (ended == ENDED_NOWHERE)
    return writeFailure("edge/schema", "The model has no token with which the answer could go on as its schema wants it.");
  text.clear();
  copyText(answer.at, answer.at + answer.length, text);
  writeCounted(text, promptTokens, answerTokens, ended == ENDED_LENGTH);
}

function maxTokensOf(request: u32): u32 {
  const context = header(CONTEXT);
  const most = field(request, "max_tokens");
  return isNumber(most) ? <u32>max<f64>(1, min<f64>(numberOf(most), <f64>context)) : context;
}

function messageOf(problem: i32): string {
  if (problem == PROMPT_BAD_ROLE) return "A message has another role than system, user and assistant.";
  if (problem == PROMPT_BAD_ORDER)
    return "The messages are no conversation: a system message comes first, an assistant's follows a user's, and the last is a user's.";
  if (problem == PROMPT_BAD_MESSAGE)
    return "The row is not a chat request: it needs 1 to 256 messages with a role and a content.";
  return "This model reads no images.";
}
