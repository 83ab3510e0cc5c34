// docs/rows.md#answers: takes a model's content apart. Workers, gateways and the SDK's programs use this one function,
// so that they agree on what is taken. The time is linear in the text.

export type TakenApart = {
  /** The part that is checked and handed on. */
  readonly text: string;
  /** What stood in leading `<think>` blocks, joined by line ends; undefined if there are none. */
  readonly reasoning: string | undefined;
};

export type AnswerForm = {
  /** The answer is JSON: white space, a byte-order mark and one code fence around it are no part of it. */
  readonly json: boolean;
  /** The content is left as it is. */
  readonly strict: boolean;
};

const OPEN = '<think>';
const CLOSE = '</think>';
const FENCE = '```';
const MAX_FENCE_LABEL = 32;

export function takeApart(content: string, { json, strict }: AnswerForm): TakenApart {
  if (strict) return { text: content, reasoning: undefined };
  const { text, reasoning } = withoutThoughts(content);
  return { text: json ? withoutFence(text.trim()) : text, reasoning };
}

/** Why an answer that has ended in this way cannot be used, and what to do; undefined if it has ended as it should. */
export function describeEnd(finishReason: string): string | undefined {
  switch (finishReason) {
    case 'stop':
      return undefined;
    case 'length':
      return 'finish_reason length: the model has used all of its maxTokens; raise them';
    case 'content_filter':
      return "finish_reason content_filter: the provider's filter has cut the answer";
    case 'tool_calls':
    case 'function_call':
      return `finish_reason ${finishReason}: the model calls a tool instead of answering`;
    default:
      return `finish_reason ${finishReason}`;
  }
}

// A block that is not closed stays: the answer was cut, or shows the tag as text.
function withoutThoughts(content: string): TakenApart {
  const thoughts: string[] = [];
  let at = 0;
  for (;;) {
    const begin = skipSpace(content, at);
    const end = content.startsWith(OPEN, begin) ? content.indexOf(CLOSE, begin) : -1;
    if (end < 0) break;
    thoughts.push(content.slice(begin + OPEN.length, end).trim());
    at = end + CLOSE.length;
  }
  if (thoughts.length === 0) return { text: content, reasoning: undefined };
  return { text: content.slice(skipSpace(content, at)), reasoning: thoughts.join('\n') };
}

// No line of JSON begins with a fence: a text in which another line does has more than one.
function withoutFence(text: string): string {
  const isFenced = text.length >= 2 * FENCE.length && text.startsWith(FENCE) && text.endsWith(FENCE);
  if (!isFenced) return text;
  const inner = text.slice(FENCE.length, -FENCE.length);
  if (inner.includes(`\n${FENCE}`) || inner.startsWith('`') || inner.endsWith('`')) return text;
  const label = /^[\w+.-]*/.exec(inner.slice(0, MAX_FENCE_LABEL + 1))?.[0] ?? '';
  const isLabel = label.length <= MAX_FENCE_LABEL && skipSpace(inner, label.length) > label.length;
  return (isLabel ? inner.slice(label.length) : inner).trim();
}

// White space is what `trim` takes for it: also a byte-order mark.
function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && (text[at] as string).trim() === '') at += 1;
  return at;
}
