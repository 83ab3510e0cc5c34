// docs/sdk.md#retry: rows that an earlier run has brought to an operator over the whole dataset wait there for those that are tried again.
import { padHeader } from '../../protocol/rows.ts';
import { isWholeOperator, type Operator } from '../workflow/operator.ts';
import type { PlannedStage } from '../workflow/plan.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { openAnyRowset } from './rowset.ts';

/** Of a stage before the first operator over the whole dataset: true if its rows have come to that already, and are passed on as they are. */
export function passKept(
  io: GuestIo,
  operators: readonly Operator[],
  stages: readonly PlannedStage[],
  stage: PlannedStage,
): boolean {
  if (stages.indexOf(stage) >= meetingPlace(stages)) return false;
  const { at } = openAnyRowset(io, FIRST_INPUT);
  if (at === undefined) return false;
  const met = operators.find(isWholeOperator)?.name;
  if (at !== met) throw new Error(`the rows have come to the operator '${at}', and not to '${met}'`);
  const operator = stage.kind === 'request' ? operators[stage.operator] : undefined;
  if (operator?.kind === 'llm') io.write(padHeader({ mizu: 'requests', count: 0, model: operator.model }));
  else io.write(io.read(FIRST_INPUT, 0, io.inputSize(FIRST_INPUT)));
  return true;
}

function meetingPlace(stages: readonly PlannedStage[]): number {
  return stages.findIndex(({ kind }) => kind === 'keys' || kind === 'other');
}
