// docs/sdk.md#local: what answers for models in a dry run: the built-in model, or a server given with --backend.
import { join } from 'node:path';
import type { BackendSet } from '../edge/backends/backend.ts';
import { createBuiltinBackend } from '../edge/backends/builtin.ts';
import { SIMULATOR_MODEL } from '../edge/backends/simulate-request.ts';
import type { OpenAiConfig } from '../edge/config.ts';
import { isProvable } from '../models/name.ts';
import type { Description } from '../sdk/compile/describe-guest.ts';
import { modelAtEndpoint } from '../sdk/workflow/model-names.ts';
import type { BackendFlags } from './options.ts';

/** `backends` and, if some of them keep their answers, how many answers came from there. */
export type LocalBackends = BackendSet & {
  readonly counts?: () => { readonly kept: number; readonly asked: number };
  /** By the model's name, what besides the request decides on its answers. */
  readonly endpoints: Readonly<Record<string, unknown>>;
};

export const ANSWERS_FOLDER = join('.mizu', 'answers');

/**
 * With a URL, that OpenAI-compatible server answers for every other model, by the part of its name behind `endpoint/`;
 * its key is in OPENAI_API_KEY. With a file, the server is a worker's backend with the fields of that file. The
 * server's answers are kept, unless `cache` is false. @@ @throws MizuError `config/malformed`, and what reading the
 * file throws
 */
export async function localBackends(
  { operators }: Description,
  { backend, cache = true }: BackendFlags,
): Promise<LocalBackends> {
  const builtin = createBuiltinBackend();
  const names = new Set(operators.flatMap(({ model }) => (model === undefined || isProvable(model) ? [] : [model])));
  names.delete(builtin.name);
  names.delete(SIMULATOR_MODEL);
  if (backend === undefined || names.size === 0)
    return { backends: [builtin], endpoints: {}, close: async () => undefined };
  const { createOpenAiBackends } = await import('../edge/backends/openai.ts');
  const { openAiConfig } = await import('../edge/config.ts');
  const { parseConfig } = await import('../service/process/config.ts');
  const { readConfig } = await import('./config-file.ts');
  const given = /^https?:\/\//.test(backend) ? { baseUrl: backend } : ((await readConfig(backend)) as object);
  const models = Object.fromEntries([...names].map((name) => [name, modelAtEndpoint(name)]));
  const defaults = { kind: 'openai', apiKeyEnv: 'OPENAI_API_KEY', attempts: 3 };
  const { models: named = {}, ...rest } = given as { models?: Record<string, string> };
  const config = parseConfig('backend', openAiConfig, { ...defaults, ...rest, models: { ...models, ...named } });
  const server = createOpenAiBackends(config);
  const endpoints = Object.fromEntries(server.backends.map(({ name }) => [name, endpointOf(config, name)]));
  if (!cache) return { backends: [builtin, ...server.backends], endpoints, close: () => server.close() };
  const { createAnswerCache, withAnswerCache } = await import('../sdk/local/answer-cache.ts');
  const answers = createAnswerCache(ANSWERS_FOLDER, { onWarning: (text) => process.stderr.write(`${text}\n`) });
  const kept = server.backends.map((one) => withAnswerCache(one, answers, endpoints[one.name] as object));
  return {
    backends: [builtin, ...kept],
    endpoints,
    counts: answers.counts,
    close: async () => {
      await server.close();
      await answers.close();
    },
  };
}

// All fields that change what the endpoint is asked, and none of its keys and headers: who asks does not change the
// question.
function endpointOf(config: OpenAiConfig, name: string): object {
  const { origin, pathname, search } = new URL(config.baseUrl);
  const { maxTokensField, omit, extraBody, reasoningEffort } = config;
  return [origin + pathname + search, config.models[name], maxTokensField, omit, extraBody, reasoningEffort];
}
