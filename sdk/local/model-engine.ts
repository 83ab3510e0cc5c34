// docs/models.md#stage: stages of provable models run on the DataVM in this process too, whatever engine runs the others.
import type { Backend } from '../../edge/backends/backend.ts';
import { encodeRequests, type RowResult } from '../../edge/rows.ts';
import type { ProvableModel } from '../../models/model.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { CompiledWorkflow } from '../compile/compile.ts';
import type { Description } from '../compile/describe-guest.ts';
import { modelOfStage } from '../compile/models.ts';
import type { LocalEngine } from './engine.ts';
import { createLocalNativeEngine } from './native-engine.ts';

/** A model's program is loaded with its first task. */
export function withModels(
  engine: LocalEngine,
  { stages, operators }: Pick<Description, 'stages' | 'operators'>,
  models: readonly ProvableModel[],
): LocalEngine {
  if (models.length === 0) return engine;
  const engines = new Map<string, LocalEngine>();
  const engineOf = (name: string): LocalEngine => {
    const known = engines.get(name) ?? createLocalNativeEngine(models.find((one) => one.name === name)!.built);
    engines.set(name, known);
    return known;
  };
  return {
    exec: (task) => {
      const stage = stages[task.stage];
      return (stage?.kind === 'model' ? engineOf(modelOfStage(stage, operators)) : engine).exec(task);
    },
  };
}

/** The programs of a workflow as it is deployed. */
export function createCompiledEngine({ program, description, models }: CompiledWorkflow): LocalEngine {
  return withModels(createLocalNativeEngine(program), description, models);
}

/** Asks the program for one request at a time, where others stand beside it in a test. */
export function createModelBackend({ name, built }: ProvableModel): Backend {
  const engine = createLocalNativeEngine(built);
  return {
    name,
    complete: async (request) => {
      const inputs = [encodeRequests(name, [`[0,${JSON.stringify(request)}]`])];
      const { status, output, log } = engine.exec({ stage: 0, partition: 0, width: 1, partitions: 1, inputs });
      if (status !== 0) throw modelFailed(name, log);
      const [, line = ''] = new TextDecoder().decode(output).split('\n');
      const [, result] = JSON.parse(line) as [number, RowResult];
      if ('error' in result) throw new MizuError({ code: 'edge/model', message: result.error.message });
      const { content, finish_reason: finishReason, usage } = result;
      return {
        content,
        finishReason,
        usage: { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens },
      };
    },
  };
}

function modelFailed(name: string, actual: string): MizuError {
  return new MizuError({ code: 'edge/model', message: `The program of ${name} has failed.`, actual });
}
