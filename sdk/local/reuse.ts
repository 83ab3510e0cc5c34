// docs/sdk.md#reuse: a local run that begins behind the operators whose results are kept, and keeps those of the others.
import type { Hex } from '../../protocol/hex.ts';
import type { PlannedStage } from '../workflow/plan.ts';
import type { StageRun } from './graph.ts';
import type { OperatorStore } from './operator-store.ts';

/** By the place of the stage. */
export type KeptStages = ReadonlyMap<number, StageRun>;

export type KeptOperators = {
  readonly stages: KeptStages;
  /** Operators from the first one on whose results are kept. */
  readonly count: number;
};

/** `stages` are the unfused ones: each has one operator. */
export async function findKeptStages(
  store: Pick<OperatorStore, 'find'>,
  addresses: readonly Hex[],
  stages: readonly PlannedStage[],
): Promise<KeptOperators> {
  const kept = new Map<number, StageRun>();
  for (const [operator, address] of addresses.entries()) {
    const places = placesOf(stages, operator);
    if (places.length === 0) continue;
    const found = await store.find(address);
    if (found?.length !== places.length) return { stages: kept, count: operator };
    for (const [i, place] of places.entries())
      kept.set(place, { stage: stages[place] as PlannedStage, ...(found[i] as Omit<StageRun, 'stage'>) });
  }
  return { stages: kept, count: addresses.length };
}

/** Of a run that may have ended early. What comes after a model that has failed on a row is not kept: it may answer next time. */
export async function keepOperators(
  store: Pick<OperatorStore, 'keep'>,
  addresses: readonly Hex[],
  stages: readonly PlannedStage[],
  runs: readonly StageRun[],
  from: number,
): Promise<void> {
  for (let operator = from; operator < addresses.length; operator++) {
    const own = placesOf(stages, operator).map((place) => runs[place]);
    if (own.length === 0) continue;
    if (!own.every((run) => run !== undefined && !hasFailed(run))) return;
    const result = (own as StageRun[]).map(({ stage: _, ...rest }) => rest);
    await store.keep(addresses[operator] as Hex, result);
  }
}

function placesOf(stages: readonly PlannedStage[], operator: number): number[] {
  return stages.flatMap((stage, place) => (operatorOf(stage) === operator ? [place] : []));
}

function operatorOf(stage: PlannedStage): number {
  if (stage.kind === 'rows') return stage.from;
  if (stage.kind === 'rejects') return stage.sort;
  return stage.kind === 'sink' ? -1 : stage.operator;
}

// Of an answer the result begins with its content.
function hasFailed({ stage, outputs }: StageRun): boolean {
  return stage.kind === 'infer' && outputs.some((bytes) => /^\[\d+,\{"error":/m.test(Buffer.from(bytes).toString()));
}
