// docs/sdk.md#watch: a run's progress as data: per stage x of y, rows, gas, tokens, spend, rate, time left.
import { setTimeout as delay } from 'node:timers/promises';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { RowCounts } from '../../protocol/rows.ts';
import type { Metadata } from '../compile/definition.ts';
import { inputArguments } from '../input/words.ts';
import { shellWord } from '../output/shell-word.ts';
import type { Network } from './network.ts';
import { MAX_METADATA_BYTES, metadataShape, parseObject } from './shapes.ts';
import { findRecord } from './state-file.ts';
import type { RunFailure, RunStatus, RunView, RunVoids, WorkflowView } from './views.ts';

export type StageProgress = {
  readonly name: string;
  readonly kind: string;
  readonly operators: readonly string[];
  readonly done: number;
  readonly width: number;
  readonly rows: RowCounts;
  readonly gasUsed: bigint;
  /** Rows of the open infer tasks that the gateway has answers for. */
  readonly underway: { readonly done: number; readonly total: number } | undefined;
};

/** How far a run is. */
export type Progress = {
  readonly run: Hex;
  readonly workflow: Hex;
  readonly workflowName: string;
  readonly status: RunStatus;
  readonly stages: readonly StageProgress[];
  readonly tasksDone: number;
  readonly tasks: number;
  readonly gasUsed: bigint;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly spentWei: bigint;
  readonly elapsedSeconds: number;
  /** Tasks a second since the start; 0 before anything is done, and after an item was voided. */
  readonly tasksPerSecond: number;
  /** Undefined before the first task is done, after the last, and after an item was voided. */
  readonly secondsLeft: number | undefined;
  readonly datasetRoot: Hex | undefined;
  readonly batches: readonly number[];
  /** Items of the run that L1 has voided: what had used them runs again. */
  readonly voided: RunVoids | undefined;
  readonly error: string | undefined;
  /** Of a run that has failed. */
  readonly failure: RunFailure | undefined;
};

const POLL_MS = 400;
/** Looks at a run that is gone: the sequencer may be executing its messages again, after L1 has changed what was before them. */
const GONE_POLLS = 150;

/**
 * Yields whenever something changed, and at last the ended run; ends without it on the signal.
 *
 * @example
 * for await (const progress of watchRun(network, run)) console.log(progress);
 */
