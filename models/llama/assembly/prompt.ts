// docs/models.md#llama-templates: the tokens of a request's messages.
import {
  OPERATION_CONTENT,
  OPERATION_END,
  OPERATION_TEXT,
  OPERATION_TOKEN,
  OPERATION_TRIMMED,
  TEMPLATE,
  TEMPLATE_ANSWER,
  TEMPLATE_ASSISTANT,
  TEMPLATE_BEGIN,
  TEMPLATE_FIRST_USER,
  TEMPLATE_SYSTEM,
  TEMPLATE_USER,
} from "./layout";
import { Buffer } from "../../assembly/buffer";
import { field, firstItem, isText, isWord, nextItem, readText } from "../../assembly/json";
import { header } from "./header";
import { addToken, beginTokens, tokenize } from "./tokenize";

export const PROMPT_FITS: i32 = 0;
export const PROMPT_BAD_MESSAGE: i32 = 1;
export const PROMPT_BAD_ROLE: i32 = 2;
export const PROMPT_BAD_ORDER: i32 = 3;
export const PROMPT_IMAGE: i32 = 4;
const MAX_MESSAGES: i32 = 256;

const SYSTEM: i32 = 1;
const USER: i32 = 2;
const ASSISTANT: i32 = 3;

/** Text between two special tokens, which is cut into tokens at once. */
const stretch = new Buffer();
const content = new Buffer();

/** Makes the tokens of the messages, and of the beginning of the answer. */
export function makePrompt(messages: u32): i32 {
  beginTokens();
  stretch.clear();
  apply(TEMPLATE_BEGIN);
  let count = 0;
  let hasUser = false;
  let last = 0;
  for (let message = firstItem(messages); message != 0; message = nextItem(message), count++) {
    const role = roleOf(field(message, "role"));
    if (role == 0) return PROMPT_BAD_ROLE;
    if ((role == SYSTEM && count > 0) || (role == ASSISTANT && last != USER)) return PROMPT_BAD_ORDER;
    const problem = readContent(field(message, "content"));
    if (problem != PROMPT_FITS) return problem;
    if (role == SYSTEM) apply(TEMPLATE_SYSTEM);
    else if (role == ASSISTANT) apply(TEMPLATE_ASSISTANT);
    else {
      apply(hasUser ? TEMPLATE_USER : TEMPLATE_FIRST_USER);
      hasUser = true;
    }
    last = role;
  }
  if (count == 0 || count > MAX_MESSAGES) return PROMPT_BAD_MESSAGE;
  if (last != USER) return PROMPT_BAD_ORDER;
  apply(TEMPLATE_ANSWER);
  endStretch();
  return PROMPT_FITS;
}

function roleOf(at: u32): i32 {
  if (isWord(at, "system") || isWord(at, "developer")) return SYSTEM;
  if (isWord(at, "user")) return USER;
  return isWord(at, "assistant") ? ASSISTANT : 0;
}

/** A text, or the texts of parts. */
function readContent(at: u32): i32 {
  content.clear();
  if (isText(at)) {
    readText(at, content);
    return PROMPT_FITS;
  }
  const first = firstItem(at);
  if (first == 0) return PROMPT_BAD_MESSAGE;
  for (let part = first; part != 0; part = nextItem(part)) {
    if (isWord(field(part, "type"), "image_url")) return PROMPT_IMAGE;
    const text = field(part, "text");
    if (!isWord(field(part, "type"), "text") || !isText(text)) return PROMPT_BAD_MESSAGE;
    readText(text, content);
  }
  return PROMPT_FITS;
}

function apply(part: i32): void {
  let at = load<u32>(header(TEMPLATE) + part);
  while (true) {
    const operation = load<u8>(at);
    if (operation == OPERATION_END) return;
    if (operation == OPERATION_CONTENT) stretch.bytes(content.at, content.length);
    if (operation == OPERATION_TRIMMED) addTrimmed();
    if (operation == OPERATION_CONTENT || operation == OPERATION_TRIMMED) {
      at += 1;
      continue;
    }
    const value = load<u32>(at, 1);
    at += 5;
    if (operation == OPERATION_TOKEN) {
      endStretch();
      addToken(value);
    } else if (operation == OPERATION_TEXT) {
      stretch.bytes(at, value);
      at += value;
    }
  }
}

function addTrimmed(): void {
  let at = content.at;
  let end = at + content.length;
  while (at < end && isBlank(load<u8>(at))) at++;
  while (at < end && isBlank(load<u8>(end - 1))) end--;
  stretch.bytes(at, end - at);
}

function isBlank(byte: u32): bool {
  return byte == 0x20 || (byte >= 9 && byte <= 13);
}

function endStretch(): void {
  tokenize(stretch.at, stretch.at + stretch.length);
  stretch.clear();
}
