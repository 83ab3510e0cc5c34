// docs/sdk.md#local: who answers for models in a dry run: the built-in model, or a server given with --backend.
import type { BackendSet } from '../../edge/backends/backend.ts';
import { createBuiltinBackend } from '../../edge/backends/builtin.ts';
import type { Description } from '../compile/describe-guest.ts';

/** With a URL, that OpenAI-compatible server answers for every other model, under the model's own name. Key: OPENAI_API_KEY. */
export async function localBackends({ steps }: Description, url: string | undefined): Promise<BackendSet> {
  const builtin = createBuiltinBackend();
  const names = new Set(steps.flatMap((step) => step.model ?? []));
  names.delete(builtin.name);
  if (url === undefined || names.size === 0) return { backends: [builtin], close: async () => undefined };
  const { createOpenAiBackends } = await import('../../edge/backends/openai.ts');
  const { openAiConfig } = await import('../../edge/config.ts');
  const { parseConfig } = await import('../../service/config.ts');
  const config = {
    kind: 'openai',
    baseUrl: url,
    apiKeyEnv: 'OPENAI_API_KEY',
    models: Object.fromEntries([...names].map((name) => [name, name])),
    attempts: 3,
  };
  const server = createOpenAiBackends(parseConfig('backend', openAiConfig, config));
  return { backends: [builtin, ...server.backends], close: () => server.close() };
}
