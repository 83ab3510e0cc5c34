// docs/sdk.md#reuse: `mizu dev` begins behind the operators whose results are kept in this folder, and keeps the
// results of the others.
import { join } from 'node:path';
import pc from 'picocolors';
import { hashInputs } from '../protocol/messages.ts';
import { objectRef } from '../protocol/tree.ts';
import type { BundledWorkflow } from '../sdk/compile/compile.ts';
import { type OperatorFacts, operatorAddresses } from '../sdk/compile/operator-address.ts';
import { operatorCodes } from '../sdk/compile/operator-code.ts';
import type { StageRun } from '../sdk/local/graph.ts';
import { createOperatorStore, type OperatorStore } from '../sdk/local/operator-store.ts';
import { findKeptStages, type KeptStages, keepOperators } from '../sdk/local/reuse.ts';
import type { BackendFlags } from './options.ts';
import { type Output, operatorSpan } from './output.ts';

export const OPERATORS_FOLDER = join('.mizu', 'operators');

export type DevReuse = {
  readonly kept: KeptStages;
  /** Names of the operators that are not run. */
  readonly operators: readonly string[];
  /** Keeps what the run has made, whatever its end was. */
  close(runs: readonly StageRun[]): Promise<void>;
};

/** Undefined with `--no-cache`: then nothing is read or kept. */
export async function openReuse(
  workflow: BundledWorkflow,
  partitions: readonly Uint8Array[],
  endpoints: OperatorFacts['endpoints'],
  { cache = true }: BackendFlags,
): Promise<DevReuse | undefined> {
  if (!cache) return undefined;
  const { description } = workflow;
  const store = openReuseStore();
  const facts = await devFacts(workflow, partitions, endpoints);
  const addresses = operatorAddresses(facts);
  const { stages, count } = await findKeptStages(store, addresses, description.stages);
  return {
    kept: stages,
    operators: description.operators.slice(0, count).map(({ name }) => name),
    close: async (runs) => {
      await keepOperators(store, addresses, description.stages, runs, count);
      await store.note(description.name, facts);
      await store.close();
    },
  };
}

/** `partitions` are the rowsets of the rows that the run takes. */
export async function devFacts(
  { file, description, bundle }: BundledWorkflow,
  partitions: readonly Uint8Array[],
  endpoints: OperatorFacts['endpoints'],
): Promise<OperatorFacts> {
  return {
    ...(await operatorCodes(file, description.operators, bundle)),
    inputsHash: hashInputs(partitions.map(objectRef)),
    endpoints,
  };
}

export function openReuseStore(): OperatorStore {
  return createOperatorStore(OPERATORS_FOLDER, { onWarning: (text) => process.stderr.write(`${text}\n`) });
}

export function sayReused(output: Output, operators: readonly string[]): void {
  if (operators.length === 0) return;
  const are = operators.length === 1 ? 'is' : 'are';
  output.say(
    `${pc.bold('reused')}  ${operatorSpan(operators)} ${are} as in an earlier run ${pc.dim('(--no-cache runs them again)')}`,
  );
}
