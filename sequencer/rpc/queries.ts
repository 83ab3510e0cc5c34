// docs/rpc.md: what the read methods answer, from the index and the state.

import { MAX_TASK_INPUTS } from '../../kernel/limits.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Slice } from '../../service/http/fair-queue.ts';
import type { L1 } from '../../service/l1/l1.ts';
import type { Store } from '../../service/storage/store.ts';
import { numberKey } from '../../service/storage/store.ts';
import type { Tasks } from '../chain/tasks.ts';
import { counts, readAttempt, readStats, readTask } from '../index/attempts.ts';
import { describeFailure, describeUnpaid, type TaskFailure } from '../index/failure.ts';
import { widthsOf } from '../index/graph.ts';
import { createOffers } from '../index/offers.ts';
import { addRows } from '../index/rows.ts';
import type { StateReader } from '../index/state.ts';
import {
  ownedRunKey,
  type Refused,
  type RunIndex,
  type StageStats,
  type Tables,
  taskKeyOf,
  type WorkflowIndex,
} from '../index/tables.ts';
import type { ProgressBoard } from './progress.ts';

export type QueryParts = {
  readonly store: Store;
  readonly tables: Tables;
  readonly tasks: Tasks;
  readonly progress: ProgressBoard;
  readonly state: () => StateReader;
  readonly l1: L1;
};

type Offers = ReturnType<typeof createOffers>;

const NO_ROWS = { in: 0, out: 0, rejected: 0 };
const MAX_RUNS = 100;

function refusalOf(refused: Refused): MizuError {
  return new MizuError({ hint: 'Sign it again for the state as it is now.', ...refused });
}

/** @throws MizuError `message/void` if the message's batch has become void */
export async function assertNotLost({ tables }: QueryParts, hash: Hex): Promise<void> {
  const refused = await tables.refused.get(hash);
  if (refused?.code === 'message/void') throw refusalOf(refused);
}

/**
 * The kernel's receipt of a message, and the message's place. It is undefined while the message is not executed.
 * @throws the refusal, if there was one
 */
export async function queryReceipt({ tables }: QueryParts, hash: Hex) {
  const refused = await tables.refused.get(hash);
  if (refused !== undefined) throw refusalOf(refused);
  // The message was sent again after it was refused: its old step does not count any more.
  const place = await tables.admitted.get(hash);
  if (place !== undefined && (await tables.queue.get(numberKey(place))) !== undefined) return undefined;
  const number = await tables.executed.get(hash);
  const record = number === undefined ? undefined : await tables.steps.get(numberKey(number));
  if (record === undefined) return undefined;
  return {
    ...record.receipt,
    hash,
    step: number,
    batch: record.batch,
    message: record.message,
    sequence: record.sequence ?? null,
  };
}

export async function queryRun(parts: QueryParts, id: Hex) {
  const { tables, progress } = parts;
  const run = await tables.runs.get(id);
  if (run === undefined) return undefined;
  const workflow = await requireWorkflow(tables, run);
  const onChain = await parts.state().run(id);
  const widths = widthsOf(workflow.stages, run.partitions);
  const stats = await Promise.all(workflow.stages.map((_, stage) => readStats(tables, id, stage)));
  const stages = workflow.stages.map(({ kind, sink, model }, stage) => {
    const { done, gasUsed, rows } = stats[stage] as StageStats;
    const underway = kind === 'infer' && run.status === 'running' ? progress.ofStage(id, stage) : undefined;
    return {
      stage,
      kind,
      width: widths[stage],
      sink,
      ...(kind === 'infer' ? { model } : {}),
      done,
      gasUsed,
      rows,
      ...(underway === undefined ? {} : { underway }),
    };
  });
  const { failed } = run;
  const failure = failed === undefined ? undefined : await failureOf(parts.state(), id, failed);
  return {
    run: id,
    workflow: run.workflow,
    owner: run.owner,
    status: run.status,
    escrow: String(onChain?.escrow ?? 0n),
    spent: String(onChain?.spent ?? 0n),
    gasPrice: String(run.gasPrice),
    deadline: Number(run.deadline),
    partitions: run.partitions,
    tasksLeft: onChain?.tasksLeft ?? 0,
    stages,
    rows: stages.reduce((sum, stage) => (stage.sink ? addRows(sum, stage.rows) : sum), NO_ROWS),
    inputTokens: stats.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
    outputTokens: stats.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
    gasUsed: stats.reduce((sum, { gasUsed }) => sum + gasUsed, 0),
    dataset: run.dataset ?? null,
    firstStep: run.startStep,
    batches: Array.from({ length: run.lastBatch - run.firstBatch + 1 }, (_, i) => run.firstBatch + i),
    startedAt: run.startedAt,
    endedAt: run.endedAt ?? null,
    taskGasLimit: Number(onChain?.taskGasLimit ?? 0n),
    voided: run.voided ?? null,
    error: run.error ?? null,
    failure:
      failed === undefined || failure === undefined
        ? null
        : {
            stage: failed.stage,
            partition: failed.partition,
            exitStatus: failed.status,
            gasUsed: failed.gasUsed,
            ...failure,
          },
  };
}

