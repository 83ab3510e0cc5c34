// docs/kernel.md#tasks: which tasks of a run are ready, kept up to date task by task.
import { RUN_INPUT } from '../../protocol/constants.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import type { StageIndex, WorkflowIndex } from './tables.ts';

export type TaskPlace = { readonly stage: number; readonly partition: number };
export type ReadyTask = TaskPlace & {
  readonly kind: 'exec' | 'infer';
  readonly model: Hex;
  /** The only input of an infer task. */
  readonly request?: ObjectRef;
};

export type RunGraph = {
  readonly run: Hex;
  /** The number of tasks of each stage. */
  readonly widths: readonly number[];
  /** The kind of each stage. */
  readonly kinds: readonly ReadyTask['kind'][];
  /** Takes at most `most` tasks of the stage that are ready and were not taken before. */
  take(stage: number, most: number): ReadyTask[];
  /** Takes this task if it is ready and not done, whether it was taken before or not. */
  takeOne(place: TaskPlace): ReadyTask | undefined;
  /** Marks a task as done. */
  finish(place: TaskPlace, output: ObjectRef): void;
  isDone(place: TaskPlace): boolean;
  /** The first stage that a task waits for. */
  waitsFor(place: TaskPlace): number | undefined;
};

/**
 * What a graph keeps grows with the stages, the inputs and the tasks that were taken or are done, not with the number
 * of all tasks: a run of 256 stages has up to 262,144 tasks, and nobody has paid for them before they are run.
 */
export function createGraph(run: Hex, { stages }: WorkflowIndex, inputs: readonly ObjectRef[]): RunGraph {
  const widths = widthsOf(stages, inputs.length);
  const outputs = new Map<number, Map<number, ObjectRef>>();
  const taken = new Map<number, Uint8Array>();
  const users = usersOf(stages);
  // By stage: the first task that may be ready and was not looked at. A task that waits for another stage is looked at
  // when one of that stage is done.
  const next = stages.map(({ inputs: sources }, stage) =>
    sources.every(({ source }) => source === RUN_INPUT) ? 0 : (widths[stage] as number),
  );

  const isWhole = (source: number): boolean =>
    source === RUN_INPUT || outputs.get(source)?.size === (widths[source] as number);
  const isFed = ({ source, mode }: StageIndex['inputs'][number], partition: number): boolean => {
    if (mode === 'all') return isWhole(source);
    return source === RUN_INPUT ? partition < inputs.length : outputs.get(source)?.has(partition) === true;
  };
  const takenOf = (stage: number): Uint8Array => {
    const known = taken.get(stage) ?? new Uint8Array(widths[stage] as number);
    taken.set(stage, known);
    return known;
  };
  const readyTask = (stage: number, partition: number): ReadyTask | undefined => {
    const { inputs: sources, kind, model } = stages[stage] as StageIndex;
    if (!sources.every((source) => isFed(source, partition))) return undefined;
    if (kind === 'exec') return { stage, partition, kind, model };
    const { source } = sources[0] as StageIndex['inputs'][number];
    const request = source === RUN_INPUT ? inputs[partition] : outputs.get(source)?.get(partition);
    return request === undefined ? undefined : { stage, partition, kind, model, request };
  };

  return {
    run,
    widths,
    kinds: stages.map(({ kind }) => kind),
    take: (stage, most) => {
      const tasks: ReadyTask[] = [];
      if (stages[stage]?.inputs.some(({ source, mode }) => mode === 'all' && !isWhole(source)) !== false) return tasks;
      const width = widths[stage] as number;
      for (let partition = next[stage] as number; partition < width && tasks.length < most; partition++) {
        next[stage] = partition + 1;
        const marks = takenOf(stage);
        const task = marks[partition] === 0 ? readyTask(stage, partition) : undefined;
        if (task === undefined) continue;
        marks[partition] = 1;
        tasks.push(task);
      }
      return tasks;
    },
    takeOne: ({ stage, partition }) => {
      const isThere = stage < stages.length && partition < (widths[stage] as number);
      if (!isThere || outputs.get(stage)?.has(partition) === true) return undefined;
      const task = readyTask(stage, partition);
      if (task !== undefined) takenOf(stage)[partition] = 1;
      return task;
    },
    finish: ({ stage, partition }, output) => {
      const done = outputs.get(stage) ?? new Map<number, ObjectRef>();
      outputs.set(stage, done.set(partition, output));
      takenOf(stage)[partition] = 1;
      for (const { user, mode } of users.get(stage) ?? []) {
        if (mode === 'same') next[user] = Math.min(next[user] as number, partition);
        else if (isWhole(stage)) next[user] = 0;
      }
    },
    isDone: ({ stage, partition }) => outputs.get(stage)?.has(partition) === true,
    waitsFor: ({ stage, partition }) =>
      (stages[stage] as StageIndex).inputs.find((source) => !isFed(source, partition))?.source,
  };
}

type User = { readonly user: number; readonly mode: 'same' | 'all' };

/** The stages that read the outputs of a stage, by that stage. */
function usersOf(stages: readonly StageIndex[]): Map<number, User[]> {
  const users = new Map<number, User[]>();
  for (const [user, { inputs }] of stages.entries())
    for (const { source, mode } of inputs) {
      if (source === RUN_INPUT) continue;
      users.set(source, [...(users.get(source) ?? []), { user, mode }]);
    }
  return users;
}

/** The number of tasks of every stage. */
export function widthsOf(stages: readonly Pick<StageIndex, 'width'>[], partitions: number): number[] {
  return stages.map(({ width }) => (width === 0 ? partitions : width));
}
