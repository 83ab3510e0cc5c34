// docs/edge.md#backends: what a worker needs from whatever answers a request.
import { MizuError } from '../../protocol/errors.ts';

/** A request in the shape of OpenAI's chat completions, without `model` (docs/rows.md#requests). */
export type ChatRequest = {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly response_format?: ResponseFormat;
  readonly max_tokens?: number;
  readonly temperature?: number;
  readonly seed?: number;
};

export type ResponseFormat = {
  readonly type: string;
  readonly json_schema?: { readonly name?: string; readonly strict?: boolean; readonly schema?: JsonSchema };
};

export type JsonSchema = { readonly [keyword: string]: unknown };

export type Usage = { readonly promptTokens: number; readonly completionTokens: number };

export type Completion = { readonly content: string; readonly finishReason: string; readonly usage: Usage };

/** One model under the name that the network knows. */
export type Backend = {
  readonly name: string;
  /** @throws MizuError; `retryable` says that another worker may succeed. With `cause: {raw, usage}` if there was an answer. */
  complete(request: ChatRequest, signal: AbortSignal): Promise<Completion>;
};

export type BackendSet = { readonly backends: readonly Backend[]; close(): Promise<void> };

/** What an answer that was refused has cost, and its text. */
export type RejectedAnswer = { readonly raw: string; readonly usage: Usage };

const MAX_MESSAGES = 256;

/** @throws MizuError `edge/bad-request` */
export function parseChatRequest(value: unknown): ChatRequest {
  const request = value as Partial<ChatRequest> | null;
  const messages = request?.messages;
  const good =
    typeof request === 'object' &&
    Array.isArray(messages) &&
    messages.length > 0 &&
    messages.length <= MAX_MESSAGES &&
    messages.every((message) => typeof message?.role === 'string' && typeof message.content === 'string');
  if (!good) {
    throw new MizuError({
      code: 'edge/bad-request',
      message: 'The row is not a chat request.',
      expected: `{"messages": [1 to ${MAX_MESSAGES} of {"role": string, "content": string}], …}`,
      actual: String(JSON.stringify(value)).slice(0, 200),
      hint: 'See docs/rows.md#requests.',
    });
  }
  return request as ChatRequest;
}
