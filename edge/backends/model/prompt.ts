// docs/edge.md#builtin: where the built-in model finds the text in a request.
import { utf8Length } from '../../../protocol/text.ts';
import type { ChatRequest } from '../backend.ts';
import { textOfContent } from '../messages.ts';

/** What stands in `<text>…</text>` of the last user message; else what follows its first blank line; else all of it. */
export function findText(request: ChatRequest): string {
  const users = request.messages.filter((message) => message.role === 'user');
  const content = textOfContent((users.at(-1) ?? request.messages.at(-1))?.content ?? '');
  const open = content.indexOf('<text>');
  const close = content.lastIndexOf('</text>');
  if (open >= 0 && close > open) return content.slice(open + 6, close).trim();
  const blank = content.match(/\r?\n[ \t]*\r?\n/);
  const rest = blank === null ? '' : content.slice(blank.index! + blank[0].length).trim();
  return rest === '' ? content.trim() : rest;
}

/** One token for every four bytes of UTF-8, rounded up: a rule that needs no table. */
export function countTokens(text: string): number {
  return Math.ceil(utf8Length(text) / 4);
}

/** The texts of all messages, and of the schema, which is part of the prompt. */
export function countPromptTokens(request: ChatRequest): number {
  const schema = request.response_format?.json_schema?.schema;
  const texts = request.messages.reduce((sum, message) => sum + 4 + countTokens(textOfContent(message.content)), 0);
  return texts + (schema === undefined ? 0 : countTokens(JSON.stringify(schema)));
}
