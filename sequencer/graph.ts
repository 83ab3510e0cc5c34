// docs/kernel.md#tasks: which tasks of a run are ready, kept up to date task by task.
import { RUN_INPUT } from '../protocol/constants.ts';
import type { Hex } from '../protocol/hex.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import type { StageIndex, WorkflowIndex } from './tables.ts';

export type Place = { readonly stage: number; readonly partition: number };
export type ReadyTask = Place & {
  readonly kind: 'exec' | 'infer';
  readonly model: Hex /** Of an infer task: its only input. */;
  readonly request?: ObjectRef;
};

export type RunGraph = {
  readonly run: Hex;
  readonly widths: readonly number[];
  /** Tasks that are ready at the start. */
  start(): ReadyTask[];
  /** Marks a task as done and tells which have become ready by it. */
  finish(place: Place, output: ObjectRef): ReadyTask[];
  isDone(place: Place): boolean;
  isReady(place: Place): boolean;
  /** The first stage that a task waits for. */
  waitsFor(place: Place): number | undefined;
};

export function createGraph(run: Hex, { stages }: WorkflowIndex, inputs: readonly ObjectRef[]): RunGraph {
  const widths = widthsOf(stages, inputs.length);
  const outputs = stages.map(() => new Map<number, ObjectRef>());
  const offered = stages.map(() => new Set<number>());

  const isFed = ({ source, mode }: StageIndex['inputs'][number], partition: number): boolean => {
    if (source === RUN_INPUT) return mode === 'all' || partition < inputs.length;
    const done = outputs[source];
    return done !== undefined && (mode === 'all' ? done.size === widths[source] : done.has(partition));
  };

  const offer = (stage: number, partition: number): ReadyTask[] => {
    const { inputs: sources, kind, model } = stages[stage] as StageIndex;
    const seen = offered[stage] as Set<number>;
    if (seen.has(partition) || !sources.every((source) => isFed(source, partition))) return [];
    seen.add(partition);
    if (kind === 'exec') return [{ stage, partition, kind, model }];
    const source = (sources[0] as StageIndex['inputs'][number]).source;
    const request = source === RUN_INPUT ? inputs[partition] : outputs[source]?.get(partition);
    return request === undefined ? [] : [{ stage, partition, kind, model, request }];
  };

  const offerAll = (stage: number): ReadyTask[] =>
    Array.from({ length: widths[stage] as number }, (_, partition) => offer(stage, partition)).flat();

  const isReady = ({ stage, partition }: Place): boolean =>
    (stages[stage] as StageIndex).inputs.every((source) => isFed(source, partition));

  return {
    run,
    widths,
    start: () => stages.flatMap((_, stage) => offerAll(stage)),
    finish: ({ stage, partition }, output) => {
      const done = outputs[stage] as Map<number, ObjectRef>;
      done.set(partition, output);
      (offered[stage] as Set<number>).add(partition);
      return stages.flatMap((next, i) => {
        const links = next.inputs.filter(({ source }) => source === stage);
        if (links.length === 0) return [];
        if (links.some(({ mode }) => mode === 'same'))
          return offer(i, partition).concat(done.size === widths[stage] ? offerAll(i) : []);
        return done.size === widths[stage] ? offerAll(i) : [];
      });
    },
    isDone: ({ stage, partition }) => outputs[stage]?.has(partition) === true,
    isReady,
    waitsFor: ({ stage, partition }) =>
      (stages[stage] as StageIndex).inputs.find((source) => !isFed(source, partition))?.source,
  };
}

/** Number of tasks of every stage. */
export function widthsOf(stages: readonly Pick<StageIndex, 'width'>[], partitions: number): number[] {
  return stages.map(({ width }) => (width === 0 ? partitions : width));
}
