// docs/sdk.md#quote: what a run will cost, from a dry run of sampled rows on the DataVM.

import type { Backend } from '../../edge/backends/backend.ts';
import { createBuiltinBackend } from '../../edge/backends/builtin.ts';
import { itemGas, resultGas, taskGas } from '../../kernel/fees.ts';
import { INPUT_BYTE_GAS, MAX_STAGE_GAS } from '../../protocol/constants.ts';
import type { BundledWorkflow } from '../compile/compile.ts';
import { encodeRowset, type InputRow } from '../input/rowset.ts';
import type { LocalEngine } from '../local/engine.ts';
import type { LocalProgress, StageRun } from '../local/graph.ts';
import { rememberAnswers } from '../local/remember.ts';
import { type LocalRun, runPartitions } from '../local/run-local.ts';
import { INPUT, type PlannedStage } from '../workflow/plan.ts';
import type { ModelPrice } from './prices.ts';
import type { OtherSurvey, Survey } from './survey.ts';

/** What a run is expected to cost, from a dry run of some rows on this machine. */
export type Quote = {
  readonly rows: number;
  readonly partitions: number;
  readonly sampledRows: number;
  /** Expected, and with margin. */
  readonly gas: QuoteRange;
  readonly inputTokens: QuoteRange;
  readonly outputTokens: QuoteRange;
  readonly costWei: { readonly expected: bigint; readonly upper: bigint };
  /** Most that all answers may cost, tokens and bytes, and those of one partition; 0 if the dry run has seen no token. */
  readonly inferenceWei: bigint;
  readonly itemWei: bigint;
  /** Gas that the largest task may need, with margin: the run's limit per task. The network's own, if operators look at the whole dataset. */
  readonly taskGasLimit: bigint;
  readonly dryRun: LocalRun;
  /** The input in the partitions that this is the quote of: smaller ones than before, if a task would have needed too much gas. */
  readonly survey: Survey;
};

export type QuoteRange = { readonly expected: bigint; readonly upper: bigint };

/** Rows differ in size: what 20 of them say is off by a third now and then. */
const GAS_MARGIN = 150n;
const TOKEN_MARGIN = 130n;
const TASK_MARGIN = 400n;
/** Of the most gas that a task may use: rows of one partition may be dearer than those of the sample. */
const SIZE_MARGIN = 200n;
/** Of a gateway and 7 members, when every result comes alone. */
const SIGNATURES = 8;
/** What limits gateways is no estimate: it only has to be above what honest ones ask. */
const INFERENCE_MARGIN = 200n;
const ITEM_MARGIN = 300n;
/** What a row of a near dedupe costs at most over all buckets, measured: docs/sdk.md#near. Twenty rows have no neighbours to be compared with. */
const NEAR_ROW_GAS = 100_000n;
/** What a pair of vectors of a semantic dedupe costs, measured: docs/sdk.md#semantic. */
const PAIR_GAS = 100n;
/** Below that a task limit protects nobody. */
const MIN_TASK_GAS = 2_000_000_000n;

/** The prices that a quote is made with, and what answers during its dry run. */
export type QuotePrices = {
  /** Wei per gas. */
  readonly gasPrice: bigint;
  readonly prices: ReadonlyMap<string, ModelPrice>;
  /** Of the messages that deploy and run it. */
  readonly messageFeeWei: bigint;
  /** What loading its program costs each task of a stage, by the stage's place. */
  readonly loadGas: (stage: number) => bigint;
  readonly backends?: readonly Backend[] | undefined;
  readonly onProgress?: ((progress: LocalProgress) => void) | undefined;
};

/**
 * Runs the sample and half of it: their difference is what a row costs, the rest what a task costs whatever its size. Where the tasks of the
 * input's partitions would use too much gas, the input is cut anew.
 */
export async function createQuote(
  workflow: BundledWorkflow,
  engine: LocalEngine,
  survey: Survey,
  { onProgress, ...options }: QuotePrices,
): Promise<Quote> {
  const backends = rememberAnswers(options.backends ?? [createBuiltinBackend()]);
  // Behind the rows of the dataset, which differ from run to run.
  const { kept } = survey;
  const joined = survey.others.map(({ name, sample }) => encodeRowset(sample, { input: name }));
  if (kept !== undefined) joined.push(encodeRowset(kept.sample, { at: kept.at }));
  const run = (rows: readonly InputRow[]): Promise<LocalRun> =>
    runPartitions(workflow, engine, [(survey.encode ?? encodeRowset)(rows), ...joined], {
      backends,
      ...(onProgress && { onProgress }),
    });
  const whole = await run(survey.sample);
  const half = survey.sample.length < 4 ? null : await run(survey.sample.slice(0, Math.ceil(survey.sample.length / 2)));
  const quote = project(workflow, survey, whole, half, options);
  const partitionRows = fittingRows(whole, half, survey);
  if (partitionRows >= survey.mostRows || survey.resize === undefined) return quote;
  return project(workflow, await survey.resize(partitionRows), whole, half, options);
}

