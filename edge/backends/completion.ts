// docs/edge.md#openai: reads a chat completion: content, why it ended, what it cost, and why there is no content if
// there is none.
import { describeEnd } from '../../protocol/answer.ts';
import type { Completion, Usage } from './backend.ts';
import { type CallFailure, statusFailure, unreadable, unusableAnswer } from './failure.ts';
import type { PostAnswer } from './post.ts';

type Message = {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly tool_calls?: unknown;
  readonly function_call?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
};

type Answer = {
  readonly error?: unknown;
  readonly choices?: readonly {
    readonly message?: Message;
    readonly finish_reason?: unknown;
    readonly error?: unknown;
  }[];
  readonly usage?: Record<string, unknown>;
};

/** The estimate where the endpoint does not count tokens. */
export const CHARS_PER_TOKEN = 4;
const MAX_FINISH_REASON = 40;
/** Words of other servers, and OpenAI's word for each. */
const FINISH_REASONS: ReadonlyMap<string, string> = new Map([
  ['eos', 'stop'],
  ['eos_token', 'stop'],
  ['stop_sequence', 'stop'],
  ['end_turn', 'stop'],
  ['max_tokens', 'length'],
  ['max_length', 'length'],
  ['model_length', 'length'],
]);

/**
 * `promptTokens` is an estimate, for a server that does not count them.
 * @throws CallFailure if the answer cannot be used
 */
export function parseCompletion(answer: Pick<PostAnswer, 'headers' | 'text'>, promptTokens: number): Completion {
  const body = parse(answer);
  const choice = body?.choices?.[0];
  const error = body?.error ?? choice?.error;
  if (error !== undefined && error !== null) throw hiddenFailure(answer, error);
  const message = choice?.message;
  if (typeof message !== 'object' || message === null) throw unreadable(answer);
  const content = textOf(message.content);
  const reasoning = textOf(message.reasoning_content) ?? textOf(message.reasoning);
  const tools = Array.isArray(message.tool_calls) ? message.tool_calls.length : Number(message.function_call != null);
  const told = finishReasonOf(choice?.finish_reason);
  // Some servers say `stop` all the same, but a model that calls a tool waits for the tool's result.
  const finishReason = tools > 0 && told === 'stop' ? 'tool_calls' : told;
  const said = content ?? reasoning ?? '';
  const usage: Usage = {
    promptTokens: tokensOr(body?.usage?.prompt_tokens, promptTokens),
    completionTokens: tokensOr(body?.usage?.completion_tokens, Math.ceil(said.length / CHARS_PER_TOKEN)),
  };
  const refusal = textOf(message.refusal);
  if (refusal !== undefined && refusal !== '') {
    const failure = {
      code: 'edge/model-refused',
      message: 'The model refuses to answer.',
      actual: refusal.slice(0, 500),
    } as const;
    throw unusableAnswer(failure, { raw: refusal, usage }, 'never');
  }
  if (content === undefined || (content === '' && tools > 0))
    throw noContent(message.content, tools, finishReason, reasoning, usage);
  return { content, finishReason, usage, ...(reasoning === undefined || reasoning === '' ? {} : { reasoning }) };
}

function parse(answer: Pick<PostAnswer, 'headers' | 'text'>): Answer | null {
  try {
    // A byte order mark before the JSON is no part of it.
    return JSON.parse(answer.text.replace(/^\ufeff/, '')) as Answer | null;
  } catch {
    throw unreadable(answer);
  }
}

// OpenRouter and similar servers answer 200 and put the provider's status into the body.
function hiddenFailure(answer: Pick<PostAnswer, 'headers' | 'text'>, error: unknown): CallFailure {
  const code = typeof error === 'object' && error !== null ? Number((error as { code?: unknown }).code) : Number.NaN;
  const status = Number.isInteger(code) && code >= 400 && code <= 599 ? code : 502;
  return statusFailure({ headers: answer.headers, text: JSON.stringify({ error }) }, status);
}

// Content is a text, or a list of parts of which those of the type `text` are read.
function textOf(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.flatMap((part: { type?: unknown; text?: unknown } | null) =>
    (part?.type === 'text' || part?.type === 'output_text') && typeof part.text === 'string' ? [part.text] : [],
  );
  return texts.length === 0 ? undefined : texts.join('');
}

function finishReasonOf(given: unknown): string {
  if (typeof given !== 'string' || given === '') return 'stop';
  // Servers write the word in capitals or in small letters.
  const told = given.slice(0, MAX_FINISH_REASON).toLowerCase();
  return FINISH_REASONS.get(told) ?? told;
}

function noContent(
  content: unknown,
  tools: number,
  finishReason: string,
  reasoning: string | undefined,
  usage: Usage,
): CallFailure {
  const found = [
    describeEnd(finishReason) ?? 'finish_reason stop',
    content === undefined || content === null || content === '' ? '' : `content that is no text: ${kindOf(content)}`,
    tools === 0 ? '' : `${tools} tool ${tools === 1 ? 'call' : 'calls'} instead`,
    reasoning === undefined || reasoning === ''
      ? ''
      : `${reasoning.length} characters of reasoning, no answer after them`,
  ];
  const failure = {
    code: finishReason === 'length' ? 'edge/truncated' : 'edge/no-content',
    message: 'The answer has no content.',
    actual: found.filter(Boolean).join('; '),
  } as const;
  return unusableAnswer(failure, { raw: '', usage }, finishReason === 'stop' && tools === 0 ? 'otherwise' : 'never');
}

function tokensOr(tokens: unknown, estimate: number): number {
  return Number.isSafeInteger(tokens) && (tokens as number) >= 0 ? (tokens as number) : estimate;
}

function kindOf(content: unknown): string {
  if (!Array.isArray(content)) return `a JSON ${typeof content}`;
  const types = content.map((part: { type?: unknown } | null) => String(part?.type ?? 'unknown').slice(0, 20));
  return types.length === 0 ? 'no part' : `parts of the type ${[...new Set(types)].slice(0, 3).join(', ')}`;
}
