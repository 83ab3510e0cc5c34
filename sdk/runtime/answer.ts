// docs/rows.md#answers: what a row's result says, before the operator's own schema and parser see it.
import { describeEnd, takeApart } from '../../protocol/answer.ts';
import { numberLoss } from '../input/json-number.ts';
import type { LlmOperator, Said } from '../workflow/operator.ts';

const MAX_RAW = 400;
const SPACE = 32;
const LESS = 60;
const FENCE = 96;
const DELETE = 127;
// A local name: to look one up in the global object costs QuickJS as much as a call.
const { parse } = JSON;

/** A row's result as the gateway wrote it. */
export type Result = {
  readonly content?: string;
  readonly finish_reason?: string;
  readonly reasoning?: string;
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number };
  readonly error?: { readonly code: string; readonly message: string; readonly raw?: string };
};

export type OpenedAnswer =
  | {
      /** JSON that is not checked yet, or the text. */
      readonly value: unknown;
      readonly said: Said;
      /** What the model said, for the reason of a reject. */
      readonly raw: string;
    }
  | { readonly reason: string };

/** The parser of an operator that names none: what is said besides is not put together for it. */
export const asItIs = (answer: unknown): unknown => answer;

const NOTHING_SAID: Said = Object.freeze({
  content: '',
  finishReason: 'stop',
  usage: Object.freeze({ promptTokens: 0, completionTokens: 0 }),
  reasoning: null,
});

export function openResult(
  operator: Pick<LlmOperator, 'output' | 'strict' | 'onTruncated'> & Partial<Pick<LlmOperator, 'parse' | 'simulate'>>,
  result: Result,
): OpenedAnswer {
  const { who, what, quote } = wordsOf(operator);
  if (result.error !== undefined) {
    const { code, message, raw } = result.error;
    return { reason: `${who} gave no ${what}: ${code}: ${message}${quote(raw)}` };
  }
  const { content = '', finish_reason: finishReason = 'stop' } = result;
  const json = operator.output !== null;
  const end = finishReason === 'stop' ? undefined : describeEnd(finishReason);
  if (end !== undefined && operator.onTruncated === 'reject')
    return { reason: `the ${what} is not whole: ${end}${quote(content)}` };
  const apart = isBare(content) ? undefined : takeApart(content, { json, strict: operator.strict });
  const text = apart === undefined ? content : apart.text;
  const said = operator.parse === asItIs ? NOTHING_SAID : sayWith(result, content, finishReason, apart?.reasoning);
  if (!json) {
    // A program that has written nothing has said so by its exit code; a model has not answered.
    const isNone = operator.simulate == null && text.trim() === '';
    return isNone ? { reason: `the ${what} is empty` } : { value: text, said, raw: content };
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return { reason: `the ${what} is not JSON${end === undefined ? '' : ` (${end})`}${quote(content)}` };
  }
  const loss = lossOf(text, what);
  return loss === undefined ? { value, said, raw: content } : { reason: `${loss}${quote(content)}` };
}

/** The first number of a JSON text that a row cannot hold as it is written: docs/sdk.md#json-numbers. */
function lossOf(json: string, what: string): string | undefined {
  // Nearly all answers have none that could be one.
  if (!/\d{16}|\d[eE]/.test(json)) return undefined;
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[\d.eE+-]+/g)) {
    const loss = token.startsWith('"') || !/\d/.test(token) ? undefined : numberLoss(token);
    if (loss !== undefined)
      return `the number ${token.slice(0, 40)} of the ${what} cannot be kept, ${loss}: ask for it as a string`;
  }
  return undefined;
}

function sayWith(result: Result, content: string, finishReason: string, reasoning: string | undefined): Said {
  return Object.freeze({
    content,
    finishReason,
    usage: Object.freeze({
      promptTokens: result.usage?.prompt_tokens ?? 0,
      completionTokens: result.usage?.completion_tokens ?? 0,
    }),
    reasoning: result.reasoning ?? reasoning ?? null,
  });
}

/** Such as most answers are: it begins and ends with what is neither white space nor of a thought or a fence, so `takeApart` leaves it. */
export function isBare(content: string): boolean {
  const first = content.charCodeAt(0);
  const last = content.charCodeAt(content.length - 1);
  return first > SPACE && first < DELETE && first !== LESS && first !== FENCE && last > SPACE && last < DELETE;
}

/** How reasons call who answers, and what. `quote` repeats what came. */
export type AnswerWords = {
  readonly who: string;
  readonly what: 'answer' | 'output';
  readonly quote: (raw: string | undefined) => string;
};

const OF_MODEL: AnswerWords = { who: 'the model', what: 'answer', quote: quoteAs('the model said') };
const OF_SIMULATOR: AnswerWords = { who: 'the simulator', what: 'output', quote: quoteAs('the program wrote') };

export function wordsOf({ simulate = null }: Partial<Pick<LlmOperator, 'simulate'>>): AnswerWords {
  return simulate === null ? OF_MODEL : OF_SIMULATOR;
}

function quoteAs(saying: string): AnswerWords['quote'] {
  return (raw) => (raw === undefined || raw === '' ? '' : `; ${saying}: ${raw.slice(0, MAX_RAW)}`);
}