export async function* watchRun(network: Network, run: Hex, signal?: AbortSignal): AsyncGenerator<Progress> {
  let metadata: Metadata | undefined;
  let last = '';
  let gone = 0;
  while (!signal?.aborted) {
    try {
      const view = await readRun(network, run, signal);
      metadata ??= await readMetadata(network, view.workflow);
      const text = JSON.stringify(view);
      if (text !== last) yield toProgress(run, view, metadata);
      last = text;
      gone = 0;
      if (view.status !== 'running') return;
    } catch (error) {
      const isGone = last !== '' && error instanceof MizuError && error.code === 'sdk/unknown-run';
      if (!signal?.aborted && !(isGone && ++gone < GONE_POLLS)) throw error;
    }
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** @throws MizuError `sdk/unknown-run`, `sdk/run-void` */
export async function readRun(network: Network, run: Hex, signal?: AbortSignal): Promise<RunView> {
  const view = (await network.rpc('mizu_getRun', [run], signal && { signal })) as RunView | null;
  if (view !== null) return view;
  await assertNotLost(network, run);
  throw new MizuError({
    code: 'sdk/unknown-run',
    message: 'The network does not know this run.',
    expected: 'the id of a run',
    actual: run,
    hint: 'List them with: npx mizu runs',
  });
}

// This folder knows the message of a run that was started here.
async function assertNotLost(network: Network, run: Hex): Promise<void> {
  const record = await findRecord(run);
  if (record === undefined) return;
  await network.rpc('mizu_getReceipt', [record.messageHash]).catch((error: unknown) => {
    if (!(error instanceof MizuError) || error.code !== 'message/void') throw error;
    throw new MizuError({
      code: 'sdk/run-void',
      message:
        'The message that started this run was lost with its batch, which L1 has made void: there is no such run.',
      expected: 'an assertion of the batch in the time for which DA promises its bytes',
      actual: error.actual ?? error.message,
      hint: `Nothing was charged. Start it again with: npx mizu run ${shellWord(record.file)} ${inputArguments(record.input, record.inputOptions, record.others)}`,
      cause: error,
    });
  });
}

/** Whoever deployed the workflow has written it. @throws MizuError `sdk/unknown-workflow`, `sdk/bad-answer` */
export async function readMetadata(network: Network, workflow: Hex): Promise<Metadata> {
  const view = (await network.rpc('mizu_getWorkflow', [workflow])) as WorkflowView | null;
  if (view === null) throw unknownWorkflow(workflow);
  const { root, length } = view.metadata;
  if (length > MAX_METADATA_BYTES) throw tooMuchMetadata(length);
  return parseObject(metadataShape, await network.object(root, length), `The description of workflow ${workflow}`);
}

export function toProgress(run: Hex, view: RunView, metadata: Metadata, nowSeconds = Date.now() / 1000): Progress {
  const stages = view.stages.map((stage, i): StageProgress => {
    const named = metadata.stages[i];
    return {
      name: named?.name ?? `stage ${i}`,
      kind: named?.kind ?? stage.kind,
      operators: named?.operators ?? [],
      done: stage.done,
      width: stage.width,
      rows: stage.rows,
      gasUsed: BigInt(stage.gasUsed),
      underway: stage.underway,
    };
  });
  const tasks = stages.reduce((sum, stage) => sum + stage.width, 0);
  const tasksDone = stages.reduce((sum, stage) => sum + stage.done, 0);
  const elapsedSeconds = Math.max(0, (view.endedAt ?? nowSeconds) - view.startedAt);
  // A task of a model is done in one go at its end: its answered rows count before.
  const begun = stages.reduce((sum, { underway, width, done }) => {
    return underway === undefined || underway.total === 0
      ? sum
      : sum + ((width - done) * underway.done) / underway.total;
  }, 0);
  const voided = view.voided ?? undefined;
  const tasksPerSecond = elapsedSeconds > 0 && voided === undefined ? (tasksDone + begun) / elapsedSeconds : 0;
  const isOpen = view.status === 'running' && tasksPerSecond > 0;
  return {
    run,
    workflow: view.workflow,
    workflowName: metadata.name,
    status: view.status,
    stages,
    tasksDone,
    tasks,
    gasUsed: stages.reduce((sum, stage) => sum + stage.gasUsed, 0n),
    inputTokens: view.inputTokens,
    outputTokens: view.outputTokens,
    spentWei: BigInt(view.spent),
    elapsedSeconds,
    tasksPerSecond,
    secondsLeft: isOpen ? (tasks - tasksDone - begun) / tasksPerSecond : undefined,
    datasetRoot: view.dataset?.root,
    batches: view.batches,
    voided,
    error: describeEnd(view, metadata),
    failure: view.failure ?? undefined,
  };
}

function describeEnd({ failure, error }: RunView, metadata: Metadata): string | undefined {
  if (failure === undefined || failure === null) return error ?? undefined;
  const { name = `stage ${failure.stage}` } = metadata.stages[failure.stage] ?? {};
  return `${name}, partition ${failure.partition}: ${failure.why}`;
}

function unknownWorkflow(workflow: Hex): MizuError {
  return new MizuError({
    code: 'sdk/unknown-workflow',
    message: 'The network does not know this workflow.',
    expected: 'the id of a workflow that is deployed',
    actual: workflow,
  });
}

function tooMuchMetadata(length: number): MizuError {
  return new MizuError({
    code: 'sdk/bad-answer',
    message: 'The description of the workflow is too large.',
    expected: `at most ${MAX_METADATA_BYTES} bytes`,
    actual: `${length} bytes`,
  });
}
