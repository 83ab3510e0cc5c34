// docs/operations.md#sequencer: one running run as the sequencer keeps it: which of its tasks are ready, offered or refused.
import { paidBy } from '../../node/ahead.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { counts, NO_STATS, readStats } from '../index/attempts.ts';
import { createGraph, type RunGraph, type TaskPlace } from '../index/graph.ts';
import { type Tables, taskKeyOf, taskPlaceOf } from '../index/tables.ts';
import type { InferenceTask } from './inferences.ts';

/** The program of one exec task, which may run before the task's Advance message is executed. */
export type AheadProgram = {
  readonly place: TaskPlace;
  /** The bytes of the Advance message. */
  readonly message: Uint8Array;
  state: 'waiting' | 'running' | 'prepared';
  /** The program is not started before this time, in milliseconds of the machine's clock. */
  notBefore: number;
  /** Aborted when nobody needs the result any more: the task is done, or its run has ended. */
  readonly over: AbortController;
};

export type TrackedRun = {
  readonly graph: RunGraph;
  readonly workflow: Hex;
  /** In lower case. */
  readonly owner: Address;
  /** Wei per gas that the run pays. */
  readonly gasPrice: bigint;
  /** The turns in which a program of the run was last begun, and an Advance of it given out; at first that of its start. */
  begunAt: number;
  advancedAt: number;
  /** Unix seconds. */
  readonly deadline: bigint;
  /** The gas that the run's tasks have paid: `tasksAhead` says how many programs it may have ahead for it. */
  paid: bigint;
  /** Unix seconds up to which the run's bytes are promised for long enough. */
  promisedTo: bigint;
  /**
   * The first exec tasks that are ready, in the order in which they were taken up: none is kept before its turn may
   * come.
   */
  readonly ready: AheadProgram[];
  /** The inference tasks that are offered, by their keys. */
  readonly infer: Map<string, InferenceTask>;
  /** How many of them each stage has. */
  readonly inferOf: Map<number, number>;
  /** Which attempt of a task is open. It changes only when an item of the run is voided: then the run is read anew. */
  readonly attemptOf: (place: TaskPlace) => number;
  /** Why the kernel last refused a result, by the key of its task. */
  readonly refusals: Map<string, string>;
  /** The batch timestamp, in unix seconds, for which an Expire message of the run was last given out. */
  offeredAt: number;
  /**
   * What `offeredAt` was when the kernel last refused an Expire message of the run: up to that time none is given out
   * again.
   */
  refusedAt: number;
  /** The deadline has passed: no task of the run is begun any more. */
  late: boolean;
};

/**
 * Inference tasks of a run that are offered at one time, shared by its stages. A run may have 261,120, and pays for
 * none before it is done.
 */
const OFFERED_OF_RUN = 1_024;

/**
 * Reads a run from the index. The result is undefined if the run is not running. `mostReady`: exec tasks that are kept
 * at most. `turn`: from which on it waits for its turn.
 */
export async function trackRun(
  tables: Tables,
  run: Hex,
  promisedTo: (run: Hex) => Promise<bigint>,
  mostReady: number,
  turn: number,
): Promise<TrackedRun | undefined> {
  const record = await tables.runs.get(run);
  const workflow = record === undefined ? undefined : await tables.workflows.get(record.workflow);
  if (record === undefined || workflow === undefined || record.status !== 'running') return undefined;
  const stats = await Promise.all(workflow.stages.map((_, stage) => readStats(tables, run, stage)));
  const own = new Map<string, number>();
  const range = { gte: run, lt: `${run}g` };
  for await (const [key, attempt] of tables.attempts.entries(range)) own.set(key, attempt);
  const tracked: TrackedRun = {
    graph: createGraph(run, workflow, (await tables.inputs.get(run)) ?? []),
    workflow: record.workflow,
    owner: record.owner.toLowerCase() as Address,
    gasPrice: record.gasPrice,
    begunAt: turn,
    advancedAt: turn,
    deadline: record.deadline,
    paid: 0n,
    promisedTo: await promisedTo(run),
    ready: [],
    infer: new Map(),
    inferOf: new Map(),
    attemptOf: ({ stage, partition }) =>
      Math.max(stats[stage]?.attempt ?? 0, own.get(taskKeyOf(run, stage, partition)) ?? 0),
    refusals: new Map(),
    offeredAt: 0,
    refusedAt: 0,
    late: false,
  };
  for await (const [key, task] of tables.tasks.entries(range)) {
    const place = taskPlaceOf(key);
    tracked.paid += paidBy(task);
    if (counts(task, stats[place.stage] ?? NO_STATS)) tracked.graph.finish(place, task);
  }
  takeUp(tracked, mostReady);
  return tracked;
}