/** Most rows of a partition, by the gas that a row and a task take; a power of two, so that a small difference of the gas makes none. */
function fittingRows(whole: LocalRun, half: LocalRun | null, { sample }: Survey): number {
  const difference = BigInt(half === null ? sample.length : sample.length - Math.ceil(sample.length / 2));
  let least = Number.POSITIVE_INFINITY;
  whole.stages.forEach((run, i) => {
    const grown = (run.taskGas?.[0] ?? 0n) - (half?.stages[i]?.taskGas?.[0] ?? 0n);
    if (run.stage.width !== 0 || grown <= 0n || difference === 0n) return;
    const base = max(0n, run.taskGas![0]! - (grown * BigInt(sample.length)) / difference);
    least = Math.min(least, Number(((MAX_STAGE_GAS * 100n) / SIZE_MARGIN - base) * difference) / Number(grown));
  });
  return least === Number.POSITIVE_INFINITY ? least : 2 ** Math.floor(Math.log2(Math.max(1, least)));
}

/** From what the dry run has used to all rows in their partitions. */
function project(
  workflow: BundledWorkflow,
  survey: Survey,
  whole: LocalRun,
  half: LocalRun | null,
  options: Omit<QuotePrices, 'onProgress'>,
): Quote {
  const { kept } = survey;
  const besides = [...survey.others, ...(kept === undefined ? [] : [kept])];
  const sampled = BigInt(survey.sample.length);
  const rows = BigInt(survey.rows);
  const own = BigInt(survey.refs.length);
  const partitions = BigInt(survey.allRefs.length);
  const largest = BigInt(survey.refs.reduce((most, { length }) => Math.max(most, length), 0));
  const bytes = BigInt(Math.max(survey.bytes, 1));
  // A stage that reads what all partitions have made does not grow like its sample: what one of its tasks takes is not known before.
  const isExchange = workflow.description.stages.some(({ inputs }) => inputs.some(({ mode }) => mode === 'all'));
  const near = new Set(workflow.description.stages.flatMap((one) => (one.kind === 'cluster' ? [one.operator] : [])));
  let gas = 0n;
  let unseenGas = 0n;
  let largestTask = 0n;
  const scale = (count: number): bigint => (sampled === 0n ? 0n : (BigInt(count) * rows + sampled - 1n) / sampled);
  const tasksOf = (index: number): bigint => {
    if (index === INPUT) return partitions;
    const { stage, outputs } = whole.stages[index] as StageRun;
    return stage.width === 0 ? partitions : BigInt(outputs.length);
  };
  const bytesOf = (index: number): bigint => {
    if (index === INPUT) return BigInt([survey, ...besides].reduce((sum, { bytes }) => sum + bytes, 0));
    const { stage, outputs } = whole.stages[index] as StageRun;
    const lengths = outputs.map(({ length }) => BigInt(length));
    if (stage.width !== 0) return scale(Number(sum(lengths)));
    return scale(Number(lengths[0])) + scaleOthers(besides, lengths.slice(1));
  };
  whole.stages.forEach((stage, i) => {
    const tasks = tasksOf(i);
    const isByPartition = stage.stage.width === 0;
    const gasOf = (run: StageRun | undefined): bigint => (isByPartition ? run?.taskGas?.[0] : run?.gasUsed) ?? 0n;
    const used = gasOf(stage);
    const smaller = gasOf(half?.stages[i]);
    const difference = half === null ? sampled : sampled - BigInt(Math.ceil(survey.sample.length / 2));
    const grown = used > smaller ? used - smaller : 0n;
    const first = max(0n, used - (grown * sampled) / max(difference, 1n));
    // What a bucket of a join does for the other side it does whatever the sample.
    const right = (stage.stage.kind === 'reduce' ? otherOf(workflow, stage.stage.operator, survey) : undefined) ?? kept;
    const base =
      (right === undefined || isByPartition ? first : scaleOthers([right], [first])) /
      BigInt(isByPartition ? 1 : Math.max(1, stage.outputs.length));
    const forOthers = isByPartition ? scaleOthers(besides, stage.taskGas?.slice(1) ?? []) : 0n;
    const forRows = (grown * rows) / max(difference, 1n);
    if (stage.stage.kind === 'reduce' && near.has(stage.stage.operator))
      unseenGas += max(0n, NEAR_ROW_GAS * rows - forRows);
    if (stage.stage.kind === 'reduce' && workflow.description.operators[stage.stage.operator]?.semantic === true)
      unseenGas += (PAIR_GAS * rows * rows) / 2n;
    // What a task pays before its program runs is no part of the task's own limit.
    gas += base * (isByPartition ? own : tasks) + forRows + forOthers;
    gas += firstGas(stage.stage, tasks, options.loadGas(i), bytesOf(i), tasksOf, bytesOf);
    // Partitions are not all of one size: that of the largest is what a task may have to do.
    largestTask = max(largestTask, base + max(forRows / max(tasks, 1n), (forRows * largest) / bytes));
  });
  const inputTokens = scale(whole.inputTokens);
  const outputTokens = scale(whole.outputTokens);
  const stageWei = whole.stages.map((stage) => {
    if (stage.stage.kind !== 'infer') return 0n;
    const price = options.prices.get(workflow.description.operators[stage.stage.operator]!.model!);
    if (price === undefined) return 0n;
    return scale(stage.inputTokens) * price.inputWei + scale(stage.outputTokens) * price.outputWei;
  });
  const tokenWei = (margin: bigint): bigint => (sum(stageWei) * margin) / 100n;
  // What a gateway tells, and the run limits: its tokens with the bytes of their results, which are in the gas too.
  const answerWei = stageWei.map((wei, i) => (wei === 0n ? 0n : wei + resultGas(bytesOf(i)) * options.gasPrice));
  const gasUpper = (gas * GAS_MARGIN) / 100n + unseenGas + partitions * BigInt(whole.stages.length) * 10_000n;
  const itemWei = (answerWei.reduce(max, 0n) * largest * ITEM_MARGIN) / (bytes * 100n);
  return {
    rows: survey.rows,
    partitions: survey.allRefs.length,
    sampledRows: survey.sample.length,
    gas: { expected: gas, upper: gasUpper },
    inputTokens: { expected: inputTokens, upper: (inputTokens * TOKEN_MARGIN) / 100n },
    outputTokens: { expected: outputTokens, upper: (outputTokens * TOKEN_MARGIN) / 100n },
    costWei: {
      expected: gas * options.gasPrice + tokenWei(100n) + options.messageFeeWei,
      upper: gasUpper * options.gasPrice + tokenWei(TOKEN_MARGIN) + options.messageFeeWei,
    },
    inferenceWei: (sum(answerWei) * INFERENCE_MARGIN) / 100n,
    itemWei,
    taskGasLimit: isExchange
      ? MAX_STAGE_GAS
      : min(MAX_STAGE_GAS, max(MIN_TASK_GAS, (largestTask * TASK_MARGIN) / 100n)),
    dryRun: whole,
    survey,
  };
}

