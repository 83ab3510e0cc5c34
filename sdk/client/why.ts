// docs/sdk.md#why: what a run waits for, whose turn it is, and until when.
import type { Hex } from '../../protocol/hex.ts';
import type { Metadata } from '../compile/definition.ts';
import type { Network } from './network.ts';
import type { RunFailure, RunView, TaskView } from './views.ts';
import { readMetadata, readRun } from './watch.ts';

export type Wait = {
  readonly stage: string;
  readonly partition: number;
  /** Who has to act. */
  readonly owner: string;
  readonly reason: string;
  /** Unix seconds at which the run expires if nobody does. */
  readonly deadline: number;
};

/** Why a run stands where it stands: what it waits for, or what has ended it. */
export type Explanation = {
  readonly run: Hex;
  readonly status: RunView['status'];
  /** Unix seconds at which the run expires and the rest of the money comes back. */
  readonly runDeadline: number;
  readonly waits: readonly Wait[];
  readonly openTasks: number;
  readonly error: string | undefined;
  /** The task that ended the run. */
  readonly failed?: FailedTask | undefined;
};

export type FailedTask = {
  /** By its exit code, for want of money, for the size of its inputs; or by a trap or the gas of a task, which the state does not tell apart. */
  readonly kind: RunFailure['kind'];
  readonly stage: string;
  /** Place of the stage in the graph. */
  readonly index: number;
  readonly operators: readonly string[];
  readonly partition: number;
  readonly reason: string;
};

const SHOWN = 20;
const PAGE = 1_000;

/**
 * What a run waits for: for each open stage whose turn it is, and until when. Of a run that has failed: the task and the cause.
 *
 * @example
 * const { waits, failed } = await explainRun(network, run);
 */
export async function explainRun(network: Network, run: Hex): Promise<Explanation> {
  const view = await readRun(network, run);
  const runDeadline = view.deadline;
  const ended = { run, status: view.status, runDeadline, error: view.error ?? undefined };
  const metadata = await readMetadata(network, view.workflow);
  if (view.status === 'failed') return { ...ended, waits: [], openTasks: 0, failed: findFailed(view, metadata) };
  if (view.status !== 'running') return { ...ended, waits: [], openTasks: 0 };
  const waits: Wait[] = [];
  for (const stage of view.stages) {
    if (stage.done >= stage.width || waits.length >= SHOWN) continue;
    const tasks = (await network.rpc('mizu_getTasks', [
      run,
      { stage: stage.stage, offset: 0, limit: PAGE },
    ])) as TaskView[];
    const name = metadata.stages[stage.stage]?.name ?? `stage ${stage.stage}`;
    for (const task of tasks) {
      if (task.status !== 'done' && task.why !== undefined && waits.length < SHOWN)
        waits.push(toWait(name, stage.kind, task, runDeadline));
    }
    // Later stages wait for this one: naming the first open one says it all.
    if (waits.length > 0) break;
  }
  return { ...ended, waits, openTasks: view.tasksLeft };
}

function findFailed({ failure }: RunView, metadata: Metadata): FailedTask | undefined {
  if (failure === undefined || failure === null) return undefined;
  const { stage, partition, kind, why } = failure;
  const { name = `stage ${stage}`, operators = [] } = metadata.stages[stage] ?? {};
  return { kind, stage: name, index: stage, operators, partition, reason: why };
}

function toWait(stage: string, kind: 'exec' | 'infer', { partition, why = 'open' }: TaskView, deadline: number): Wait {
  return { stage, partition, owner: kind === 'infer' ? 'the gateways' : 'the sequencer', reason: why, deadline };
}
