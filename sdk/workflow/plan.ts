// docs/sdk.md#stages: from a list of operators to the graph of stages. The compiler and the runtime in the VM compute it alike.
import { isProvable } from '../../models/name.ts';
import {
  type ExchangeOperator,
  inputsOf,
  isExchangeOperator,
  isRowOperator,
  type Operator,
  type SortOperator,
} from './operator.ts';

export type PlanSource = { readonly stage: number; readonly mode: 'same' | 'all' };

/** Source of a stage that reads the run's input. */
export const INPUT = -1;
/** The stage that reads it, where a run has several inputs. */
const FIRST = 0;

type Common = {
  /** 0: as many tasks as the run has partitions. After a sort: as many as it has ranges. */
  readonly width: number;
  readonly inputs: readonly PlanSource[];
};

export type PlannedStage = Common &
  (
    | { readonly kind: 'rows'; readonly from: number; readonly to: number }
    | { readonly kind: 'request'; readonly operator: number }
    | { readonly kind: 'infer'; readonly operator: number }
    /** As infer, by a program: docs/models.md#stage. */
    | { readonly kind: 'model'; readonly operator: number }
    /** Reads rows and results, then runs the row operators [from, to). */
    | { readonly kind: 'receive'; readonly operator: number; readonly from: number; readonly to: number }
    /** What partitions of another input send to a join. */
    | { readonly kind: 'other'; readonly operator: number }
    | { readonly kind: 'keys'; readonly operator: number }
    | { readonly kind: 'reduce'; readonly operator: number }
    | { readonly kind: 'cluster'; readonly operator: number }
    /** Reads rows and what the buckets say of them, then runs the row operators [from, to). */
    | { readonly kind: 'apply'; readonly operator: number; readonly from: number; readonly to: number }
    /** Rows on their way to the ranges of a sort. */
    | { readonly kind: 'send'; readonly operator: number }
    | { readonly kind: 'sort'; readonly operator: number }
    /** `part` is an index into the split's parts, or -1 without a split. */
    | { readonly kind: 'sink'; readonly name: string; readonly part: number }
    /** With the rows that `sort`, an operator or -1, has rejected: its result leaves the rejects behind. */
    | { readonly kind: 'rejects'; readonly name: 'rejects'; readonly sort: number }
  );

/**
 * Consecutive row operators are one stage, or part of the stage before them; a model operator is request, infer (model, where the model is a program), receive; an operator over the
 * whole dataset is keys, reduce, (cluster,) apply. Not fused, each row operator is a stage of its own: `mizu dev` looks between them.
 * `answered`: the first operator is a model's, and the input has its results beside the rows (docs/rows.md#answered).
 */
export function planStages(operators: readonly Operator[], fused = true, answered = false): PlannedStage[] {
  const stages: PlannedStage[] = [];
  const same = (stage: number): PlanSource => ({ stage, mode: 'same' });
  const all = (stage: number): PlanSource => ({ stage, mode: 'all' });
  const push = (stage: PlannedStage): number => stages.push(stage) - 1;
  let rows = INPUT;
  /** Tasks of a stage of rows. */
  let width = 0;
  let at = 0;
  const takeRowOperators = (): { from: number; to: number } => {
    const from = at;
    while (at < operators.length && isRowOperator(operators[at]!)) at++;
    return { from, to: at };
  };

  const fuse = (): { from: number; to: number } => (fused ? takeRowOperators() : { from: at, to: at });

  const pushExchange = (own: ExchangeOperator, operator: number): number => {
    const other =
      own.kind === 'join' && own.right.kind === 'input'
        ? [all(push({ kind: 'other', operator, width: 0, inputs: [same(FIRST)] }))]
        : [];
    const keys = push({ kind: 'keys', operator, width, inputs: [same(rows)] });
    // Each partition sees at once what the others have sent.
    if (own.kind === 'limit' || (own.kind === 'batch' && own.key === null))
      return push({ kind: 'apply', operator, width, inputs: [same(rows), all(keys)], ...fuse() });
    const buckets = own.kind === 'draw' ? 1 : own.buckets;
    const reduced = push({ kind: 'reduce', operator, width: buckets, inputs: [...other, all(keys)] });
    if (own.kind !== 'dedupe')
      return push({ kind: 'apply', operator, width, inputs: [same(rows), same(keys), all(reduced)], ...fuse() });
    const drops =
      own.near === null ? reduced : push({ kind: 'cluster', operator, width: 1, inputs: [all(keys), all(reduced)] });
    return push({ kind: 'apply', operator, width, inputs: [same(rows), all(drops)], ...fuse() });
  };

  const pushSort = (own: SortOperator, operator: number): number => {
    const samples = push({ kind: 'keys', operator, width, inputs: [same(rows)] });
    const sent = push({ kind: 'send', operator, width, inputs: [same(rows), all(samples)] });
    push({ kind: 'rejects', name: 'rejects', sort: operator, width, inputs: [same(rows), same(sent)] });
    width = own.buckets;
    return push({ kind: 'sort', operator, width, inputs: [all(sent)] });
  };

  // Rows of another input come through one stage of rows, from which on they are none of the dataset's.
  if (inputsOf(operators).length > 0 && !isRowOperator(operators[0]!))
    rows = push({ kind: 'rows', width, inputs: [same(INPUT)], from: 0, to: 0 });
  while (at < operators.length) {
    if (isRowOperator(operators[at]!)) {
      const range = fused ? takeRowOperators() : { from: at, to: ++at };
      rows = push({ kind: 'rows', width, inputs: [same(rows)], ...range });
      continue;
    }
    const operator = at++;
    const own = operators[operator]!;
    if (own.kind === 'llm' && answered && operator === 0) {
      rows = push({ kind: 'receive', operator, width, inputs: [same(INPUT)], ...fuse() });
    } else if (own.kind === 'llm') {
      const request = push({ kind: 'request', operator, width, inputs: [same(rows)] });
      const kind = isProvable(own.model) ? 'model' : 'infer';
      const answers = push({ kind, operator, width, inputs: [same(request)] });
      rows = push({ kind: 'receive', operator, width, inputs: [same(rows), same(answers)], ...fuse() });
    } else if (isExchangeOperator(own)) {
      rows = pushExchange(own, operator);
    } else if (own.kind === 'sort') {
      rows = pushSort(own, operator);
    }
  }
  const split = operators.at(-1);
  const parts = split?.kind === 'split' ? split.parts.map((part) => part.name) : ['train'];
  parts.forEach((name, i) => {
    push({ kind: 'sink', name, part: split?.kind === 'split' ? i : -1, width, inputs: [same(rows)] });
  });
  push({ kind: 'rejects', name: 'rejects', sort: -1, width, inputs: [same(rows)] });
  return stages;
}
