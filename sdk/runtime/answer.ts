// docs/rows.md#answers: what a row's result says, before the step's own schema and parser see it.
import { describeEnd, takeApart } from '../../protocol/answer.ts';
import type { LlmStep, Said } from '../workflow/step.ts';

const MAX_RAW = 400;

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
      /** For the reason of a reject. */
      readonly quote: string;
    }
  | { readonly reason: string };

export function openResult(step: Pick<LlmStep, 'output' | 'strict' | 'onTruncated'>, result: Result): OpenedAnswer {
  if (result.error !== undefined) {
    const { code, message, raw } = result.error;
    return { reason: `the model gave no answer: ${code}: ${message}${quoteOf(raw)}` };
  }
  const { content = '', finish_reason: finishReason = 'stop' } = result;
  const json = step.output !== null;
  const quote = quoteOf(content);
  const end = describeEnd(finishReason);
  if (end !== undefined && step.onTruncated === 'reject') return { reason: `the answer is not whole: ${end}${quote}` };
  const { text, reasoning } = takeApart(content, { json, strict: step.strict });
  const said = Object.freeze({
    content,
    finishReason,
    usage: Object.freeze({
      promptTokens: result.usage?.prompt_tokens ?? 0,
      completionTokens: result.usage?.completion_tokens ?? 0,
    }),
    reasoning: result.reasoning ?? reasoning ?? null,
  });
  if (!json) return text.trim() === '' ? { reason: 'the answer is empty' } : { value: text, said, quote };
  try {
    return { value: JSON.parse(text), said, quote };
  } catch {
    return { reason: `the answer is not JSON${end === undefined ? '' : ` (${end})`}${quote}` };
  }
}

function quoteOf(raw: string | undefined): string {
  return raw === undefined || raw === '' ? '' : `; the model said: ${raw.slice(0, MAX_RAW)}`;
}
