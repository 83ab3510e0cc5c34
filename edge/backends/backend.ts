// docs/edge.md#backends: what a worker needs from whatever answers a request.
import { type TakenApart, takeApart } from '../../protocol/answer.ts';
import { MizuError } from '../../protocol/errors.ts';
import { findMessageProblem, MAX_MESSAGES, type RequestMessage } from './messages.ts';
import type { Simulation } from './simulate-request.ts';

/** A request in the shape of OpenAI's chat completions, without `model` (docs/rows.md#requests). */
export type ChatRequest = {
  readonly messages: readonly RequestMessage[];
  readonly response_format?: ResponseFormat;
  readonly max_tokens?: number;
  readonly temperature?: number;
  readonly seed?: number;
  readonly reasoning_effort?: string;
  /** What the network does with the answer; no endpoint sees it. */
  readonly mizu?: AnswerRules;
};

/** docs/rows.md#answer-rules */
export type AnswerRules = {
  /**
   * Which of several answers to one question is asked for, from 1 on; the first answer has no such field. It makes the
   * requests of a row differ.
   */
  readonly answer?: number;
  /** Nothing is taken off the content before it is checked. */
  readonly strict?: boolean;
  /** How often a content that does not fit is asked for again with the reason in the prompt. */
  readonly repair?: number;
  /** Whether the result holds what the model thought. */
  readonly keepReasoning?: boolean;
  /** Of a request to a simulator, the program that answers: docs/rows.md#simulations. */
  readonly simulate?: Simulation;
};

export type ResponseFormat = {
  readonly type: string;
  readonly json_schema?: { readonly name?: string; readonly strict?: boolean; readonly schema?: JsonSchema };
};

export type JsonSchema = { readonly [keyword: string]: unknown };

export type Usage = { readonly promptTokens: number; readonly completionTokens: number };

export type Completion = {
  readonly content: string;
  /** `stop`, `length`, `content_filter`, `tool_calls`, or what else the endpoint says. */
  readonly finishReason: string;
  readonly usage: Usage;
  /** What the endpoint tells, beside the content, of how the model came to it. */
  readonly reasoning?: string;
};

/** One model under the name that the network knows. */
export type Backend = {
  readonly name: string;
  /**
   * @throws MizuError whose `retryable` says whether another worker may succeed; its cause is `{raw, usage}` if there
   * was an answer
   */
  complete(request: ChatRequest, signal: AbortSignal): Promise<Completion>;
};

export type BackendSet = { readonly backends: readonly Backend[]; close(): Promise<void> };

/** What an answer that was refused has cost, and its text. */
export type RejectedAnswer = { readonly raw: string; readonly usage: Usage };

/** The most repairs of a row, beside its first call. */
export const MAX_REPAIRS = 2;

/** @throws MizuError `edge/bad-request` if the value is not a chat request */
export function parseChatRequest(value: unknown): ChatRequest {
  const request = value as Partial<ChatRequest> | null;
  const problem = findMessageProblem(request?.messages);
  if (problem !== undefined) {
    throw new MizuError({
      code: 'edge/bad-request',
      message: 'The row is not a chat request.',
      expected: `{"messages": [1 to ${MAX_MESSAGES} of {"role": string, "content": string or parts}], …}`,
      actual: `${problem}: ${String(JSON.stringify(value)).slice(0, 200)}`,
      hint: 'See docs/rows.md#requests.',
    });
  }
  return request as ChatRequest;
}

/** Never throws: a rule that a request does not state correctly counts as not stated. */
export function answerRulesOf(
  request: ChatRequest | null | undefined,
): Required<Omit<AnswerRules, 'answer' | 'simulate'>> {
  const { strict, repair, keepReasoning }: AnswerRules = request?.mizu ?? {};
  const repairs =
    typeof repair === 'number' && Number.isInteger(repair) ? Math.min(MAX_REPAIRS, Math.max(0, repair)) : 0;
  return { strict: strict === true, repair: repairs, keepReasoning: keepReasoning === true };
}

/** Whether the content must be JSON. */
export function wantsJson(format: ResponseFormat | null | undefined): boolean {
  return format !== undefined && format !== null && format.type !== 'text';
}

/** The part of a content that is checked and used: docs/rows.md#answers. */
export function openContent(request: ChatRequest | null | undefined, content: string): TakenApart {
  return takeApart(content, { json: wantsJson(request?.response_format), strict: answerRulesOf(request).strict });
}
