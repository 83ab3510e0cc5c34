// docs/sdk.md#retry: the rest of a workflow from one of its operators on, for the rows that this operator has rejected.
import { MizuError } from '../../protocol/errors.ts';
import { inputsOf, isWholeOperator, type Operator } from './operator.ts';

/** Where a program begins in its workflow; with neither of both at the first operator. */
export type Start = {
  /** At this operator, with the rows that it has rejected: docs/sdk.md#retry. */
  readonly from?: string | undefined;
  /** With all rows, as they are behind so many operators: docs/sdk.md#reuse. */
  readonly begin?: Begin | undefined;
};

export type Begin = {
  readonly operators: number;
  /** The model operator after these has been answered: the input has its results too. */
  readonly answered: boolean;
};

/** @throws MizuError `sdk/no-operator`, `sdk/retry-operator` */
export function restOf(operators: readonly Operator[], { from, begin }: Start): readonly Operator[] {
  return begin === undefined ? tailOf(operators, from) : operators.slice(begin.operators);
}

/** @throws MizuError `sdk/no-operator`, `sdk/retry-operator` */
export function tailOf(operators: readonly Operator[], from: string | undefined): readonly Operator[] {
  if (from === undefined) return operators;
  // Rows that were broken are its rejects too, whether there is a schema or not.
  if (from === 'input') return operators;
  const at = operators.findIndex(({ name }) => name === from);
  if (inputsOf(operators).some(({ name }) => name === from)) throw refused(from, 'an operator', 'an input', INPUT_HINT);
  if (at < 0) throw noOperator(from, operators);
  const own = operators[at] as Operator;
  if (isWholeOperator(own)) throw refused(from, EACH_ROW, `a ${own.kind}`, WHOLE_HINT);
  return operators.slice(at);
}

const EACH_ROW = 'an operator that looks at one row alone';
const INPUT_HINT = 'Its rows are matched with all of the dataset: correct its file, and run the workflow again.';
const WHOLE_HINT = 'Such an operator decides on a row by all others. Run the workflow again on the whole input.';

function noOperator(from: string, operators: readonly Operator[]): MizuError {
  return new MizuError({
    code: 'sdk/no-operator',
    message: `The workflow has no operator '${from}'.`,
    expected: `one of ${operators.map(({ name }) => name).join(', ')}`,
    actual: from,
    hint: 'The rejects name their operator: see rejects.jsonl of the dataset.',
  });
}

function refused(from: string, expected: string, actual: string, hint: string): MizuError {
  const message = `The rejects of operator '${from}' cannot be tried again by themselves.`;
  return new MizuError({ code: 'sdk/retry-operator', message, expected, actual, hint });
}
