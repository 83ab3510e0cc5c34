// docs/edge.md#openai: the connection to one endpoint that speaks OpenAI's chat completions.
import { Pool } from 'undici';
import type { OpenAiConfig } from '../config.ts';
import { createModelCaller, type ModelCaller } from './call.ts';
import { CallFailure, postFailure, statusFailure, unreadable } from './failure.ts';
import { type PostAnswer, post } from './post.ts';

export type Endpoint = {
  readonly caller: ModelCaller;
  /** @throws CallFailure if there is no answer in UTF-8 with a status from 200 to 299; or the signal's reason */
  send(body: string, signal: AbortSignal): Promise<PostAnswer>;
  close(): Promise<void>;
};

const MAX_CONNECT_MS = 10_000;

export function createEndpoint(config: OpenAiConfig, env: NodeJS.ProcessEnv): Endpoint {
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
  const caller = createModelCaller(config, env);
  return {
    caller,
    async send(body, signal) {
      try {
        const limits = { timeoutMs, limitBytes: config.maxAnswerBytes, signal };
        const answer = caller.hideSecrets(await post(pool, { path, headers: caller.headers, body }, limits));
        if (answer.status < 200 || answer.status > 299) throw statusFailure(answer, answer.status);
        if (!answer.isUtf8) throw unreadable(answer, 'UTF-8');
        return answer;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw error instanceof CallFailure ? error : postFailure(error, config);
      }
    },
    close: () => pool.destroy(),
  };
}
