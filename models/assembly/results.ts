// docs/rows.md#requests: a model's program: it reads the request object, has each request answered, and writes the result object.
import { Buffer } from "./buffer";
import { exit, outputWrite } from "./host";
import { checkJson, endOf, field, integerOf, isText, isWord, quoteText, skipSpace } from "./json";
import { lineAt, lineEnd, nextLine, openLines } from "./lines";

const INPUT: i32 = 1;
const LEAF_BYTES: u32 = 128;
const COMMA: u32 = 0x2c;
/** What is behind it gets an error, for which there is room in an output of 64 MiB. */
const MAX_ANSWERS_BYTES: u32 = 40 << 20;
const BYTES_PER_TOKEN: u32 = 4;
const NO_LIMIT: i32 = -1;

let lines = new Buffer();
let inputTokens: i64 = 0;
let outputTokens: i64 = 0;
let before: u32 = 0;
let limit: i32 = NO_LIMIT;

/** The request has been checked to be JSON. It calls `writeAnswer` or `writeFailure`, once. */
export type Answer = (request: u32) => void;

/** What is no request object ends the run with exit code 1. */
export function answerAll(answer: Answer): void {
  openLines(INPUT);
  const header = new Buffer();
  if (!nextLine() || !checkJson(lineAt, lineEnd)) return exit(1);
  const count = integerOf(field(lineAt, "count"), -1);
  const model = field(lineAt, "model");
  if (!isWord(field(lineAt, "mizu"), "requests") || count < 0 || !isText(model)) return exit(1);
  header.text('{"mizu":"results","count":');
  header.integer(count);
  header.text(',"model":');
  header.bytes(model, endOf(model) - model);
  let done = 0;
  for (; nextLine(); done++) answerLine(answer);
  if (done != count) return exit(1);
  header.text(',"inputTokens":');
  header.integer(inputTokens);
  header.text(',"outputTokens":');
  header.integer(outputTokens);
  header.byte(0x7d);
  while (header.length % LEAF_BYTES != LEAF_BYTES - 1) header.byte(0x20);
  header.byte(0x0a);
  outputWrite(header.at, header.length);
  outputWrite(lines.at, lines.length);
}

// `[index,request]`
function answerLine(answer: Answer): void {
  let comma = lineAt;
  while (comma < lineEnd && load<u8>(comma) != COMMA) comma++;
  const isPair = lineEnd - comma >= 2 && load<u8>(lineAt) == 0x5b && load<u8>(lineEnd - 1) == 0x5d;
  if (!isPair || integerOfSpan(lineAt + 1, comma) < 0) return exit(1);
  lines.bytes(lineAt, comma + 1 - lineAt);
  before = lines.length;
  if (before > MAX_ANSWERS_BYTES) writeFailure("edge/result-too-large", "The answers of a task have at most 40 MiB.");
  else if (!checkJson(comma + 1, lineEnd - 1)) writeFailure("edge/bad-request", "The request is no JSON.");
  else {
    const request = skipSpace(comma + 1);
    limit = integerOf(field(request, "max_tokens"), NO_LIMIT);
    answer(request);
  }
  lines.byte(0x5d);
  lines.byte(0x0a);
}

function integerOfSpan(at: u32, end: u32): i64 {
  if (at == end || end - at > 15) return -1;
  let number: i64 = 0;
  for (; at < end; at++) {
    const digit = u32(load<u8>(at)) - 0x30;
    if (digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** Cut to `max_tokens`, at four bytes a token. */
export function writeAnswer(content: Buffer, promptTokens: u32): void {
  const whole = (content.length + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
  const isCut = limit != NO_LIMIT && whole > u32(limit);
  let length = content.length;
  if (isCut) {
    length = u32(limit) * BYTES_PER_TOKEN;
    while (length > 0 && (load<u8>(content.at + length) & 0xc0) == 0x80) length--;
  }
  content.length = length;
  writeCounted(content, promptTokens, isCut ? u32(limit) : whole, isCut);
}

/** With the tokens that the model itself has counted. `isCut`: it has not ended by itself. */
export function writeCounted(content: Buffer, promptTokens: u32, tokens: u32, isCut: bool): void {
  lines.text('{"content":"');
  quoteText(content.at, content.at + content.length, lines);
  lines.text(isCut ? '","finish_reason":"length","usage":{"completion_tokens":' : '","finish_reason":"stop","usage":{"completion_tokens":');
  lines.integer(tokens);
  lines.text(',"prompt_tokens":');
  lines.integer(promptTokens);
  lines.text("}}");
  inputTokens += promptTokens;
  outputTokens += tokens;
}

/** Neither has anything that JSON must escape. */
export function writeFailure(code: string, message: string): void {
  lines.length = before;
  lines.text('{"error":{"code":"');
  lines.text(code);
  lines.text('","message":"');
  lines.text(message);
  lines.text('"}}');
}
