// docs/edge.md#openai: any endpoint that speaks OpenAI's chat completions (Ollama, vLLM, llama.cpp, hosted ones).
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { describeEnd } from '../../protocol/answer.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { OpenAiConfig } from '../config.ts';
import type { SchemaVerdict } from '../schema/check.ts';
import { createSchemaChecker } from '../schema/checker.ts';
import { unwrap } from '../schema/wrapper.ts';
import {
  answerRulesOf,
  type Backend,
  type BackendSet,
  type ChatRequest,
  type Completion,
  openContent,
  type Usage,
  wantsJson,
} from './backend.ts';
import { createModelCaller, type ModelCall } from './call.ts';
import { CHARS_PER_TOKEN, parseCompletion } from './completion.ts';
import { CallFailure, statusFailure, unreadable, unusableAnswer } from './failure.ts';
import { createLimiter } from './limiter.ts';
import { PostAbort, post } from './post.ts';
import { createRefusals } from './refusals.ts';

const SCHEMA_ATTEMPTS = 3;
const MAX_CONNECT_MS = 10_000;
const MAX_REPAIR_CHARS = 16 * 1024;

/** One pool and one limiter for all models of the endpoint. */
export function createOpenAiBackends(config: OpenAiConfig, env: NodeJS.ProcessEnv = process.env): BackendSet {
  const base = new URL(config.baseUrl);
  const path = `${base.pathname.replace(/\/$/, '')}/chat/completions${base.search}`;
  const timeoutMs = config.timeoutSeconds * 1000;
  const pool = new Pool(base.origin, {
    connections: config.connections,
    pipelining: config.pipelining,
    connect: { timeout: Math.min(MAX_CONNECT_MS, timeoutMs) },
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
  const caller = createModelCaller(config, env);
  const refusals = createRefusals(Date.now);
  // Tokens of a character and of an answer; both are learnt from the answers.
  const learnt = { tokensPerChar: 1 / CHARS_PER_TOKEN, answerTokens: 256 };

  const ask = async ({ body, chars, imageTokens }: ModelCall, signal: AbortSignal): Promise<Completion> => {
    try {
      const limits = { timeoutMs, limitBytes: config.maxAnswerBytes, signal };
      const answer = caller.hideSecrets(await post(pool, { path, headers: caller.headers, body }, limits));
      if (answer.status < 200 || answer.status > 299) throw statusFailure(answer, answer.status);
      if (!answer.isUtf8) throw unreadable(answer, 'UTF-8');
      return parseCompletion(answer, Math.ceil(chars / CHARS_PER_TOKEN) + imageTokens);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof CallFailure ? error : postFailure(error, config);
    }
  };

  const askWithin = async (call: ModelCall, request: ChatRequest, signal: AbortSignal): Promise<Completion> => {
    const answer = Math.min(request.max_tokens ?? Number.POSITIVE_INFINITY, learnt.answerTokens);
    const estimate = Math.ceil(call.chars * learnt.tokensPerChar + call.imageTokens + answer);
    await limiter.acquire(estimate, signal);
    const completion = await ask(call, signal);
    const { promptTokens, completionTokens } = completion.usage;
    limiter.correct(estimate, promptTokens + completionTokens);
    // The tokens of images are not reported apart from the rest.
    if (call.imageTokens === 0) learnt.tokensPerChar += (promptTokens / call.chars - learnt.tokensPerChar) / 16;
    learnt.answerTokens += (completionTokens - learnt.answerTokens) / 16;
    return completion;
  };

  /** Returns the completion with the part of its content that is the answer, or throws why there is none. */
  const check = async (
    model: string,
    request: ChatRequest,
    wrapped: boolean,
    given: Completion,
  ): Promise<Completion> => {
    if (!wantsJson(request.response_format)) return given;
    const { text, reasoning = given.reasoning } = openContent(request, given.content);
    const content = wrapped ? unwrap(text) : text;
    const [verdict] = await checker.check(model, [{ format: request.response_format, content }]);
    if (verdict !== undefined) throw unfit(verdict, given);
    return { ...given, content, ...(reasoning === undefined ? {} : { reasoning }) };
  };

  const complete = async (
    name: string,
    model: string,
    request: ChatRequest,
    signal: AbortSignal,
  ): Promise<Completion> => {
    let { repair } = answerRulesOf(request);
    let asked = request;
    let call = caller.encode(model, asked);
    let spent: Usage = { promptTokens: 0, completionTokens: 0 };
    let misfits = 0;
    for (let attempt = 1; ; attempt++) {
      refusals.assertMayAsk(name, call.body);
      try {
        const given = await askWithin(call, asked, signal);
        const completion = await check(model, request, call.wrapped, { ...given, usage: add(spent, given.usage) });
        refusals.clear(name);
        return completion;
      } catch (error) {
        if (!(error instanceof CallFailure)) throw error;
        refusals.note(name, call.body, error);
        if (error.retryAfterMs > 0) limiter.pause(error.retryAfterMs);
        const said = error.again === 'never' ? undefined : misfitOf(error.error);
        if (error.again === 'otherwise') misfits += 1;
        if (said !== undefined && repair > 0) {
          repair -= 1;
          spent = said.usage;
          asked = withRepair(request, said.raw, error.error);
          call = caller.encode(model, asked);
          continue;
        }
        const isWorth =
          error.again === 'later' || (error.again === 'otherwise' && mayDiffer(request) && misfits < SCHEMA_ATTEMPTS);
        if (!isWorth || attempt >= config.attempts) throw error.error;
        if (error.again === 'otherwise') continue;
        const backoffMs = Math.min(config.lastBackoffMs, config.firstBackoffMs * 2 ** (attempt - 1));
        await delay(backoffMs * (0.5 + Math.random() / 2), undefined, { signal });
      }
    }
  };

  return {
    backends: Object.entries(config.models).map(
      ([name, model]): Backend => ({ name, complete: (request, signal) => complete(name, model, request, signal) }),
    ),
    close: async () => {
      await checker.close();
      await pool.destroy();
    },
  };
}

/** Whether the model may say something else when it is asked the same again. */
function mayDiffer({ temperature, seed }: ChatRequest): boolean {
  return temperature !== 0 && seed === undefined;
}

/** The text of an answer that does not fit its schema, and its usage. */
function misfitOf({ cause, code }: MizuError): { raw: string; usage: Usage } | undefined {
  return code === 'edge/schema' ? (cause as { raw: string; usage: Usage }) : undefined;
}

function withRepair(request: ChatRequest, raw: string, { message }: MizuError): ChatRequest {
  const wish = `That answer cannot be used. ${message.slice(0, 500)}\nAnswer again, with JSON that fits, and nothing else.`;
  const messages = [
    ...request.messages,
    { role: 'assistant', content: raw.slice(0, MAX_REPAIR_CHARS) },
    { role: 'user', content: wish },
  ];
  return { ...request, messages };
}

function unfit({ kind, reason }: SchemaVerdict, { content, finishReason, usage }: Completion): CallFailure {
  const rejected = { raw: content, usage };
  const actual = content.slice(0, 200);
  if (kind === 'unusable') {
    const message = `No content is checked by this schema: ${reason}`;
    return unusableAnswer({ code: 'edge/unusable-schema', message, actual }, rejected, 'never');
  }
  // A cut answer would be cut at the same place again, and a longer prompt leaves it no more room.
  const end = describeEnd(finishReason);
  if (end !== undefined)
    return unusableAnswer(
      { code: 'edge/truncated', message: `The answer is not whole: ${end}`, actual },
      rejected,
      'never',
    );
  return unusableAnswer(
    { code: 'edge/schema', message: `The content does not fit the schema: ${reason}`, actual },
    rejected,
    'otherwise',
  );
}

function postFailure(error: unknown, { timeoutSeconds, maxAnswerBytes }: OpenAiConfig): CallFailure {
  const kind = error instanceof PostAbort ? error.kind : undefined;
  if (kind === 'too-large') {
    const message = 'The answer is too large.';
    return new CallFailure({
      error: new MizuError({
        code: 'edge/answer-too-large',
        message,
        expected: `at most ${maxAnswerBytes} bytes`,
        actual: 'more',
      }),
    });
  }
  const { code, message } = error as { code?: string; message?: string };
  const late = kind === 'timeout';
  return new CallFailure({
    error: new MizuError({
      code: late ? 'edge/timeout' : 'edge/unreachable',
      message: 'The endpoint does not answer.',
      expected: 'an answer',
      actual: late ? `no answer within ${timeoutSeconds} s` : [code, message].filter(Boolean).join(' '),
      retryable: true,
    }),
    again: 'later',
  });
}

function add(a: Usage, b: Usage): Usage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
  };
}
