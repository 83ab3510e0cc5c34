// docs/sdk.md#why: what a run waits for, whose turn it is, and until when.
import type { Hex } from '../../protocol/hex.ts';
import type { Metadata } from '../compile/definition.ts';
import type { Network } from './network.ts';
import type { RunView, TaskView } from './views.ts';
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
  readonly stage: string;
  readonly steps: readonly string[];
  readonly partition: number;
  readonly reason: string;
};

const SHOWN = 20;
const PAGE = 1_000;

export async function explainRun(network: Network, run: Hex): Promise<Explanation> {
  const view = await readRun(network, run);
  const runDeadline = view.deadline;
  const ended = { run, status: view.status, runDeadline, error: view.error ?? undefined };
  const metadata = await readMetadata(network, view.workflow);
  if (view.status === 'failed')
    return { ...ended, waits: [], openTasks: 0, failed: await findFailed(network, view, metadata) };
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

async function findFailed(network: Network, view: RunView, metadata: Metadata): Promise<FailedTask | undefined> {
  for (const { stage, width } of view.stages) {
    for (let offset = 0; offset < width; offset += PAGE) {
      const tasks = (await network.rpc('mizu_getTasks', [view.run, { stage, offset, limit: PAGE }])) as TaskView[];
      const task = tasks.find(({ status }) => status === 'failed');
      if (task === undefined) continue;
      const { name = `stage ${stage}`, steps = [] } = metadata.stages[stage] ?? {};
      return { stage: name, steps, partition: task.partition, reason: task.why ?? 'it failed' };
    }
  }
  return undefined;
}

function toWait(stage: string, kind: 'exec' | 'infer', { partition, why = 'open' }: TaskView, deadline: number): Wait {
  return { stage, partition, owner: kind === 'infer' ? 'the gateways' : 'the sequencer', reason: why, deadline };
}
