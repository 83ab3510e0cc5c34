// docs/sdk.md#stages: one program serves all stages of a workflow; MIZU_STAGE says which one a task is.
import { INPUT, planStages } from '../workflow/plan.ts';
import {
  type ExchangeStep,
  isExchangeStep,
  isRowStep,
  isWholeStep,
  type SplitStep,
  type Step,
  type Workflow,
} from '../workflow/step.ts';
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
import { createRowStep } from './row-steps.ts';
import { openRowset } from './rowset.ts';
import { createReceive, readResults, runRequest } from './stage-infer.ts';
import { runJoinOther } from './stage-join.ts';
import { runCluster } from './stage-near.ts';
import { runRowStage } from './stage-rows.ts';
import { runRejects, runSink } from './stage-sink.ts';
import { runSortRange, runSortSamples, runSortSend } from './stage-sort.ts';
import type { StageStep } from './verdict.ts';

/** What the compiler knows and the VM need not work out. */
export type Settings = Start & {
  /** Of each model operator whose answer is JSON, by its name. */
  readonly formats: Readonly<Record<string, AnswerFormat>>;
  readonly source: SourceTable;
  readonly fused: boolean;
};

/** The program: called once per task. */
export function createMain(workflow: Workflow, settings: Settings): (io: GuestIo) => void {
  const { rowBudget } = workflow;
  const steps = restOf(workflow.steps, settings);
  const stages = planStages(steps, settings.fused, settings.begin?.answered);
  const hasKept = settings.from !== undefined && steps.some(isWholeStep);
  return (io) => {
    refusePromises();
    useCompiled(io);
    const context: Context = { io, source: settings.source, rowBudget };
    const stage = stages[readNumber(io, 'MIZU_STAGE')];
    const partition = readNumber(io, 'MIZU_PARTITION');
    if (stage === undefined)
      throw new Error(`there is no stage ${io.env.MIZU_STAGE}; the workflow has ${stages.length}`);
    if (hasKept && passKept(io, steps, stages, stage)) return;
    // Of the run's inputs one may be another than the dataset's own.
    const other = stage.inputs[0]!.stage === INPUT ? otherInput(io, steps) : null;
    if (other !== null) return runRowStage(context, FIRST_INPUT, [other], true);
    switch (stage.kind) {
      case 'rows':
        return runRowStage(context, FIRST_INPUT, rowSteps(io, steps, stage));
      case 'other':
        return runJoinOther(context, stepOf(steps, stage.step, 'join'));
      case 'request': {
        const step = stepOf(steps, stage.step, 'llm');
        return runRequest(context, step, settings.formats[step.name] ?? null);
      }
      case 'receive': {
        const results = readResults(io, stage.inputs.length === 1 ? FIRST_INPUT : FIRST_INPUT + 1);
        const rows = openRowset(io, FIRST_INPUT).out;
        const receive = createReceive(stepOf(steps, stage.step, 'llm'), rows, results, settings.source);
        return runRowStage(context, FIRST_INPUT, [receive, ...rowSteps(io, steps, stage)]);
      }
      case 'keys': {
        const sort = steps[stage.step]!;
        if (sort.kind === 'sort')
          return runSortSamples(context, sort, partition, stage.width || readNumber(io, 'MIZU_PARTITIONS'));
        const step = exchangeStep(steps, stage.step);
        return exchangeOf(step).keys(context, step, partition);
      }
      case 'reduce': {
        const step = exchangeStep(steps, stage.step);
        return exchangeOf(step).reduce(context, step, partition, readNumber(io, 'MIZU_PARTITIONS'));
      }
      case 'cluster':
        return runCluster(io, io.inputCount() - FIRST_INPUT - stepOf(steps, stage.step, 'dedupe').buckets);
      case 'apply': {
        const step = exchangeStep(steps, stage.step);
        const apply = exchangeOf(step).apply(io, step, partition);
        return runRowStage(context, FIRST_INPUT, [apply, ...rowSteps(io, steps, stage)]);
      }
      case 'send':
        return runSortSend(context, stepOf(steps, stage.step, 'sort'), partition);
      case 'sort':
        return runSortRange(context, stepOf(steps, stage.step, 'sort'), partition);
      case 'sink':
        return runSink(context, stage.part < 0 ? null : (steps.at(-1) as SplitStep), stage.part);
      case 'rejects':
        return runRejects(io, stage.sort < 0 ? null : stepOf(steps, stage.sort, 'sort'));
      case 'infer':
        throw new Error('an infer stage has no program');
    }
  };
}

function rowSteps(
  io: GuestIo,
  steps: readonly Step[],
  stage: { readonly from: number; readonly to: number },
): StageStep[] {
  return steps
    .slice(stage.from, stage.to)
    .filter(isRowStep)
    .map((step) => createRowStep(io, step));
}

function exchangeStep(steps: readonly Step[], index: number): ExchangeStep {
  const step = steps[index];
  if (step === undefined || !isExchangeStep(step)) throw new Error(`step ${index} is not one over the whole dataset`);
  return step;
}

function stepOf<K extends Step['kind']>(steps: readonly Step[], index: number, kind: K): Extract<Step, { kind: K }> {
  const step = steps[index];
  if (step?.kind !== kind) throw new Error(`step ${index} is not a ${kind} step`);
  return step as Extract<Step, { kind: K }>;
}

function readNumber(io: GuestIo, name: string): number {
  const value = Number(io.env[name]);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} is ${io.env[name]}, expected a number`);
  return value;
}
