// docs/kernel.md#tasks: when a task is done its run goes on; after the last task the dataset is written.

import { RUN_STATUS_DONE, TABLE_DATASET, TASK_STATUS_DONE } from './generated/constants';
import { hashKey } from './keys';
import { alloc, putBe16, putBe32 } from './memory';
import { allocObject, publishObject } from './objects';
import { beginRecord, endRecord, length, writeBytes, writeU64 } from './rlp';
import { endRun, Run } from './runs';
import { loadStage, loadWorkflow, Stage, widthOf } from './stages';
import { countTasksDone, findOutput, INPUT_ENTRY, outputLength, outputRoot, storeTask, writeEntry } from './tasks';
import { put } from './trie';

/** Set by `completeTask` when the run is done. */
export let datasetRoot: usize = 0;
export let datasetLength: u64 = 0;

/** Stores the output and counts it; the caller stores the run. */
export function completeTask(
  run: Run,
  stage: u32,
  partition: u32,
  root: usize,
  size: u64,
  gasUsed: u64,
  attempt: u32,
): void {
  storeTask(run, stage, partition, TASK_STATUS_DONE, root, size, gasUsed, attempt);
  countTasksDone(run, stage, 1);
  run.tasksLeft--;
  datasetRoot = 0;
  if (run.tasksLeft != 0) return;
  writeDataset(run);
  endRun(run, RUN_STATUS_DONE);
}

function writeDataset(run: Run): void {
  const size = run.sinkTasks * INPUT_ENTRY;
  const manifest = allocObject(size);
  let entry = manifest;
  const stages = loadWorkflow(run.workflow).stageCount;
  for (let index: u32 = 0; index < stages; index++) {
    const stage = loadStage(run.workflow, index);
    if (stage.sink) entry = listSink(run, stage, index, entry);
  }
  datasetRoot = alloc(32);
  datasetLength = size;
  publishObject(manifest, size, datasetRoot);
  beginRecord();
  writeBytes(datasetRoot, 32);
  writeU64(datasetLength);
  writeBytes(run.workflow, 32);
  writeBytes(run.inputsHash, 32);
  put(hashKey(TABLE_DATASET, run.id), endRecord(), length);
}

function listSink(run: Run, stage: Stage, index: u32, entry: usize): usize {
  const width = widthOf(stage, run.partitions);
  for (let partition: u32 = 0; partition < width; partition++) {
    // Every task is done, so every output is there.
    findOutput(run, index, partition, 0);
    writeEntry(entry, outputRoot, outputLength);
    putBe16(entry + 40, index);
    putBe32(entry + 42, partition);
    entry += INPUT_ENTRY;
  }
  return entry;
}
