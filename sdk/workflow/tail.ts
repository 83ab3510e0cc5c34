// docs/sdk.md#retry: the rest of a workflow from one of its steps on, for the rows that this step has rejected.
import { MizuError } from '../../protocol/errors.ts';
import { isRowStep, type Step } from './step.ts';

/** @throws MizuError `sdk/no-step`, `sdk/retry-step` */
export function tailOf(steps: readonly Step[], from: string | undefined): readonly Step[] {
  if (from === undefined) return steps;
  const at = steps.findIndex(({ name }) => name === from);
  if (at < 0) throw noStep(from, steps);
  if (from === 'input') throw refused(from, 'a step of the workflow', 'the schema of the input', INPUT_HINT);
  const tail = steps.slice(at);
  const whole = tail.find((step) => step.kind !== 'llm' && step.kind !== 'split' && !isRowStep(step));
  if (whole !== undefined) throw refused(from, EACH_ROW, `'${whole.name}', a ${whole.kind}`, WHOLE_HINT);
  return tail;
}

const EACH_ROW = 'steps from there on that look at one row alone';
const INPUT_HINT = 'Its rejects fail again as they are: correct them, and run them as an input of their own.';
const WHOLE_HINT =
  'Such a step would see the rejected rows without those that are kept. Run the workflow again on the whole input.';

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
