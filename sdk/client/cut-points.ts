// docs/sdk.md#reuse: where another program may go on with what a run has made: behind a stage that writes rows, or when a model has answered.
import type { ObjectRef } from '../../protocol/tree.ts';
import type { Metadata } from '../compile/definition.ts';
import { INPUT } from '../workflow/plan.ts';
import type { Begin } from '../workflow/tail.ts';
import type { RunFacts } from './run-facts.ts';

export type CutPoint = {
  readonly begin: Begin;
  /** Stage whose outputs are the rows; INPUT: the run's own input. */
  readonly rows: number;
  /** Stage whose outputs are the answers to them. */
  readonly results?: number;
};

/** In the order of the operators. Behind a sort there are none: what was rejected before it the sorted rows leave behind. */
export function cutPoints({ stages, begin }: Pick<Metadata, 'stages' | 'begin'>): CutPoint[] {
  const points: CutPoint[] = [];
  let operators = begin?.operators ?? 0;
  let rows = INPUT;
  for (const [stage, { kind, operators: labels }] of stages.entries()) {
    if (kind === 'send') break;
    if (kind === 'infer' || kind === 'model')
      points.push({ begin: { operators, answered: true }, rows, results: stage });
    if (kind !== 'rows' && kind !== 'receive' && kind !== 'apply') continue;
    operators += labels.length;
    rows = stage;
    points.push({ begin: { operators, answered: false }, rows });
  }
  return points;
}

/** The objects that are there at a point, by partition. */
export function madeAt(
  { inputs, outputs }: Pick<RunFacts, 'inputs' | 'outputs'>,
  { rows, results }: CutPoint,
): { readonly rows: readonly ObjectRef[]; readonly results: readonly ObjectRef[] | undefined } {
  return {
    rows: rows === INPUT ? inputs : (outputs.get(rows) ?? []),
    results: results === undefined ? undefined : (outputs.get(results) ?? []),
  };
}

/** Place of the last operator that decides on what is there at a point. */
export function lastOperator({ operators, answered }: Begin): number {
  return answered ? operators : operators - 1;
}
