// docs/kernel.md#tasks: records of tasks, and whether a task is ready.

import { RUN_INPUT, TABLE_PROGRESS, TASK_STATUS_DONE } from './generated/constants';
import { inputKey, stageKey, taskKey } from './keys';
import { putBe64 } from './memory';
import { refuse, refuseBound, refuseNumber } from './refusal';
import { beginRecord, endRecord, length, readBytes, readList, readU64, writeBytes, writeU64 } from './rlp';
import { inputOf, loadStage, MODE_ALL, Stage, widthOf } from './stages';
import { Run } from './runs';
import { get, put } from './trie';

/** docs/kernel.md#exec: objectRoot 32 ‖ length u64 ‖ zeros 24. */
export const INPUT_ENTRY: u32 = 64;

/** The output that `findOutput` found last. */
export let outputRoot: usize = 0;
export let outputLength: u64 = 0;

/** Finds the output of a task that is done, or the run's input of this number. */
export function findOutput(run: Run, source: u32, partition: u32): bool {
  if (source == RUN_INPUT) {
    const record = get(inputKey(run.id, partition));
    if (record == 0) return false;
    readList(record);
  } else {
    const record = get(taskKey(run.id, source, partition));
    if (record == 0) return false;
    readList(record);
    if (readU64() != TASK_STATUS_DONE) return false;
  }
  outputRoot = readBytes();
  outputLength = readU64();
  return true;
}

export function isTaskOpen(run: Run, stage: u32, partition: u32): bool {
  return get(taskKey(run.id, stage, partition)) == 0;
}

export function storeTask(
  run: Run,
  stage: u32,
  partition: u32,
  status: u32,
  root: usize,
  size: u64,
  gasUsed: u64,
  attempt: u32,
): void {
  beginRecord();
  writeU64(status);
  writeBytes(root, 32);
  writeU64(size);
  writeU64(gasUsed);
  writeU64(attempt);
  put(taskKey(run.id, stage, partition), endRecord(), length);
}

/** Number of the stage's tasks that are done. */
export function tasksDone(run: Run, stage: u32): u32 {
  return doneAt(stageKey(TABLE_PROGRESS, run.id, stage));
}

function doneAt(key: usize): u32 {
  const record = get(key);
  if (record == 0) return 0;
  readList(record);
  return <u32>readU64();
}

export function countTaskDone(run: Run, stage: u32): void {
  const key = stageKey(TABLE_PROGRESS, run.id, stage);
  const done = doneAt(key) + 1;
  beginRecord();
  writeU64(done);
  put(key, endRecord(), length);
}

/** The stage, if the task is one of the run's and open; otherwise 0 and a refusal. */
export function loadOpenTask(run: Run, index: u32, partition: u32, kind: u32): Stage {
  const none = changetype<Stage>(0);
  const stage = loadStage(run.workflow, index);
  if (changetype<usize>(stage) == 0) {
    refuseNumber('stage', 'one of the workflow', index);
    return none;
  }
  if (stage.kind != kind) {
    refuse('stage kind', kind == 0 ? 'exec' : 'infer', kind == 0 ? 'infer' : 'exec');
    return none;
  }
  const width = widthOf(stage, run.partitions);
  if (partition >= width) {
    refuseBound('partition', 'below ', width, partition);
    return none;
  }
  if (!isTaskOpen(run, index, partition)) {
    refuse('task', 'open', 'done');
    return none;
  }
  return stage;
}

/** Number of objects that this input of a task stands for. */
export function fanIn(run: Run, stage: Stage, i: u32): u32 {
  const input = inputOf(stage, i);
  if (input.mode != MODE_ALL) return 1;
  return input.source == RUN_INPUT ? run.partitions : widthOf(loadStage(run.workflow, input.source), run.partitions);
}

/** A task is ready when all of its inputs are done; one record for each input tells. */
export function checkReady(run: Run, stage: Stage, partition: u32): bool {
  for (let i: u32 = 0; i < stage.inputCount; i++) {
    const input = inputOf(stage, i);
    if (input.source == RUN_INPUT) continue;
    if (input.mode == MODE_ALL) {
      const count = fanIn(run, stage, i);
      const done = tasksDone(run, input.source);
      if (done != count) return refuseBound('input tasks done', '', count, done);
    } else if (!findOutput(run, input.source, partition)) {
      return refuseNumber('task', 'inputs that are done, stage', input.source);
    }
  }
  return true;
}

/** Writes an entry of 64 bytes for each object of the input of a task that is ready; returns its end. */
export function listInput(run: Run, stage: Stage, i: u32, partition: u32, entries: usize): usize {
  const input = inputOf(stage, i);
  const all = input.mode == MODE_ALL;
  const count = fanIn(run, stage, i);
  for (let j: u32 = 0; j < count; j++) {
    findOutput(run, input.source, all ? j : partition);
    writeEntry(entries, outputRoot, outputLength);
    entries += INPUT_ENTRY;
  }
  return entries;
}

export function writeEntry(entry: usize, root: usize, size: u64): void {
  memory.copy(entry, root, 32);
  putBe64(entry + 32, size);
}
