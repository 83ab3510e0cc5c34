// docs/edge.md#backends: the backends that a configuration names.
import type { BackendConfig } from '../config.ts';
import type { BackendSet } from './backend.ts';
import { createBuiltinBackend } from './builtin.ts';
import { createOpenAiBackends } from './openai.ts';
import { createSimulatorBackends } from './simulator.ts';

export async function createBackends(config: BackendConfig): Promise<BackendSet> {
  switch (config.kind) {
    case 'builtin':
      return { backends: [createBuiltinBackend()], close: async () => {} };
    case 'openai':
      return createOpenAiBackends(config);
    case 'simulator':
      return createSimulatorBackends(config);
  }
}