/** Runs, the newest first. `before`: the `firstStep` of the last one that the caller has seen. */
export async function queryRuns(
  { tables }: QueryParts,
  filter: { owner?: Address | undefined; limit?: number | undefined; before?: number | undefined },
) {
  const limit = Math.min(filter.limit ?? 20, MAX_RUNS);
  const runs = [];
  const { owner: wanted, before = Number.MAX_SAFE_INTEGER } = filter;
  const found =
    wanted === undefined
      ? tables.runOrder.entries({ lt: numberKey(before), limit, reverse: true })
      : tables.ownedRuns.entries({
          gte: ownedRunKey(wanted, 0),
          lt: ownedRunKey(wanted, before),
          limit,
          reverse: true,
        });
  for await (const [, id] of found) {
    const run = await tables.runs.get(id);
    if (run === undefined) continue;
    const { workflow, owner, status, startedAt, endedAt = null, startStep, dataset = null } = run;
    runs.push({
      run: id,
      workflow,
      owner,
      status,
      partitions: run.partitions,
      startedAt,
      endedAt,
      firstStep: startStep,
      dataset,
    });
  }
  return runs;
}

/**
 * The objects that a Renew message of the run names: its inputs, then the results of its infer tasks by stage and
 * partition.
 */
export async function queryRunObjects({ tables }: QueryParts, id: Hex) {
  const run = await tables.runs.get(id);
  if (run === undefined) return undefined;
  const { stages } = await requireWorkflow(tables, run);
  const objects = ((await tables.inputs.get(id)) ?? []).map(({ root, length }) => ({ root, length }));
  for (const [stage, { kind }] of stages.entries()) {
    if (kind !== 'infer') continue;
    const range = { gte: taskKeyOf(id, stage, 0), lt: taskKeyOf(id, stage + 1, 0), limit: MAX_TASK_INPUTS + 1 };
    const stats = await readStats(tables, id, stage);
    for await (const [, task] of tables.tasks.entries(range))
      if (task.status === 0 && counts(task, stats)) objects.push({ root: task.root, length: task.length });
    if (objects.length > MAX_TASK_INPUTS) throw tooManyObjects(id);
  }
  return objects;
}

export async function queryTasks(
  parts: QueryParts,
  id: Hex,
  filter: { stage?: number | undefined; offset?: number | undefined; limit?: number | undefined },
) {
  const { tables } = parts;
  const run = await tables.runs.get(id);
  if (run === undefined) return undefined;
  const workflow = await requireWorkflow(tables, run);
  const widths = widthsOf(workflow.stages, run.partitions);
  const stages =
    filter.stage === undefined
      ? widths.map((_, stage) => stage)
      : [filter.stage].filter((stage) => stage < widths.length);
  const { offset = 0, limit = 100 } = filter;
  const offers = createOffers(parts.state(), undefined);
  const list = [];
  let skip = offset;
  for (const stage of stages) {
    const width = widths[stage] as number;
    for (let partition = Math.min(skip, width); partition < width && list.length < limit; partition++) {
      list.push(await describeTask(parts, offers, id, run, workflow, stage, partition));
    }
    skip = Math.max(0, skip - width);
  }
  return list;
}

