// docs/edge.md#openai: any endpoint that speaks OpenAI's chat completions (Ollama, vLLM, llama.cpp, hosted ones).
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { MizuError } from '../../protocol/errors.ts';
import type { OpenAiConfig } from '../config.ts';
import type { Verdict } from '../schema/check.ts';
import { createSchemaChecker } from '../schema/checker.ts';
import type { Backend, BackendSet, ChatRequest, Completion, RejectedAnswer, Usage } from './backend.ts';
import { createLimiter } from './limiter.ts';
import { PostAbort, type PostAnswer, post } from './post.ts';

const SCHEMA_ATTEMPTS = 3;
const MAX_RETRY_AFTER_SECONDS = 120;
const CHARS_PER_TOKEN = 4;
/** What is passed on of a request: a row cannot ask for a hundred choices. */
const FIELDS = ['messages', 'response_format', 'max_tokens', 'temperature', 'top_p', 'seed', 'stop'] as const;
/** The endpoint may be well again soon. */
const RETRYABLE_STATUS = new Set([408, 409, 425, 429]);
/** This worker is set up wrong; another one may not be. */
const OWN_FAULT_STATUS = new Set([401, 402, 403, 404, 405]);

type Failure = { readonly error: MizuError; readonly again: boolean; readonly retryAfterMs: number };

/** One pool and one budget for all models of the endpoint. */
export function createOpenAiBackends(config: OpenAiConfig, env: NodeJS.ProcessEnv = process.env): BackendSet {
  const base = new URL(config.baseUrl);
  const path = `${base.pathname.replace(/\/$/, '')}/chat/completions`;
  const timeoutMs = config.timeoutSeconds * 1000;
  const pool = new Pool(base.origin, {
    connections: config.connections,
    pipelining: config.pipelining,
    connect: { timeout: Math.min(10_000, timeoutMs) },
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
  });
  const limiter = createLimiter({
    requestsPerMinute: config.requestsPerMinute,
    tokensPerMinute: config.tokensPerMinute,
    now: Date.now,
  });
  const checker = createSchemaChecker({ threads: 1 });
  const key = config.apiKeyEnv === undefined ? config.apiKey : (env[config.apiKeyEnv] ?? config.apiKey);
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  // What an endpoint says of a failure becomes part of a result, which is public.
  const withoutKey = (answer: PostAnswer): PostAnswer =>
    key === undefined || key === '' ? answer : { ...answer, text: answer.text.replaceAll(key, '(the key)') };
  // Tokens that a character costs, and that an answer has: learnt from what comes back.
  const learnt = { tokensPerChar: 1 / CHARS_PER_TOKEN, answerTokens: 256 };

  const ask = async (body: string, signal: AbortSignal): Promise<Completion> => {
    try {
      const limits = { timeoutMs, limitBytes: config.maxAnswerBytes, signal };
      const answer = withoutKey(await post(pool, { path, headers, body }, limits));
      if (answer.status !== 200) throw statusFailure(answer);
      return parseCompletion(answer.text, body);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw isFailure(error) ? error : postFailure(error, config);
    }
  };

  const complete = async (model: string, request: ChatRequest, signal: AbortSignal): Promise<Completion> => {
    const body = encodeBody(model, request);
    let violations = 0;
    for (let attempt = 1; ; attempt++) {
      const answer = Math.min(request.max_tokens ?? Number.POSITIVE_INFINITY, learnt.answerTokens);
      const estimate = Math.ceil(body.length * learnt.tokensPerChar + answer);
      await limiter.acquire(estimate, signal);
      try {
        const completion = await ask(body, signal);
        const { promptTokens, completionTokens } = completion.usage;
        limiter.correct(estimate, promptTokens + completionTokens);
        learnt.tokensPerChar += (promptTokens / body.length - learnt.tokensPerChar) / 16;
        learnt.answerTokens += (completionTokens - learnt.answerTokens) / 16;
        const item = { format: request.response_format, content: completion.content };
        const [verdict] = await checker.check(model, [item]);
        if (verdict === undefined) return completion;
        violations += 1;
        const isLast = violations >= SCHEMA_ATTEMPTS || attempt >= config.attempts;
        if (isLast || verdict.kind === 'unusable') throw schemaViolated(verdict, completion);
      } catch (error) {
        if (!isFailure(error)) throw error;
        if (error.retryAfterMs > 0) limiter.pause(error.retryAfterMs);
        if (!error.again || attempt >= config.attempts) throw error.error;
        const backoffMs = Math.min(config.lastBackoffMs, config.firstBackoffMs * 2 ** (attempt - 1));
        await delay(backoffMs * (0.5 + Math.random() / 2), undefined, { signal });
      }
    }
  };

  return {
    backends: Object.entries(config.models).map(
      ([name, model]): Backend => ({ name, complete: (request, signal) => complete(model, request, signal) }),
    ),
    close: async () => {
      await checker.close();
      await pool.destroy();
    },
  };
}

