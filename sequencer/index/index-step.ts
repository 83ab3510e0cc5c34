// docs/rpc.md: what a step changes in the index of workflows, runs, tasks and datasets. Everything follows from message and receipt.
import type { Receipt, ReceiptItem } from '../../kernel/receipt.ts';
import type { Draft } from '../../node/l1/draft.ts';
import { decodeDefinition, type Stage } from '../../protocol/definition.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import { decodeInputs, readInferenceItem } from '../../protocol/messages.ts';
import type { ReceivedMessage } from '../../protocol/received.ts';
import { numberKey } from '../../service/storage/store.ts';
import { readAttempt, readStats, reopenTasks } from './attempts.ts';
import { addRows, countRows } from './rows.ts';
import { ownedRunKey, type RunIndex, stageKeyOf, type Tables, type TaskIndex, taskKeyOf } from './tables.ts';

export type IndexedStep = {
  readonly received: ReceivedMessage;
  readonly receipt: Receipt;
  readonly step: number;
  readonly batch: number;
  readonly timestamp: number;
};

/** Gives the bytes of an object that are at hand without waiting. */
export type LocalObjects = { getSync(root: Hex): Uint8Array | undefined };

const LAST_TIME = 2n ** 64n - 1n;

export async function indexStep(
  draft: Draft,
  tables: Tables,
  objects: LocalObjects,
  indexed: IndexedStep,
): Promise<void> {
  const { receipt } = indexed;
  if (!receipt.ok) return;
  switch (receipt.kind) {
    case 'Deploy':
      return indexDeploy(draft, tables, indexed);
    case 'Run':
      return indexRun(draft, tables, indexed);
    case 'Advance':
      return indexAdvance(draft, tables, objects, indexed);
    case 'InferenceResult':
      return indexItems(draft, tables, objects, indexed);
    case 'Cancel':
    case 'Expire':
      return receipt.run === undefined ? undefined : endRun(draft, tables, receipt.run, indexed, receipt);
    case 'ItemVoided':
      return indexVoid(draft, tables, indexed);
  }
}

async function indexDeploy(draft: Draft, tables: Tables, { received, receipt }: IndexedStep): Promise<void> {
  const decoded = received.message;
  if (decoded?.kind !== 'Deploy' || receipt.workflow === undefined) return;
  const { definition, certificate } = decodeDefinition(decoded.definition);
  const stages = definition.stages.map(({ kind, width, sink, model, inputs }: Stage) => ({
    kind,
    width,
    sink,
    model,
    inputs,
  }));
  // The same definition renews the workflow when it is deployed again; its owner stays.
  const owner = (await draft.get(tables.workflows, receipt.workflow))?.owner ?? decoded.sender;
  const { metadata } = definition;
  await draft.put(tables.workflows, receipt.workflow, { owner, stages, metadata, expiry: Number(certificate.expiry) });
}

async function indexRun(
  draft: Draft,
  tables: Tables,
  { received, receipt, step, batch, timestamp }: IndexedStep,
): Promise<void> {
  const decoded = received.message;
  if (decoded?.kind !== 'Run' || receipt.run === undefined) return;
  const { inputs } = decodeInputs(decoded.inputs);
  await draft.put(tables.runs, receipt.run, {
    workflow: decoded.workflow,
    owner: decoded.sender,
    partitions: inputs.length,
    gasPrice: decoded.gasPrice,
    status: 'running',
    startedAt: timestamp,
    deadline: decoded.deadline,
    startStep: step,
    firstBatch: batch,
    lastBatch: batch,
  });
  await draft.put(tables.inputs, receipt.run, inputs);
  await draft.put(tables.runOrder, numberKey(step), receipt.run);
  await draft.put(tables.ownedRuns, ownedRunKey(decoded.sender, step), receipt.run);
  await draft.put(tables.running, receipt.run, true);
}

async function indexAdvance(draft: Draft, tables: Tables, objects: LocalObjects, indexed: IndexedStep): Promise<void> {
  const { run, stage, partition, status = 0, outputRoot, outputLength, gasUsed = 0, runStatus } = indexed.receipt;
  // An Advance without a result has ended its run, because the run's bytes are not promised for long enough.
  if (run !== undefined && outputRoot === undefined && runStatus !== undefined)
    return endRun(draft, tables, run, indexed, indexed.receipt);
  if (run === undefined || stage === undefined || partition === undefined || outputRoot === undefined) return;
  const output = objects.getSync(outputRoot);
  const rows = output === undefined || status !== 0 ? undefined : countRows(output);
  const task: TaskIndex = {
    root: outputRoot,
    length: outputLength ?? 0,
    status,
    gasUsed,
    ...(rows === undefined ? {} : { rows }),
  };
  await addTask(draft, tables, run, stage, partition, task, { inputTokens: 0, outputTokens: 0 });
  await endRun(draft, tables, run, indexed, indexed.receipt);
}

