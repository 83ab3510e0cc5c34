// docs/kernel.md#voided: which attempts of tasks count, and what of a run is open again when an item of it is voided.
import type { Draft } from '../../node/l1/draft.ts';
import { RUN_INPUT } from '../../protocol/constants.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { RowCounts } from '../../protocol/rows.ts';
import { subtractRows } from './rows.ts';
import { type StageIndex, type StageStats, stageKeyOf, type Tables, type TaskIndex, taskKeyOf } from './tables.ts';

const NO_ROWS: RowCounts = { in: 0, out: 0, rejected: 0 };
export const NO_STATS: StageStats = { done: 0, gasUsed: 0, rows: NO_ROWS, inputTokens: 0, outputTokens: 0 };

/** What has used the item of a partition: the task of the same partition, or every task of the stage. */
export type Reach = 'one' | 'all' | undefined;

type TaskTables = Pick<Tables, 'tasks' | 'stats' | 'attempts'>;
type Reader = Pick<Draft, 'get'>;

/** The index as it stands, without a draft. */
const stored: Reader = { get: (table, key) => table.get(key) };

/** The task as it has ended; undefined if it is open, or open again. */
export async function readTask(
  tables: TaskTables,
  run: Hex,
  stage: number,
  partition: number,
  reader: Reader = stored,
): Promise<TaskIndex | undefined> {
  const task = await reader.get(tables.tasks, taskKeyOf(run, stage, partition));
  return task !== undefined && counts(task, await readStats(tables, run, stage, reader)) ? task : undefined;
}

/** Which attempt of the task is open, or has ended. */
export async function readAttempt(
  tables: TaskTables,
  run: Hex,
  stage: number,
  partition: number,
  reader: Reader = stored,
): Promise<number> {
  const key = taskKeyOf(run, stage, partition);
  const [task, own, stats] = await Promise.all([
    reader.get(tables.tasks, key),
    reader.get(tables.attempts, key),
    readStats(tables, run, stage, reader),
  ]);
  return Math.max(task?.attempt ?? 0, own ?? 0, stats.attempt ?? 0);
}

export async function readStats(
  tables: TaskTables,
  run: Hex,
  stage: number,
  reader: Reader = stored,
): Promise<StageStats> {
  return (await reader.get(tables.stats, stageKeyOf(run, stage))) ?? NO_STATS;
}

/** Whether the record of a task of this stage stands. */
export function counts({ attempt = 0 }: TaskIndex, stats: StageStats): boolean {
  return attempt >= (stats.attempt ?? 0);
}

/** By stage: what has used a task of this stage, directly or through others. */
export function reachOf(stages: readonly StageIndex[], voided: number): Reach[] {
  const reach: Reach[] = [];
  for (const [index, { inputs }] of stages.entries()) {
    const used = inputs.map(({ source, mode }): Reach => {
      if (source === RUN_INPUT || reach[source] === undefined) return undefined;
      return mode === 'all' ? 'all' : reach[source];
    });
    reach.push(index === voided ? 'one' : used.includes('all') ? 'all' : used.find((one) => one !== undefined));
  }
  return reach;
}

/** Opens the task again, and all that have used it. `voids`: items of the run that are void now, with this one. */
export async function reopenTasks(
  draft: Draft,
  tables: TaskTables,
  stages: readonly StageIndex[],
  run: Hex,
  voided: { readonly stage: number; readonly partition: number },
  voids: number,
): Promise<void> {
  for (const [stage, reach] of reachOf(stages, voided.stage).entries()) {
    if (reach === 'all') await draft.put(tables.stats, stageKeyOf(run, stage), { ...NO_STATS, attempt: voids });
    if (reach === 'one') await reopenTask(draft, tables, run, stage, voided.partition);
  }
}

async function reopenTask(draft: Draft, tables: TaskTables, run: Hex, stage: number, partition: number): Promise<void> {
  const key = taskKeyOf(run, stage, partition);
  const attempt = await readAttempt(tables, run, stage, partition, draft);
  const task = await readTask(tables, run, stage, partition, draft);
  await draft.put(tables.attempts, key, attempt + 1);
  await draft.delete(tables.tasks, key);
  if (task === undefined) return;
  const stats = await readStats(tables, run, stage, draft);
  await draft.put(tables.stats, stageKeyOf(run, stage), {
    ...stats,
    done: stats.done - (task.status === 0 ? 1 : 0),
    gasUsed: stats.gasUsed - task.gasUsed,
    rows: subtractRows(stats.rows, task.rows),
    inputTokens: stats.inputTokens - (task.inputTokens ?? 0),
    outputTokens: stats.outputTokens - (task.outputTokens ?? 0),
  });
}
