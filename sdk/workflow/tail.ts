// docs/sdk.md#retry: the rest of a workflow from one of its operators on, for the rows that this operator has rejected.
import { MizuError } from '../../protocol/errors.ts';
import { inputsOf, isWholeStep, type Step } from './step.ts';

/** Where a program begins in its workflow; with neither of both at the first operator. */
export type Start = {
  /** At this operator, with the rows that it has rejected: docs/sdk.md#retry. */
  readonly from?: string | undefined;
  /** With all rows, as they are behind so many operators: docs/sdk.md#reuse. */
  readonly begin?: Begin | undefined;
};

export type Begin = {
  readonly steps: number;
  /** The model operator after these has been answered: the input has its results too. */
  readonly answered: boolean;
};

/** @throws MizuError `sdk/no-step`, `sdk/retry-step` */
export function restOf(steps: readonly Step[], { from, begin }: Start): readonly Step[] {
  return begin === undefined ? tailOf(steps, from) : steps.slice(begin.steps);
}

/** @throws MizuError `sdk/no-step`, `sdk/retry-step` */
export function tailOf(steps: readonly Step[], from: string | undefined): readonly Step[] {
  if (from === undefined) return steps;
  // Rows that were broken are its rejects too, whether there is a schema or not.
  if (from === 'input') return steps;
  const at = steps.findIndex(({ name }) => name === from);
  if (inputsOf(steps).some(({ name }) => name === from)) throw refused(from, 'a step', 'an input', INPUT_HINT);
  if (at < 0) throw noStep(from, steps);
  const own = steps[at] as Step;
  if (isWholeStep(own)) throw refused(from, EACH_ROW, `a ${own.kind}`, WHOLE_HINT);
  return steps.slice(at);
}

const EACH_ROW = 'a step that looks at one row alone';
const INPUT_HINT = 'Its rows are matched with all of the dataset: correct its file, and run the workflow again.';
const WHOLE_HINT = 'Such a step decides on a row by all others. Run the workflow again on the whole input.';

function noStep(from: string, steps: readonly Step[]): MizuError {
  return new MizuError({
    code: 'sdk/no-step',
    message: `The workflow has no step '${from}'.`,
    expected: `one of ${steps.map(({ name }) => name).join(', ')}`,
    actual: from,
    hint: 'The rejects name their step: see rejects.jsonl of the dataset.',
  });
}

function refused(from: string, expected: string, actual: string, hint: string): MizuError {
  const message = `The rejects of step '${from}' cannot be tried again by themselves.`;
  return new MizuError({ code: 'sdk/retry-step', message, expected, actual, hint });
}