function encodeBody(model: string, request: ChatRequest): string {
  const given = request as Record<string, unknown>;
  const passed = FIELDS.filter((field) => given[field] !== undefined).map((field) => [field, given[field]]);
  return JSON.stringify({ model, ...Object.fromEntries(passed) });
}

function parseCompletion(text: string, body: string): Completion {
  let answer: {
    choices?: { message?: { content?: unknown; refusal?: unknown }; finish_reason?: unknown }[];
    usage?: Record<string, unknown>;
  };
  try {
    answer = JSON.parse(text);
  } catch {
    throw fail(
      true,
      'edge/bad-answer',
      'The endpoint does not answer with JSON.',
      'a chat completion',
      text.slice(0, 200),
    );
  }
  const choice = answer?.choices?.[0];
  const content = choice?.message?.content;
  if (typeof choice?.message?.refusal === 'string') {
    throw fail(
      false,
      'edge/model-refused',
      'The model refuses to answer.',
      'content',
      choice.message.refusal.slice(0, 500),
    );
  }
  if (typeof content !== 'string') {
    throw fail(true, 'edge/bad-answer', 'The answer has no content.', 'choices[0].message.content', text.slice(0, 200));
  }
  const usage = {
    promptTokens: tokensOr(answer.usage?.prompt_tokens, body.length),
    completionTokens: tokensOr(answer.usage?.completion_tokens, content.length),
  };
  return { content, finishReason: typeof choice?.finish_reason === 'string' ? choice.finish_reason : 'stop', usage };
}

function tokensOr(tokens: unknown, chars: number): number {
  return Number.isSafeInteger(tokens) && (tokens as number) >= 0
    ? (tokens as number)
    : Math.ceil(chars / CHARS_PER_TOKEN);
}

function statusFailure({ status, headers, text }: PostAnswer): Failure {
  const again = RETRYABLE_STATUS.has(status) || status >= 500;
  const retryable = again || OWN_FAULT_STATUS.has(status);
  const actual = `${status} ${text.slice(0, 300)}`;
  const failure = fail(again, `edge/status-${status}`, 'The endpoint refuses.', 'status 200', actual, retryable);
  return { ...failure, retryAfterMs: parseRetryAfter(headers['retry-after']) };
}

// Seconds, or an HTTP date.
function parseRetryAfter(header: string | string[] | undefined): number {
  if (typeof header !== 'string') return 0;
  const seconds = /^\d+(\.\d+)?$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(MAX_RETRY_AFTER_SECONDS, Math.max(0, seconds)) * 1000 : 0;
}

function postFailure(error: unknown, { timeoutSeconds, maxAnswerBytes }: OpenAiConfig): Failure {
  const kind = error instanceof PostAbort ? error.kind : undefined;
  if (kind === 'too-large') {
    return fail(false, 'edge/answer-too-large', 'The answer is too large.', `at most ${maxAnswerBytes} bytes`, 'more');
  }
  const { code, message } = error as { code?: string; message?: string };
  const late = kind === 'timeout';
  const actual = late ? `no answer within ${timeoutSeconds} s` : [code, message].filter(Boolean).join(' ');
  return fail(true, late ? 'edge/timeout' : 'edge/unreachable', 'The endpoint does not answer.', 'an answer', actual);
}

function schemaViolated({ kind, reason }: Verdict, { content, usage }: { content: string; usage: Usage }): MizuError {
  const cause: RejectedAnswer = { raw: content, usage };
  const isUnfit = kind === 'unfit';
  return new MizuError({
    code: isUnfit ? 'edge/schema' : 'edge/unusable-schema',
    message: isUnfit
      ? `The content does not fit the schema: ${reason}`
      : `No content is checked by this schema: ${reason}`,
    expected: "the request's response_format",
    actual: content.slice(0, 200),
    cause,
  });
}

function fail(
  again: boolean,
  code: string,
  message: string,
  expected: string,
  actual: string,
  retryable = again,
): Failure {
  return { error: new MizuError({ code, message, expected, actual, retryable }), again, retryAfterMs: 0 };
}

function isFailure(error: unknown): error is Failure {
  return typeof error === 'object' && error !== null && 'again' in error && 'retryAfterMs' in error;
}
