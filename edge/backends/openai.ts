// docs/edge.md#openai: any endpoint that speaks OpenAI's chat completions (Ollama, vLLM, llama.cpp, hosted ones).
import { describeEnd } from '../../protocol/answer.ts';
import type { OpenAiConfig } from '../config.ts';
import type { SchemaVerdict } from '../schema/check.ts';
import { createSchemaChecker } from '../schema/checker.ts';
import { unwrap } from '../schema/wrapper.ts';
import { createAsking, type ModelCalls } from './asking.ts';
import { type Backend, type BackendSet, type ChatRequest, type Completion, openContent, wantsJson } from './backend.ts';
import type { ModelCall } from './call.ts';
import { CHARS_PER_TOKEN, parseCompletion } from './completion.ts';
import { createEndpoint } from './endpoint.ts';
import { type CallFailure, unusableAnswer } from './failure.ts';
import { createLimiter } from './limiter.ts';
import { createRefusals } from './refusals.ts';

/** One pool and one limiter for all models of the endpoint. */
export function createOpenAiBackends(config: OpenAiConfig, env: NodeJS.ProcessEnv = process.env): BackendSet {
  const endpoint = createEndpoint(config, env);
  const { caller } = endpoint;
  const limiter = createLimiter({
    requestsPerMinute: config.requestsPerMinute,
    tokensPerMinute: config.tokensPerMinute,
    now: Date.now,
  });
  const checker = createSchemaChecker({ threads: 1 });
  const askUntilAnswered = createAsking({ ...config, limiter, refusals: createRefusals(Date.now) });
  // Tokens of a character and of an answer; both are learnt from the answers.
  const learnt = { tokensPerChar: 1 / CHARS_PER_TOKEN, answerTokens: 256 };

  const ask = async ({ body, chars, imageTokens }: ModelCall, signal: AbortSignal): Promise<Completion> => {
    const answer = await endpoint.send(body, signal);
    return parseCompletion(answer, Math.ceil(chars / CHARS_PER_TOKEN) + imageTokens);
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

  const callerOf = (model: string): ModelCalls<ModelCall> => ({
    encode: (request) => caller.encode(model, request),
    call: askWithin,
    check: (call, request, given) => check(model, request, call.wrapped, given),
  });

  return {
    backends: Object.entries(config.models).map(([name, model]): Backend => {
      const of = callerOf(model);
      return { name, complete: (request, signal) => askUntilAnswered(name, of, request, signal) };
    }),
    close: async () => {
      await checker.close();
      await endpoint.close();
    },
  };
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
