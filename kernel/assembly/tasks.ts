// docs/kernel.md#tasks: records of tasks, and whether a task is ready.

import { RUN_INPUT, TABLE_PROGRESS, TASK_STATUS_DONE, TASK_STATUS_OPEN } from './generated/constants';
import { inputKey, stageKey, taskKey } from './keys';
import { putBe64 } from './memory';
import { refuse, refuseBound, refuseNumber } from './refusal';
import { beginRecord, endRecord, length, position, readBytes, readList, readU64, writeBytes, writeU64 } from './rlp';
import { inputOf, loadStage, MODE_ALL, Stage, widthOf } from './stages';
import { Run } from './runs';
import { get, put } from './trie';

/** docs/kernel.md#exec: objectRoot 32 ‖ length u64 ‖ zeros 24. */
export const INPUT_ENTRY: u32 = 64;

/** The output that `findOutput` found last. */
export let outputRoot: usize = 0;
export let outputLength: u64 = 0;

/** The attempt of the task that `findOutput`, `loadAttempt` or `loadOpenTask` found last. */
export let taskAttempt: u32 = 0;

/**
 * Finds the output of a task that is done, or the run's input of this number. `least`: `leastAttempt` of the stage, or
 * 0 if it is known that the task is done.
 */
export function findOutput(run: Run, source: u32, partition: u32, least: u32): bool {
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
  if (source == RUN_INPUT) return true;
  readU64();
  taskAttempt = <u32>readU64();
  return taskAttempt >= least;
}

/** docs/kernel.md#voided: records of the stage's tasks with an attempt below this are void: these tasks are open. */
export function leastAttempt(run: Run, stage: u32): u32 {
  if (run.voids == 0 || stage == RUN_INPUT) return 0;
  readProgress(stageKey(TABLE_PROGRESS, run.id, stage));
  return progressAttempt;
}

/** Whether the task is open; which attempt of it that is, or has ended, is left in `taskAttempt`. */
export function loadAttempt(run: Run, stage: u32, partition: u32): bool {
  const least = leastAttempt(run, stage);
  taskAttempt = least;
  const record = get(taskKey(run.id, stage, partition));
  if (record == 0) return true;
  readList(record);
  const status = <u32>readU64();
  readBytes();
  readU64();
  readU64();
  const attempt = <u32>readU64();
  if (attempt < least) return true;
  taskAttempt = attempt;
  return status == TASK_STATUS_OPEN;
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
  return readProgress(stageKey(TABLE_PROGRESS, run.id, stage));
}

let progressAttempt: u32 = 0;

/** Returns the number of tasks that are done; the least attempt that counts is left in `progressAttempt`. */
function readProgress(key: usize): u32 {
  progressAttempt = 0;
  const record = get(key);
  if (record == 0) return 0;
  const end = readList(record);
  const done = <u32>readU64();
  if (position() < end) progressAttempt = <u32>readU64();
  return done;
}

function storeProgress(key: usize, done: u32, attempt: u32): void {
  beginRecord();
  writeU64(done);
  if (attempt != 0) writeU64(attempt);
  put(key, endRecord(), length);
}

/** Adds to the number of the stage's tasks that are done. */
export function countTasksDone(run: Run, stage: u32, change: i32): void {
  const key = stageKey(TABLE_PROGRESS, run.id, stage);
  const done = readProgress(key);
  storeProgress(key, done + change, progressAttempt);
}

/** Makes every record of the stage's tasks void. */
export function reopenStage(run: Run, stage: u32, attempt: u32): void {
  storeProgress(stageKey(TABLE_PROGRESS, run.id, stage), 0, attempt);
}

/** The stage, if the task is one of the run's and open; otherwise 0 and a refusal. Its attempt is in `taskAttempt`. */
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
  if (!loadAttempt(run, index, partition)) {
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
    } else if (!findOutput(run, input.source, partition, leastAttempt(run, input.source))) {
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
    findOutput(run, input.source, all ? j : partition, 0);
    writeEntry(entries, outputRoot, outputLength);
    entries += INPUT_ENTRY;
  }
  return entries;
}

export function writeEntry(entry: usize, root: usize, size: u64): void {
  memory.copy(entry, root, 32);
  putBe64(entry + 32, size);
}
