// docs/sdk.md#stages: one program serves all stages of a workflow; MIZU_STAGE says which one a task is.

import type { SimulatorRef } from '../../edge/backends/simulate-request.ts';
import {
  type ExchangeOperator,
  isExchangeOperator,
  isRowOperator,
  isWholeOperator,
  type Operator,
  type SplitOperator,
  type Workflow,
} from '../workflow/operator.ts';
import { INPUT, planStages } from '../workflow/plan.ts';
import { restOf, type Start } from '../workflow/tail.ts';
import type { Context } from './attempts.ts';
import { useCompiled } from './compiled.ts';
import { exchangeOf } from './exchange.ts';
import { refusePromises } from './guard.ts';
import { FIRST_INPUT, type GuestIo } from './io.ts';
import { passKept } from './kept.ts';
import type { SourceTable } from './locate.ts';
import { otherInput } from './other-input.ts';
import type { AnswerFormat } from './request.ts';
import { createRowOperator } from './row-operators.ts';
import { openRowset } from './rowset.ts';
import { createReceive, readResults, runRequest } from './stage-infer.ts';
import { runJoinOther } from './stage-join.ts';
import { runCluster } from './stage-near.ts';
import { runRowStage } from './stage-rows.ts';
import { runRejects, runSink } from './stage-sink.ts';
import { runSortRange, runSortSamples, runSortSend } from './stage-sort.ts';
import type { StageOperator } from './verdict.ts';

/** What the compiler knows and the VM need not work out. */
export type Settings = Start & {
  /** Of each model operator whose answer is JSON, by its name. */
  readonly formats: Readonly<Record<string, AnswerFormat>>;
  /** Of each simulator, by its operator's name. */
  readonly programs: Readonly<Record<string, SimulatorRef>>;
  readonly source: SourceTable;
  readonly fused: boolean;
};

/** The program: called once per task. */
export function createMain(workflow: Workflow, settings: Settings): (io: GuestIo) => void {
  const { rowBudget } = workflow;
  const operators = restOf(workflow.operators, settings);
  const stages = planStages(operators, settings.fused, settings.begin?.answered);
  const hasKept = settings.from !== undefined && operators.some(isWholeOperator);
  return (io) => {
    refusePromises();
    useCompiled(io);
    const context: Context = { io, source: settings.source, rowBudget };
    const stage = stages[readNumber(io, 'MIZU_STAGE')];
    const partition = readNumber(io, 'MIZU_PARTITION');
    if (stage === undefined)
      throw new Error(`there is no stage ${io.env.MIZU_STAGE}; the workflow has ${stages.length}`);
    if (hasKept && passKept(io, operators, stages, stage)) return;
    // Of the run's inputs one may be another than the dataset's own.
    const other = stage.inputs[0]!.stage === INPUT ? otherInput(io, operators) : null;
    if (other !== null) return runRowStage(context, FIRST_INPUT, [other], true);
    switch (stage.kind) {
      case 'rows':
        return runRowStage(context, FIRST_INPUT, rowOperators(io, operators, stage));
      case 'other':
        return runJoinOther(context, operatorOf(operators, stage.operator, 'join'));
      case 'request': {
        const operator = operatorOf(operators, stage.operator, 'llm');
        const { formats, programs } = settings;
        const { name } = operator;
        return runRequest(context, operator, { format: formats[name] ?? null, program: programs[name] ?? null });
      }
      case 'receive': {
        const results = readResults(io, stage.inputs.length === 1 ? FIRST_INPUT : FIRST_INPUT + 1);
        const rows = openRowset(io, FIRST_INPUT).out;
        const receive = createReceive(operatorOf(operators, stage.operator, 'llm'), rows, results, settings.source);
        return runRowStage(context, FIRST_INPUT, [receive, ...rowOperators(io, operators, stage)]);
      }
      case 'keys': {
        const sort = operators[stage.operator]!;
        if (sort.kind === 'sort')
          return runSortSamples(context, sort, partition, stage.width || readNumber(io, 'MIZU_PARTITIONS'));
        const operator = exchangeOperator(operators, stage.operator);
        return exchangeOf(operator).keys(context, operator, partition);
      }
      case 'reduce': {
        const operator = exchangeOperator(operators, stage.operator);
        return exchangeOf(operator).reduce(context, operator, partition, readNumber(io, 'MIZU_PARTITIONS'));
      }
      case 'cluster':
        return runCluster(io, io.inputCount() - FIRST_INPUT - operatorOf(operators, stage.operator, 'dedupe').buckets);
      case 'apply': {
        const operator = exchangeOperator(operators, stage.operator);
        const apply = exchangeOf(operator).apply(io, operator, partition);
        return runRowStage(context, FIRST_INPUT, [apply, ...rowOperators(io, operators, stage)]);
      }
      case 'send':
        return runSortSend(context, operatorOf(operators, stage.operator, 'sort'), partition);
      case 'sort':
        return runSortRange(context, operatorOf(operators, stage.operator, 'sort'), partition);
      case 'sink':
        return runSink(context, stage.part < 0 ? null : (operators.at(-1) as SplitOperator), stage.part);
      case 'rejects':
        return runRejects(io, stage.sort < 0 ? null : operatorOf(operators, stage.sort, 'sort'));
      case 'infer':
        throw new Error('an infer stage has no program');
      case 'model':
        throw new Error('this is not the program of the model');
    }
  };
}

function rowOperators(
  io: GuestIo,
  operators: readonly Operator[],
  stage: { readonly from: number; readonly to: number },
): StageOperator[] {
  return operators
    .slice(stage.from, stage.to)
    .filter(isRowOperator)
    .map((operator) => createRowOperator(io, operator));
}

function exchangeOperator(operators: readonly Operator[], index: number): ExchangeOperator {
  const operator = operators[index];
  if (operator === undefined || !isExchangeOperator(operator))
    throw new Error(`operator ${index} is not one over the whole dataset`);
  return operator;
}

function operatorOf<K extends Operator['kind']>(
  operators: readonly Operator[],
  index: number,
  kind: K,
): Extract<Operator, { kind: K }> {
  const operator = operators[index];
  if (operator?.kind !== kind) throw new Error(`operator ${index} is not a ${kind} operator`);
  return operator as Extract<Operator, { kind: K }>;
}

function readNumber(io: GuestIo, name: string): number {
  const value = Number(io.env[name]);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} is ${io.env[name]}, expected a number`);
  return value;
}