async function describeTask(
  { tables, tasks, state }: QueryParts,
  offers: Offers,
  id: Hex,
  run: RunIndex,
  workflow: WorkflowIndex,
  stage: number,
  partition: number,
) {
  const task = await readTask(tables, id, stage, partition);
  const attempt = await readAttempt(tables, id, stage, partition);
  if (task !== undefined) {
    const { status, root, length, gasUsed, rows = null } = task;
    const failure = status === 0 ? undefined : await failureOf(state(), id, { status, gasUsed });
    return {
      stage,
      partition,
      attempt,
      status: status === 0 ? 'done' : 'failed',
      exitStatus: status,
      outputRoot: root,
      outputLength: length,
      gasUsed,
      rows,
      ...(failure === undefined ? {} : { why: failure.why }),
    };
  }
  return {
    stage,
    partition,
    attempt,
    status: 'open',
    why: await whyOpen(tasks, state(), offers, id, run, workflow, stage, partition),
  };
}

async function failureOf(
  state: StateReader,
  id: Hex,
  task: { readonly status: number; readonly gasUsed: number },
): Promise<TaskFailure> {
  return describeFailure(task, await state.run(id));
}

async function whyOpen(
  tasks: Tasks,
  state: StateReader,
  offers: Offers,
  id: Hex,
  run: RunIndex,
  workflow: WorkflowIndex,
  stage: number,
  partition: number,
): Promise<string> {
  if (run.status !== 'running') return `the run has ended before it: ${run.status}`;
  const source = tasks.graph(id)?.waitsFor({ stage, partition });
  if (source !== undefined) return `it waits for stage ${source}`;
  const refusal = tasks.refusal(id, { stage, partition });
  const refused = refusal === undefined ? '' : `; a result was refused: ${refusal}`;
  const { kind, model } = workflow.stages[stage] as WorkflowIndex['stages'][number];
  if (kind === 'exec') return `its program runs, or waits for a worker of the sequencer${refused}`;
  if ((await offers(id, model as Hex)) !== undefined)
    return `it waits for a gateway that serves the model ${model}${refused}`;
  const [onChain, price] = await Promise.all([state.run(id), state.model(model as Hex)]);
  return `${describeUnpaid(onChain, price?.active === true)}${refused}`;
}

export async function queryBatch({ store, tables, l1 }: QueryParts, index: number, outside: Slice['outside']) {
  const batch = await tables.batches.get(numberKey(index));
  if (batch === undefined) return undefined;
  const posted = await tables.posted.get(numberKey(index));
  const { object, timestamp, messages, delayedRoots, firstStep, closed, origin } = batch;
  const gasUsed =
    posted === undefined ? undefined : (posted.gasUsed ?? (await outside(() => gasOf(l1, posted.transaction))));
  if (posted !== undefined && posted.gasUsed === undefined && gasUsed !== undefined) {
    await store.write([tables.posted.put(numberKey(index), { ...posted, gasUsed })], { sync: false });
  }
  return {
    index,
    status: posted !== undefined ? (posted.isVoid === true ? 'void' : 'posted') : closed ? 'closed' : 'open',
    origin,
    objectRoot: object?.root ?? null,
    objectLength: object?.length ?? 0,
    timestamp,
    messages,
    delayed: delayedRoots.length,
    firstStep,
    l1Transaction: posted?.transaction ?? null,
    l1Block: posted === undefined ? null : Number(posted.block),
    gasUsed: gasUsed ?? null,
  };
}

export async function requireWorkflow(tables: Tables, run: Pick<RunIndex, 'workflow'>): Promise<WorkflowIndex> {
  const workflow = await tables.workflows.get(run.workflow);
  if (workflow === undefined) throw new Error(`workflow ${run.workflow} of a run is not indexed`);
  return workflow;
}

async function gasOf(l1: L1, hash: Hex): Promise<number | undefined> {
  const receipt = await l1.client.getTransactionReceipt({ hash }).catch(() => undefined);
  return receipt === undefined ? undefined : Number(receipt.gasUsed);
}

function tooManyObjects(run: Hex): MizuError {
  return new MizuError({
    code: 'run/too-many-objects',
    message: 'The run has more objects than one Renew message can name.',
    expected: `at most ${MAX_TASK_INPUTS}`,
    actual: `more, of run ${run}`,
  });
}
