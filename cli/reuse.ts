// docs/sdk.md#reuse: `mizu dev` begins behind the operators whose results are kept in this folder, and keeps the
// results of the others.
import { join } from 'node:path';
import pc from 'picocolors';
import { hashInputs } from '../protocol/messages.ts';
import { objectRef } from '../protocol/tree.ts';
import type { BundledWorkflow } from '../sdk/compile/compile.ts';
import { type StepFacts, stepAddresses } from '../sdk/compile/step-address.ts';
import { stepCodes } from '../sdk/compile/step-code.ts';
import type { StageRun } from '../sdk/local/graph.ts';
import { findKeptStages, type KeptStages, keepSteps } from '../sdk/local/reuse.ts';
import { createStepStore, type StepStore } from '../sdk/local/step-store.ts';
import type { BackendFlags } from './options.ts';
import { type Output, stepSpan } from './output.ts';

export const STEPS_FOLDER = join('.mizu', 'steps');

export type DevReuse = {
  readonly kept: KeptStages;
  /** Names of the operators that are not run. */
  readonly steps: readonly string[];
  /** Keeps what the run has made, whatever its end was. */
  close(runs: readonly StageRun[]): Promise<void>;
};

/** Undefined with `--no-cache`: then nothing is read or kept. */
export async function openReuse(
  workflow: BundledWorkflow,
  partitions: readonly Uint8Array[],
  endpoints: StepFacts['endpoints'],
  { cache = true }: BackendFlags,
): Promise<DevReuse | undefined> {
  if (!cache) return undefined;
  const { description } = workflow;
  const store = openReuseStore();
  const facts = await devFacts(workflow, partitions, endpoints);
  const addresses = stepAddresses(facts);
  const { stages, count } = await findKeptStages(store, addresses, description.stages);
  return {
    kept: stages,
    steps: description.steps.slice(0, count).map(({ name }) => name),
    close: async (runs) => {
      await keepSteps(store, addresses, description.stages, runs, count);
      await store.note(description.name, facts);
      await store.close();
    },
  };
}

/** `partitions` are the rowsets of the rows that the run takes. */
export async function devFacts(
  { file, description, bundle }: BundledWorkflow,
  partitions: readonly Uint8Array[],
  endpoints: StepFacts['endpoints'],
): Promise<StepFacts> {
  return {
    ...(await stepCodes(file, description.steps, bundle)),
    inputsHash: hashInputs(partitions.map(objectRef)),
    endpoints,
  };
}

export function openReuseStore(): StepStore {
  return createStepStore(STEPS_FOLDER, { onWarning: (text) => process.stderr.write(`${text}\n`) });
}

export function sayReused(output: Output, steps: readonly string[]): void {
  if (steps.length === 0) return;
  const are = steps.length === 1 ? 'is' : 'are';
  output.say(
    `${pc.bold('reused')}  ${stepSpan(steps)} ${are} as in an earlier run ${pc.dim('(--no-cache runs them again)')}`,
  );
}
