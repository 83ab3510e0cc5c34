// docs/sdk.md#local: who answers for models in a dry run: the built-in model, or a server given with --backend.
import type { BackendSet } from '../../edge/backends/backend.ts';
import { createBuiltinBackend } from '../../edge/backends/builtin.ts';
import type { Description } from '../compile/describe-guest.ts';
import { modelAtEndpoint } from '../workflow/model-names.ts';

/**
 * With a URL, that OpenAI-compatible server answers for every other model, by the part of its name behind `endpoint/`; its key is in
 * OPENAI_API_KEY. With a file, the fields of a worker's backend in it say more.
 * @throws MizuError `config/malformed` and what reading the file throws
 */
export async function localBackends({ steps }: Description, backend: string | undefined): Promise<BackendSet> {
  const builtin = createBuiltinBackend();
  const names = new Set(steps.flatMap((step) => step.model ?? []));
  names.delete(builtin.name);
  if (backend === undefined || names.size === 0) return { backends: [builtin], close: async () => undefined };
  const { createOpenAiBackends } = await import('../../edge/backends/openai.ts');
  const { openAiConfig } = await import('../../edge/config.ts');
  const { parseConfig } = await import('../../service/config.ts');
  const { readConfig } = await import('./config-file.ts');
  const given = /^https?:\/\//.test(backend) ? { baseUrl: backend } : ((await readConfig(backend)) as object);
  const models = Object.fromEntries([...names].map((name) => [name, modelAtEndpoint(name)]));
  const defaults = { kind: 'openai', apiKeyEnv: 'OPENAI_API_KEY', attempts: 3 };
  const { models: named = {}, ...rest } = given as { models?: Record<string, string> };
  const config = { ...defaults, ...rest, models: { ...models, ...named } };
  const server = createOpenAiBackends(parseConfig('backend', openAiConfig, config));
  return { backends: [builtin, ...server.backends], close: () => server.close() };
}
