// docs/sdk.md#stages: from a list of steps to the graph of stages. The compiler and the runtime in the VM compute it alike.
import { type ExchangeStep, isExchangeStep, isRowStep, type Step } from './step.ts';

export type PlanSource = { readonly stage: number; readonly mode: 'same' | 'all' };

/** Source of a stage that reads the run's input. */
export const INPUT = -1;

type Common = {
  /** 0: as many tasks as the run has partitions. */
  readonly width: number;
  readonly inputs: readonly PlanSource[];
};

export type PlannedStage = Common &
  (
    | { readonly kind: 'rows'; readonly from: number; readonly to: number }
    | { readonly kind: 'request'; readonly step: number }
    | { readonly kind: 'infer'; readonly step: number }
    /** Reads rows and results, then runs the row steps [from, to). */
    | { readonly kind: 'receive'; readonly step: number; readonly from: number; readonly to: number }
    | { readonly kind: 'keys'; readonly step: number }
    | { readonly kind: 'reduce'; readonly step: number }
    | { readonly kind: 'cluster'; readonly step: number }
    /** Reads rows and what the buckets say of them, then runs the row steps [from, to). */
    | { readonly kind: 'apply'; readonly step: number; readonly from: number; readonly to: number }
    /** `part` is an index into the split's parts, or -1 without a split. */
    | { readonly kind: 'sink'; readonly name: string; readonly part: number }
    | { readonly kind: 'rejects'; readonly name: 'rejects' }
  );

/**
 * Consecutive row steps are one stage, or part of the stage before them; a model's step is request, infer, receive; a step over the
 * whole dataset is keys, reduce, (cluster,) apply. Not fused, each row step is a stage of its own: `mizu dev` looks between them.
 */
export function planStages(steps: readonly Step[], fused = true): PlannedStage[] {
  const stages: PlannedStage[] = [];
  const same = (stage: number): PlanSource => ({ stage, mode: 'same' });
  const all = (stage: number): PlanSource => ({ stage, mode: 'all' });
  const push = (stage: PlannedStage): number => stages.push(stage) - 1;
  let rows = INPUT;
  let at = 0;
  const takeRowSteps = (): { from: number; to: number } => {
    const from = at;
    while (at < steps.length && isRowStep(steps[at]!)) at++;
    return { from, to: at };
  };

  const fuse = (): { from: number; to: number } => (fused ? takeRowSteps() : { from: at, to: at });

  const pushExchange = (own: ExchangeStep, step: number): number => {
    const keys = push({ kind: 'keys', step, width: 0, inputs: [same(rows)] });
    const reduced = push({ kind: 'reduce', step, width: own.buckets, inputs: [all(keys)] });
    if (own.kind !== 'dedupe')
      return push({ kind: 'apply', step, width: 0, inputs: [same(rows), same(keys), all(reduced)], ...fuse() });
    const drops =
      own.near === null ? reduced : push({ kind: 'cluster', step, width: 1, inputs: [all(keys), all(reduced)] });
    return push({ kind: 'apply', step, width: 0, inputs: [same(rows), all(drops)], ...fuse() });
  };

  while (at < steps.length) {
    if (isRowStep(steps[at]!)) {
      const range = fused ? takeRowSteps() : { from: at, to: ++at };
      rows = push({ kind: 'rows', width: 0, inputs: [same(rows)], ...range });
      continue;
    }
    const step = at++;
    const own = steps[step]!;
    if (own.kind === 'llm') {
      const request = push({ kind: 'request', step, width: 0, inputs: [same(rows)] });
      const infer = push({ kind: 'infer', step, width: 0, inputs: [same(request)] });
      rows = push({ kind: 'receive', step, width: 0, inputs: [same(rows), same(infer)], ...fuse() });
    } else if (isExchangeStep(own)) {
      rows = pushExchange(own, step);
    }
  }
  const split = steps.at(-1);
  const parts = split?.kind === 'split' ? split.parts.map((part) => part.name) : ['train'];
  parts.forEach((name, i) => {
    push({ kind: 'sink', name, part: split?.kind === 'split' ? i : -1, width: 0, inputs: [same(rows)] });
  });
  push({ kind: 'rejects', name: 'rejects', width: 0, inputs: [same(rows)] });
  return stages;
}