/** What all tasks of a stage pay beside what their programs use: for a task, its loading and its inputs, or its result. */
function firstGas(
  stage: PlannedStage,
  tasks: bigint,
  loadGas: bigint,
  outputBytes: bigint,
  tasksOf: (stage: number) => bigint,
  bytesOf: (stage: number) => bigint,
): bigint {
  const sink = stage.kind === 'sink' || stage.kind === 'rejects';
  if (stage.kind === 'infer')
    return itemGas({ sink, signatures: SIGNATURES, items: 1, resultLength: 0 }) * tasks + resultGas(outputBytes);
  let inputs = 0n;
  let bytes = 0n;
  for (const input of stage.inputs) {
    inputs += input.mode === 'same' ? 1n : tasksOf(input.stage);
    bytes += input.mode === 'same' ? bytesOf(input.stage) : bytesOf(input.stage) * tasks;
  }
  return taskGas({ loadGas, sink, inputs: Number(inputs), inputBytes: 0n }) * tasks + INPUT_BYTE_GAS * bytes;
}

/** From the rows that the dry run has of each joined input to all of them. */
function scaleOthers(
  others: readonly Pick<OtherSurvey, 'rows' | 'broken' | 'sample'>[],
  counts: readonly bigint[],
): bigint {
  return sum(
    others.map(({ rows, broken, sample }, k) => {
      return ((counts[k] ?? 0n) * BigInt(rows + broken)) / BigInt(Math.max(1, sample.length));
    }),
  );
}

function otherOf(workflow: BundledWorkflow, operator: number, survey: Survey): OtherSurvey | undefined {
  const { input } = workflow.description.operators[operator]!;
  return survey.others.find(({ name }) => name === input);
}

function sum(list: readonly bigint[]): bigint {
  return list.reduce((total, one) => total + one, 0n);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