async function indexItems(draft: Draft, tables: Tables, objects: LocalObjects, indexed: IndexedStep): Promise<void> {
  for (const [i, item] of (indexed.receipt.items ?? []).entries()) {
    if (item.ok) await indexItem(draft, tables, objects, item, readInferenceItem(indexed.received.bytes, i));
    if (item.ok || item.runStatus !== undefined) await endRun(draft, tables, item.run, indexed, item);
  }
  const { run } = indexed.receipt;
  if (run !== undefined) await endRun(draft, tables, run, indexed, indexed.receipt);
}

async function indexItem(
  draft: Draft,
  tables: Tables,
  objects: LocalObjects,
  item: ReceiptItem,
  sent: InferenceItem,
): Promise<void> {
  // The request is an output, so it is here already; the result may still be on its way from DA. Both have the same
  // rows.
  const request = objects.getSync(sent.requestRoot);
  const rows = request === undefined ? undefined : countRows(request);
  const task: TaskIndex = {
    root: sent.resultRoot,
    length: sent.resultLength,
    status: 0,
    gasUsed: 0,
    ...(rows === undefined ? {} : { rows }),
  };
  const tokens = { inputTokens: Number(sent.inputTokens), outputTokens: Number(sent.outputTokens) };
  await addTask(draft, tables, item.run, item.stage, item.partition, task, tokens);
}

async function addTask(
  draft: Draft,
  tables: Tables,
  run: Hex,
  stage: number,
  partition: number,
  task: TaskIndex,
  tokens: { inputTokens: number; outputTokens: number },
): Promise<void> {
  const attempt = await readAttempt(tables, run, stage, partition, draft);
  const again = attempt === 0 ? {} : { attempt };
  const told = tokens.inputTokens + tokens.outputTokens === 0 ? {} : tokens;
  await draft.put(tables.tasks, taskKeyOf(run, stage, partition), { ...task, ...again, ...told });
  const stats = await readStats(tables, run, stage, draft);
  await draft.put(tables.stats, stageKeyOf(run, stage), {
    ...stats,
    done: stats.done + (task.status === 0 ? 1 : 0),
    gasUsed: stats.gasUsed + task.gasUsed,
    rows: addRows(stats.rows, task.rows),
    inputTokens: stats.inputTokens + tokens.inputTokens,
    outputTokens: stats.outputTokens + tokens.outputTokens,
  });
}

// The run goes on, or again. What it had as its dataset holds no longer.
async function indexVoid(draft: Draft, tables: Tables, { receipt, batch, timestamp }: IndexedStep): Promise<void> {
  const { run, stage, partition, runStatus } = receipt;
  if (run === undefined || stage === undefined || partition === undefined || runStatus !== 'running') return;
  const record = await draft.get(tables.runs, run);
  const workflow = record === undefined ? undefined : await draft.get(tables.workflows, record.workflow);
  if (record === undefined || workflow === undefined) return;
  const { dataset: _dataset, endedAt: _endedAt, ...rest } = record;
  // However long it had ended: the batches between are not the run's.
  const firstBatch = record.status === 'running' ? record.firstBatch : batch;
  const { items, at } = record.voided ?? { items: 0, at: record.startedAt };
  const later = BigInt(timestamp) + record.deadline - BigInt(at);
  const deadline = later > LAST_TIME ? LAST_TIME : later;
  const voided = { items: items + 1, at: timestamp };
  await draft.put(tables.runs, run, { ...rest, status: 'running', deadline, firstBatch, lastBatch: batch, voided });
  await draft.put(tables.running, run, true);
  await reopenTasks(draft, tables, workflow.stages, run, { stage, partition }, voided.items);
}

// Notes how the run has ended. If it goes on, only its last batch is noted, which is that of its last step.
async function endRun(
  draft: Draft,
  tables: Tables,
  run: Hex,
  { batch, timestamp, receipt }: IndexedStep,
  change: Partial<Receipt>,
): Promise<void> {
  const record = await draft.get(tables.runs, run);
  if (record === undefined) return;
  const { runStatus, datasetRoot, datasetLength, status, stage, partition, gasUsed } = change;
  if (runStatus === undefined || runStatus === 'running') {
    return record.lastBatch === batch ? undefined : draft.put(tables.runs, run, { ...record, lastBatch: batch });
  }
  const dataset =
    datasetRoot === undefined || datasetLength === undefined
      ? {}
      : { dataset: { root: datasetRoot, length: datasetLength } };
  const error =
    runStatus === 'failed'
      ? { error: receipt.error ?? `task ${partition} of stage ${stage} ended with status ${status}` }
      : {};
  const failed =
    runStatus === 'failed' && stage !== undefined && partition !== undefined
      ? { failed: { stage, partition, status: status ?? 0, gasUsed: Number(gasUsed ?? 0) } }
      : {};
  const ended: RunIndex = {
    ...record,
    status: runStatus,
    lastBatch: batch,
    endedAt: timestamp,
    ...dataset,
    ...error,
    ...failed,
  };
  await draft.put(tables.runs, run, ended);
  await draft.delete(tables.running, run);
}
