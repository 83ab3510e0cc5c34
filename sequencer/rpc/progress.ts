// docs/rpc.md: hints of gateways about tasks that they work at. They are for displays, and are lost at a restart.
import type { Hex } from '../../protocol/hex.ts';
import { stageKeyOf } from '../index/tables.ts';

export type ProgressHint = {
  readonly run: Hex;
  readonly stage: number;
  readonly partition: number;
  readonly done: number;
  readonly total: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

export type ProgressBoard = {
  add(hint: ProgressHint): void;
  finish(run: Hex, stage: number, partition: number): void;
  /** The sum over the open tasks of a stage. It is undefined if there are no hints. */
  ofStage(
    run: Hex,
    stage: number,
  ): { done: number; total: number; inputTokens: number; outputTokens: number } | undefined;
};

const MAX_STAGES = 4_096;

export function createProgressBoard(): ProgressBoard {
  const stages = new Map<string, Map<number, ProgressHint>>();
  return {
    add: (hint) => {
      const key = stageKeyOf(hint.run, hint.stage);
      const tasks = stages.get(key) ?? new Map<number, ProgressHint>();
      tasks.set(hint.partition, hint);
      stages.delete(key);
      stages.set(key, tasks);
      const oldest = stages.keys().next().value;
      if (stages.size > MAX_STAGES && oldest !== undefined) stages.delete(oldest);
    },
    finish: (run, stage, partition) => {
      const key = stageKeyOf(run, stage);
      const tasks = stages.get(key);
      tasks?.delete(partition);
      if (tasks?.size === 0) stages.delete(key);
    },
    ofStage: (run, stage) => {
      const tasks = stages.get(stageKeyOf(run, stage));
      if (tasks === undefined) return undefined;
      const sum = { done: 0, total: 0, inputTokens: 0, outputTokens: 0 };
      for (const hint of tasks.values()) {
        sum.done += hint.done;
        sum.total += hint.total;
        sum.inputTokens += hint.inputTokens;
        sum.outputTokens += hint.outputTokens;
      }
      return sum;
    },
  };
}
