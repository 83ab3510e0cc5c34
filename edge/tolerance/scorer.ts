// docs/court.md#scorer: what a model behind an OpenAI-compatible endpoint gives to the tokens of an answer, by vLLM's
// `prompt_logprobs`.
import { setTimeout as delay } from 'node:timers/promises';
import type { ChatRequest } from '../backends/backend.ts';
import { createEndpoint } from '../backends/endpoint.ts';
import { CallFailure, unreadable } from '../backends/failure.ts';
import { createLimiter } from '../backends/limiter.ts';
import type { PostAnswer } from '../backends/post.ts';
import type { OpenAiConfig } from '../config.ts';
import { type AnswerScore, leastGapOfOthers } from './distance.ts';

/** Scores answers with one model, under the name that the network knows. */
export type Scorer = {
  readonly name: string;
  /** @throws MizuError why the endpoint cannot tell; or the signal's reason */
  score(request: ChatRequest, content: string, signal: AbortSignal): Promise<AnswerScore>;
};

export type ScorerSet = { readonly scorers: readonly Scorer[]; close(): Promise<void> };

type TokenLogprob = { readonly logprob?: unknown };
/** By the token's id: the token of the prompt, and the likeliest one if that is another. Of the first token: nothing. */
type Position = Readonly<Record<string, TokenLogprob>> | null;
type Scored = {
  readonly positions: readonly Position[];
  /** How the model goes on: the log-probability of its likeliest token, and whether that is the end. */
  readonly next: { readonly logprob: number; readonly isEnd: boolean };
};

/** A second token is never the end's: some servers look whether there may be more before they look for the end. */
const NEXT_TOKENS = 2;
const CHARS_PER_TOKEN = 4;

/** One pool and one limiter for all models of the endpoint. */
export function createOpenAiScorers(config: OpenAiConfig, env: NodeJS.ProcessEnv = process.env): ScorerSet {
  const endpoint = createEndpoint(config, env);
  const { requestsPerMinute, tokensPerMinute } = config;
  const limiter = createLimiter({ requestsPerMinute, tokensPerMinute, now: Date.now });
  const limitField = config.maxTokensField === 'none' ? 'max_tokens' : config.maxTokensField;

  async function ask(model: string, fields: object, signal: AbortSignal): Promise<Scored> {
    const asked = { logprobs: true, top_logprobs: 1, prompt_logprobs: 1, temperature: 0, [limitField]: NEXT_TOKENS };
    const body = JSON.stringify({ ...config.extraBody, model, ...fields, ...asked });
    for (let attempt = 1; ; attempt++) {
      try {
        await limiter.acquire(Math.ceil(body.length / CHARS_PER_TOKEN), signal);
        return read(await endpoint.send(body, signal));
      } catch (error) {
        if (!(error instanceof CallFailure)) throw error;
        if (error.again !== 'later' || attempt >= config.attempts) throw error.error;
        const backoffMs = Math.min(config.lastBackoffMs, config.firstBackoffMs * 2 ** (attempt - 1));
        await delay(Math.max(backoffMs, error.retryAfterMs), undefined, { signal });
      }
    }
  }

  return {
    scorers: Object.entries(config.models).map(([name, model]) => ({
      name,
      async score({ messages }, content, signal) {
        const answer = { role: 'assistant', content };
        const whole = { messages: [...messages, answer], add_generation_prompt: false, continue_final_message: true };
        const prompt = await ask(model, { messages }, signal);
        const answered = await ask(model, whole, signal);
        return toScore(prompt, answered);
      },
    })),
    close: () => endpoint.close(),
  };
}

/** The answer's tokens are those behind the prompt's. */
function toScore(prompt: Scored, answered: Scored): AnswerScore {
  const start = prompt.positions.length;
  for (const [i, position] of prompt.positions.entries()) {
    // What an answer begins with may be one token with what the prompt ends with.
    if (i >= start - 1 || position === null) continue;
    const other = answered.positions[i];
    const isSame = Object.keys(position).some((id) => other?.[id] !== undefined);
    if (!isSame) throw unlike(`another token at place ${i} of the prompt`);
  }
  const gaps = answered.positions.slice(start).map((position, i) => {
    if (position === null) throw unlike(`no log-probability at place ${start + i}`);
    return gapOf(position);
  });
  const { logprob, isEnd } = answered.next;
  return { gaps, endGap: isEnd ? 0 : leastGapOfOthers(logprob) };
}

/** Of the likeliest token and the prompt's: they are one if there is one. */
function gapOf(position: NonNullable<Position>): number {
  const logprobs = Object.values(position).map(({ logprob }) => Number(logprob));
  return Math.max(...logprobs) - Math.min(...logprobs);
}

type Body = {
  readonly prompt_logprobs?: unknown;
  readonly usage?: { readonly completion_tokens?: unknown };
  readonly choices?: readonly {
    readonly finish_reason?: unknown;
    readonly logprobs?: { readonly content?: readonly { readonly logprob?: unknown }[] | null } | null;
  }[];
};

function read(answer: PostAnswer): Scored {
  const body = parse(answer);
  const positions = body?.prompt_logprobs;
  const choice = body?.choices?.[0];
  if (!Array.isArray(positions) || !positions.every(isPosition)) throw unreadable(answer, 'prompt_logprobs');
  const isEnd = choice?.finish_reason === 'stop' && Number(body?.usage?.completion_tokens) < NEXT_TOKENS;
  const logprob = choice?.logprobs?.content?.[0]?.logprob;
  if (!isEnd && typeof logprob !== 'number') throw unreadable(answer, 'choices[0].logprobs.content');
  return { positions, next: { logprob: Number(logprob ?? 0), isEnd } };
}

function parse(answer: PostAnswer): Body | null {
  try {
    return JSON.parse(answer.text) as Body | null;
  } catch {
    throw unreadable(answer);
  }
}

function isPosition(value: unknown): value is Position {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  const logprobs = Object.values(value as Record<string, TokenLogprob | null>);
  return logprobs.length > 0 && logprobs.every((one) => Number.isFinite(one?.logprob));
}

function unlike(actual: string) {
  return unreadable({ headers: {}, text: actual }, 'the tokens of the prompt, then those of the answer').error;
}
