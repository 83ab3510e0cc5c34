// docs/sdk.md#quote: what a run will cost, from a dry run of sampled rows on the DataVM.

import type { Backend } from '../../edge/backends/backend.ts';
import { TASK_BASE_GAS } from '../../protocol/constants.ts';
import type { BundledWorkflow } from '../compile/compile.ts';
import { encodeRowset, type InputRow } from '../input/rowset.ts';
import type { LocalEngine } from '../local/engine.ts';
import { type LocalRun, runPartitions } from '../local/run-local.ts';
import type { ModelPrice } from './prices.ts';
import type { Survey } from './survey.ts';

export type Quote = {
  readonly rows: number;
  readonly partitions: number;
  readonly sampledRows: number;
  /** Expected, and with margin. */
  readonly gas: Range;
  readonly inputTokens: Range;
  readonly outputTokens: Range;
  readonly costWei: { readonly expected: bigint; readonly upper: bigint };
  /** Gas that the largest task may need, with margin: the run's limit per task. */
  readonly taskGasLimit: bigint;
  readonly dryRun: LocalRun;
};

export type Range = { readonly expected: bigint; readonly upper: bigint };

export const SAMPLE_ROWS = 20;
/** Rows differ in size: what 20 of them say is off by a third now and then. */
const GAS_MARGIN = 150n;
const TOKEN_MARGIN = 130n;
const TASK_MARGIN = 400n;
/** Below that a task limit protects nobody. */
const MIN_TASK_GAS = 2_000_000_000n;

export type QuoteOptions = {
  readonly gasPriceWei: bigint;
  readonly prices: ReadonlyMap<string, ModelPrice>;
  readonly messageFeeWei: bigint;
  readonly backends?: readonly Backend[] | undefined;
};

/**
 * Runs the sample and half of it: their difference is what a row costs, the rest what a task costs whatever its size.
 * Without a backend for a model, that model's tokens are its prompt's length / 4 and its maxTokens.
 */
export async function createQuote(
  workflow: BundledWorkflow,
  engine: LocalEngine,
  survey: Survey,
  options: QuoteOptions,
): Promise<Quote> {
  const whole = await dryRun(workflow, engine, survey.sample, options);
  const half =
    survey.sample.length < 4
      ? null
      : await dryRun(workflow, engine, survey.sample.slice(0, Math.ceil(survey.sample.length / 2)), options);
  const sampled = BigInt(survey.sample.length);
  const rows = BigInt(survey.rows);
  const partitions = BigInt(survey.refs.length);
  let gas = 0n;
  let largestTask = 0n;
  whole.stages.forEach((stage, i) => {
    const tasks = BigInt(
      stage.outputs.length === 1 && stage.stage.width === 0 ? survey.refs.length : stage.outputs.length,
    );
    const smaller = half?.stages[i]?.gasUsed ?? 0n;
    const difference = half === null ? sampled : sampled - BigInt(Math.ceil(survey.sample.length / 2));
    const grown = stage.gasUsed > smaller ? stage.gasUsed - smaller : 0n;
    const base = max(
      0n,
      (stage.gasUsed - (grown * sampled) / max(difference, 1n)) / BigInt(Math.max(1, stage.outputs.length)),
    );
    const forRows = (grown * rows) / max(difference, 1n);
    // What the kernel adds to a task is paid and is no part of the task's own limit.
    gas += (base + (stage.stage.kind === 'infer' ? 0n : TASK_BASE_GAS)) * tasks + forRows;
    largestTask = max(largestTask, base + forRows / max(tasks, 1n));
  });
  const scale = (tokens: number): bigint => (sampled === 0n ? 0n : (BigInt(tokens) * rows + sampled - 1n) / sampled);
  const inputTokens = scale(whole.inputTokens);
  const outputTokens = scale(whole.outputTokens);
  const tokenWei = (margin: bigint): bigint => {
    let wei = 0n;
    for (const stage of whole.stages) {
      if (stage.stage.kind !== 'infer') continue;
      const price = options.prices.get(workflow.description.steps[stage.stage.step]!.model!);
      if (price === undefined) continue;
      wei += scale(stage.inputTokens) * price.inputWei + scale(stage.outputTokens) * price.outputWei;
    }
    return (wei * margin) / 100n;
  };
  const gasUpper = (gas * GAS_MARGIN) / 100n + partitions * BigInt(whole.stages.length) * 10_000n;
  return {
    rows: survey.rows,
    partitions: survey.refs.length,
    sampledRows: survey.sample.length,
    gas: { expected: gas, upper: gasUpper },
    inputTokens: { expected: inputTokens, upper: (inputTokens * TOKEN_MARGIN) / 100n },
    outputTokens: { expected: outputTokens, upper: (outputTokens * TOKEN_MARGIN) / 100n },
    costWei: {
      expected: gas * options.gasPriceWei + tokenWei(100n) + options.messageFeeWei,
      upper: gasUpper * options.gasPriceWei + tokenWei(TOKEN_MARGIN) + options.messageFeeWei,
    },
    taskGasLimit: max(MIN_TASK_GAS, (largestTask * TASK_MARGIN) / 100n),
    dryRun: whole,
  };
}

function dryRun(
  workflow: BundledWorkflow,
  engine: LocalEngine,
  rows: readonly InputRow[],
  { backends }: QuoteOptions,
): Promise<LocalRun> {
  return runPartitions(workflow, engine, [encodeRowset(rows)], backends === undefined ? {} : { backends });
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
