// docs/kernel.md#expiry: Renew. The owner shows that the bytes of a run are promised for longer.

import { certifiedUntil, isCertified, OBJECT_BYTES, totalLength } from './certificate';
import { message, messageLength } from './context';
import { bytesLeft, here, next, seek } from './cursor';
import { INPUT_GAS, KEEP_BYTE_GAS, MAX_TASK_INPUTS, RUN_INPUT, STAGE_GAS, TYPE_RENEW } from './generated/constants';
import { be32, be64, equal } from './memory';
import { receipt } from './receipt';
import { refuseBound, refuseBytes } from './refusal';
import { loadRunning, Run, storeRun } from './runs';
import { addBytes, addWord } from './signature';
import { KIND_INFER, loadStage, loadWorkflow, widthOf } from './stages';
import { findOutput, leastAttempt, outputLength, outputRoot, tasksDone } from './tasks';
import { beginSigned, BODY, charge, chargeMore, readSigned, sender } from './user';

const RUN_BYTES: u32 = 32;

export function renew(): bool {
  if (!readSigned(RUN_BYTES, false)) return false;
  const id = message + BODY;
  receipt.run = id;
  beginSigned(TYPE_RENEW);
  addWord(id);
  addBytes(id + RUN_BYTES, messageLength - BODY - RUN_BYTES);
  if (!charge(0)) return false;
  const run = loadRunning(id);
  if (changetype<usize>(run) == 0) return false;
  receipt.workflow = run.workflow;
  if (!equal(run.owner, sender, 20)) return refuseBytes('sender', 'the owner ', run.owner, sender, 20);
  if (!readObjects()) return false;
  const stages = loadWorkflow(run.workflow).stageCount;
  if (!chargeMore(STAGE_GAS * stages, 0) || !listTasks(run, stages)) return false;
  if (!areObjectsOf(run, stages) || !isCertified(list, count, here(), bytesLeft())) return false;
  if (certifiedUntil <= run.expiry) return refuseBound('certificate expiry', 'more than ', run.expiry, certifiedUntil);
  if (!chargeMore(KEEP_BYTE_GAS * totalLength(list, count), 0)) return false;
  run.expiry = certifiedUntil;
  storeRun(run);
  return true;
}

/** The objects of the message, 40 bytes each, and how many of them have been found to be the run's. */
let list: usize = 0;
let count: u32 = 0;
let matched: u32 = 0;

function readObjects(): bool {
  seek(BODY + RUN_BYTES);
  const head = next('object count', 4);
  if (head == 0) return false;
  count = be32(head);
  if (count > MAX_TASK_INPUTS) return refuseBound('objects', 'at most ', MAX_TASK_INPUTS, count);
  list = next('objects', count * OBJECT_BYTES);
  return list != 0;
}

/** Lists the tasks whose records must be read. Their number is bounded, and they are paid first. */
function listTasks(run: Run, stages: u32): bool {
  let tasks: u64 = 0;
  for (let index: u32 = 0; index < stages; index++) {
    const stage = loadStage(run.workflow, index);
    if (stage.kind == KIND_INFER && tasksDone(run, index) != 0) tasks += widthOf(stage, run.partitions);
  }
  if (tasks > MAX_TASK_INPUTS) return refuseBound('tasks of infer stages', 'at most ', MAX_TASK_INPUTS, tasks);
  return chargeMore(INPUT_GAS * tasks, 0);
}

/** Whether the objects are the run's inputs in order, then the results of its infer stages by stage and partition. */
function areObjectsOf(run: Run, stages: u32): bool {
  for (let i: u32 = 0; i < run.partitions; i++) {
    findOutput(run, RUN_INPUT, i, 0);
    if (!matches()) return false;
  }
  for (let index: u32 = 0; index < stages; index++) {
    const stage = loadStage(run.workflow, index);
    if (stage.kind != KIND_INFER) continue;
    let left = tasksDone(run, index);
    const least = leastAttempt(run, index);
    for (let partition: u32 = 0; left != 0; partition++) {
      if (!findOutput(run, index, partition, least)) continue;
      if (!matches()) return false;
      left--;
    }
  }
  return matched == count || refuseBound('objects', '', matched, count);
}

/** Whether the next object of the message is the output that was found last. */
function matches(): bool {
  if (matched == count) return refuseBound('objects', 'more than ', count, count);
  const object = list + matched++ * OBJECT_BYTES;
  if (!equal(object, outputRoot, 32)) return refuseBytes('object', '', outputRoot, object, 32);
  const size = be64(object + 32);
  return size == outputLength || refuseBound('object length', '', outputLength, size);
}
