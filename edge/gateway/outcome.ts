// docs/edge.md#metering: judges a worker's answer to one row: it gives a final outcome, or the row is tried again.
import { describeEnd } from '../../protocol/answer.ts';
import { answerRulesOf, type ChatRequest, openContent } from '../backends/backend.ts';
import { findMessageProblem, MAX_IMAGE_TOKENS, measureImages } from '../backends/messages.ts';
import type { AnsweredRow } from '../frames.ts';
import { encodeResultLine, type RowResult } from '../rows.ts';
import type { SchemaVerdict } from '../schema/check.ts';
import type { ContentItem } from '../schema/checker.ts';
import type { RowOutcome } from './results.ts';

export type OutcomeRules = {
  readonly maxContentBytes: number;
  /** The bound of an answer, in tokens, for a request that has no `max_tokens` of its own. */
  readonly maxCompletionTokens: number;
};

export type RowRequest = {
  readonly place: number;
  readonly index: number;
  /** `[index,request]` as it stands in the request object. */
  readonly line: string;
  /** No further worker will be asked: a failure is the row's result. */
  readonly last: boolean;
};

// What a chat template may add to a prompt, on top of one token a byte.
const TEMPLATE_TOKENS = 1024;

export type RowAnswer = { readonly row: RowRequest; readonly request: ChatRequest; readonly answer: AnsweredRow[1] };

/** The request of a row's line, which is JSON (docs/rows.md#requests). */
export function requestOfLine(line: string): ChatRequest {
  return (JSON.parse(line) as [number, ChatRequest])[1];
}

/** The part of an answer that is checked by its request's schema. */
export function toContentItem({ request, answer }: RowAnswer, { maxContentBytes }: OutcomeRules): ContentItem {
  const isChecked = 'content' in answer && Buffer.byteLength(answer.content) <= maxContentBytes;
  if (!isChecked) return { format: undefined, content: '' };
  return { format: request?.response_format, content: openContent(request, answer.content).text };
}

/** Undefined if the row goes to another worker. */
export function judgeRow(
  { row, request, answer }: RowAnswer,
  verdict: SchemaVerdict | undefined,
  rules: OutcomeRules,
): RowOutcome | undefined {
  const { result, retryable } = judge(answer, request, verdict, rules);
  if (retryable && !row.last) return undefined;
  const metered = meter(result, request, row.line, rules);
  return {
    place: row.place,
    line: encodeResultLine(row.index, metered),
    inputTokens: metered.usage?.prompt_tokens ?? 0,
    outputTokens: metered.usage?.completion_tokens ?? 0,
  };
}

function judge(
  answer: AnsweredRow[1],
  request: ChatRequest,
  verdict: SchemaVerdict | undefined,
  { maxContentBytes }: OutcomeRules,
): { result: RowResult; retryable: boolean } {
  const { retryable = false, ...result } = answer;
  if ('error' in result) {
    const { raw, ...error } = result.error;
    const kept = raw === undefined || Buffer.byteLength(raw) > maxContentBytes ? error : result.error;
    return { result: { ...result, error: kept }, retryable };
  }
  const { content, usage, reasoning = '', ...rest } = result;
  if (Buffer.byteLength(content) > maxContentBytes) {
    const message = `the content has more than ${maxContentBytes} bytes`;
    return { result: { error: { code: 'edge/content-too-large', message }, usage }, retryable: false };
  }
  // A thought that nobody has asked for, or that does not fit beside the content, is not kept.
  const room = maxContentBytes - Buffer.byteLength(content);
  const isKept = reasoning !== '' && answerRulesOf(request).keepReasoning && Buffer.byteLength(reasoning) <= room;
  const kept = { ...rest, content, ...(isKept ? { reasoning } : {}), usage };
  if (verdict === undefined) return { result: kept, retryable: false };
  const isUnfit = verdict.kind === 'unfit';
  const end = isUnfit ? describeEnd(result.finish_reason) : undefined;
  if (end !== undefined) {
    const message = `the answer is not whole: ${end}`;
    return { result: { error: { code: 'edge/truncated', message, raw: content }, usage }, retryable: false };
  }
  const code = isUnfit ? 'edge/schema' : 'edge/unusable-schema';
  // Another worker's answer would not make the schema usable.
  return { result: { error: { code, message: verdict.reason, raw: content }, usage }, retryable: isUnfit };
}

// A worker cannot bill more tokens than the bytes that it was sent, nor more than it was allowed to answer. Each repair
// is one more call; its prompt also has the earlier answers and why they do not fit.
function meter(result: RowResult, request: ChatRequest, line: string, rules: OutcomeRules): RowResult {
  if (result.usage === undefined) return result;
  const given = request?.max_tokens ?? rules.maxCompletionTokens;
  const most = Number.isSafeInteger(given) && given > 0 ? given : 0;
  const { repair } = answerRulesOf(request);
  const calls = 1 + repair;
  const prompts =
    calls * (Buffer.byteLength(line) + TEMPLATE_TOKENS + imageTokens(request)) +
    ((calls * repair) / 2) * (most + TEMPLATE_TOKENS);
  const usage = {
    prompt_tokens: Math.min(result.usage.prompt_tokens, prompts),
    completion_tokens: Math.min(result.usage.completion_tokens, calls * most),
  };
  return { ...result, usage };
}

// A request comes from any program: if its messages are malformed, no image counts.
function imageTokens(request: ChatRequest): number {
  if (findMessageProblem(request?.messages) !== undefined) return 0;
  return MAX_IMAGE_TOKENS * measureImages(request.messages).images;
}