export function completeTask(tracked: TrackedRun, place: TaskPlace, output: ObjectRef, mostReady: number): void {
  const { graph, infer, inferOf } = tracked;
  if (graph.isDone(place)) return;
  dropProgram(tracked, place);
  if (infer.delete(keyOf(tracked, place))) inferOf.set(place.stage, (inferOf.get(place.stage) ?? 1) - 1);
  graph.finish(place, output);
  takeUp(tracked, mostReady);
}

/** Notes that the kernel has refused the task's Advance message: the task is not offered again. */
export function refuseTask(tracked: TrackedRun, place: TaskPlace, reason: string, mostReady: number): void {
  tracked.refusals.set(keyOf(tracked, place), reason);
  dropProgram(tracked, place);
  takeUp(tracked, mostReady);
}

/**
 * The program of this exec task, taken up out of turn if it has to be. The result is undefined if the task is not
 * ready, or is done.
 */
export function programOf(tracked: TrackedRun, place: TaskPlace): AheadProgram | undefined {
  const known = tracked.ready.find((program) => isAt(program, place));
  if (known !== undefined || tracked.graph.takeOne(place)?.kind !== 'exec') return known;
  const program = createProgram(tracked.graph.run, place);
  tracked.ready.push(program);
  return program;
}

/** How many programs of the run have been begun whose tasks are not done. */
export function begunOf({ ready }: TrackedRun): number {
  return ready.filter(({ state }) => state !== 'waiting').length;
}

/** Ends the programs of a run that has ended. */
export function abortPrograms({ ready }: TrackedRun): void {
  for (const { over } of ready) over.abort();
}

function takeUp({ graph, owner, ready, infer, inferOf, attemptOf }: TrackedRun, mostReady: number): void {
  const { run, kinds } = graph;
  const inferStages = kinds.filter((kind) => kind === 'infer').length;
  const ofStage = Math.max(1, Math.floor(OFFERED_OF_RUN / Math.max(1, inferStages)));
  for (const [stage, kind] of kinds.entries()) {
    const most = kind === 'exec' ? mostReady - ready.length : ofStage - (inferOf.get(stage) ?? 0);
    for (const { partition, model, request } of graph.take(stage, most)) {
      if (kind === 'exec') {
        ready.push(createProgram(run, { stage, partition }));
      } else if (request !== undefined) {
        infer.set(taskKeyOf(run, stage, partition), {
          run,
          owner,
          stage,
          partition,
          attempt: attemptOf({ stage, partition }),
          model,
          request,
        });
        inferOf.set(stage, (inferOf.get(stage) ?? 0) + 1);
      }
    }
  }
}

function dropProgram({ ready }: TrackedRun, place: TaskPlace): void {
  const at = ready.findIndex((program) => isAt(program, place));
  if (at !== -1) ready.splice(at, 1)[0]?.over.abort();
}

function createProgram(run: Hex, place: TaskPlace): AheadProgram {
  const message = encodeMessage({ kind: 'Advance', run, ...place });
  return { place, message, state: 'waiting', notBefore: 0, over: new AbortController() };
}

function isAt({ place }: AheadProgram, { stage, partition }: TaskPlace): boolean {
  return place.stage === stage && place.partition === partition;
}

function keyOf({ graph }: TrackedRun, { stage, partition }: TaskPlace): string {
  return taskKeyOf(graph.run, stage, partition);
}
