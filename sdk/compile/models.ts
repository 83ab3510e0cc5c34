// docs/models.md#stage: the provable models of a workflow, each once, in the order of the operators that ask them.
import type { ModelManifest } from '../../models/manifest.ts';
import { isProvable, loadManifest, loadModel, type ProvableModel } from '../../models/model.ts';
import type { Description, OperatorDescription } from './describe-guest.ts';

/** By the model's name. @throws MizuError `sdk/no-model`, `sdk/bad-model` */
export async function loadManifests(
  operators: readonly OperatorDescription[],
  cacheFolder: string | undefined,
): Promise<ReadonlyMap<string, ModelManifest>> {
  const found = new Map<string, ModelManifest>();
  for (const { model = '' } of operators)
    if (isProvable(model) && !found.has(model)) found.set(model, await loadManifest(model, { cacheFolder }));
  return found;
}

/** Those that a stage runs: a program may begin with the answers of one. @throws MizuError `sdk/no-model`, `sdk/bad-model` */
export async function loadModels(
  { stages, operators }: Pick<Description, 'stages' | 'operators'>,
  cacheFolder: string | undefined,
): Promise<readonly ProvableModel[]> {
  const names = stages.flatMap((stage) => (stage.kind === 'model' ? [modelOfStage(stage, operators)] : []));
  const models: ProvableModel[] = [];
  for (const name of new Set(names)) models.push(await loadModel(name, { cacheFolder }));
  return models;
}

/** Of a stage of the kind infer or model. */
export function modelOfStage({ operator }: { readonly operator: number }, operators: Description['operators']): string {
  return operators[operator]!.model!;
}
