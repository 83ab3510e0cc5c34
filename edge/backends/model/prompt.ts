// docs/edge.md#builtin: where the built-in model finds the text in a request.
import type { ChatRequest } from '../backend.ts';
import { textOfContent } from '../messages.ts';

// Compiled in QuickJS too, where a loop over the characters takes as much as all else.
const encoder = new TextEncoder();

/** What stands in `<text>…</text>` of the last user message; else what follows its first blank line; else all of it. */
export function findText(request: ChatRequest): string {
  const users = request.messages.filter((message) => message.role === 'user');
  const content = textOfContent((users.at(-1) ?? request.messages.at(-1))?.content ?? '');
  const open = content.indexOf('<text>');
  const close = content.lastIndexOf('</text>');
  if (open >= 0 && close > open) return content.slice(open + 6, close).trim();
  const rest = behindBlankLine(content).trim();
  return rest === '' ? content.trim() : rest;
}

// By indexOf, as a regular expression looks at each character, which is dear in QuickJS.
function behindBlankLine(content: string): string {
  for (let end = content.indexOf('\n'); end >= 0; end = content.indexOf('\n', end + 1)) {
    let at = end + 1;
    while (content[at] === ' ' || content[at] === '\t') at++;
    if (content[at] === '\r') at++;
    if (content[at] === '\n') return content.slice(at + 1);
  }
  return '';
}

/** One token for every four bytes of UTF-8, rounded up: a rule that needs no table. */
export function countTokens(text: string): number {
  return Math.ceil(encoder.encode(text).length / 4);
}

/** The texts of all messages, and of the schema, which is part of the prompt. */
export function countPromptTokens(request: ChatRequest): number {
  const schema = request.response_format?.json_schema?.schema;
  const texts = request.messages.reduce((sum, message) => sum + 4 + countTokens(textOfContent(message.content)), 0);
  return texts + (schema === undefined ? 0 : countTokens(JSON.stringify(schema)));
}
