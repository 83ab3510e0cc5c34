// docs/edge.md#builtin: the deterministic model that needs no download. Class A: token-identical on every machine.
import type { Backend, ChatRequest, Completion } from './backend.ts';
import { BUILTIN_MODEL, completeSmall } from './model/small.ts';
import { loadSmallClassifier } from './model/weights-file.ts';

export { BUILTIN_MODEL };

export function createBuiltinBackend(): Backend {
  return { name: BUILTIN_MODEL, complete: async (request) => completeBuiltin(request) };
}

/** @throws MizuError as `completeSmall` */
export function completeBuiltin(request: ChatRequest): Completion {
  return completeSmall(request, loadSmallClassifier);
}
