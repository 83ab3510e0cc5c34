// docs/kernel.md#tasks, #exec: Advance runs one deterministic task.

import { collectFee } from './accounts';
import { message, messageLength } from './context';
import { completeTask, datasetLength, datasetRoot } from './dataset';
import {
  INPUT_BYTE_GAS,
  INPUT_GAS,
  MAX_TASK_INPUT_BYTES,
  RUN_STATUS_FAILED,
  RUN_STATUS_RUNNING,
  SINK_GAS,
  STATUS_FAULT,
  TAG_SEED,
  TASK_BASE_GAS,
  TASK_STATUS_FAILED,
} from './generated/constants';
import { expireRun, isForgotten } from './expiry';
import { exec } from './host';
import { keccakTagged } from './keccak';
import { alloc, allocLeaf, be16, be32, be64, LEAF, putBe16, putBe32, putBe64 } from './memory';
import { allocObject, objectRoot, publishObject } from './objects';
import { receipt } from './receipt';
import { refuseBound } from './refusal';
import { endRun, loadRunning, paid, pay, restOfEscrow, Run, startPaying, storeRun } from './runs';
import { KIND_EXEC, Stage, widthOf } from './stages';
import { checkReady, fanIn, INPUT_ENTRY, listInput, loadOpenTask, storeTask, taskAttempt, writeEntry } from './tasks';
import { decimal, text } from './text';
import { affordable } from './u256';

const MESSAGE_BYTES: u32 = 39;
const PARAMETERS_ROOM: usize = 128;
const NS_PER_SECOND: u64 = 1000000000;

export function advance(): bool {
  if (messageLength != MESSAGE_BYTES) return refuseBound('message', 'bytes of ', MESSAGE_BYTES, messageLength);
  const id = message + 1;
  const index = be16(message + 33);
  const partition = be32(message + 35);
  receipt.run = id;
  receipt.hasTask = true;
  receipt.stage = index;
  receipt.partition = partition;
  const run = loadRunning(id);
  if (changetype<usize>(run) == 0) return false;
  receipt.workflow = run.workflow;
  startPaying();
  if (isForgotten(run)) {
    expireRun(run);
    collectFee(paid);
    receipt.feeWei = paid;
    receipt.runStatus = run.status;
    return true;
  }
  const stage = loadOpenTask(run, index, partition, KIND_EXEC);
  if (changetype<usize>(stage) == 0) return false;
  const attempt = taskAttempt;
  // A few records tell whether the task is ready: a refusal here has cost little, and nobody pays for it.
  if (!checkReady(run, stage, partition)) return false;
  const result = allocLeaf(LEAF);
  const request = createRequest(run, stage, index, partition);
  if (request != 0) exec(request, result);
  else putFault(result);
  settle(run, index, partition, attempt, result);
  return true;
}

/**
 * Writes programId 32 ‖ inputsRoot 32 ‖ seed 32 ‖ gasLimit u64 ‖ timestampNs u64 ‖ inputCount u32 ‖ zeros 12. Loading
 * is paid before it is done, docs/kernel.md#loading. The result is 0 if the escrow cannot pay, or if the inputs are too
 * large.
 */
function createRequest(run: Run, stage: Stage, index: u32, partition: u32): usize {
  let count: u32 = 0;
  for (let i: u32 = 0; i < stage.inputCount; i++) count += fanIn(run, stage, i);
  const base = TASK_BASE_GAS + (stage.sink ? SINK_GAS : 0) + stage.loadGas;
  if (!pay(run, base + INPUT_GAS * count)) return 0;
  const inputs = allocObject(++count * INPUT_ENTRY);
  let entry = inputs + INPUT_ENTRY;
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < stage.inputCount; i++) {
    const first = entry;
    entry = listInput(run, stage, i, partition, entry);
    for (let at = first; at < entry; at += INPUT_ENTRY) bytes += be64(at + 32);
  }
  if (bytes > MAX_TASK_INPUT_BYTES || !pay(run, INPUT_BYTE_GAS * bytes)) return 0;
  listParameters(inputs, index, partition, widthOf(stage, run.partitions), run.partitions);
  const request = allocLeaf(LEAF);
  memory.copy(request, stage.programId, 32);
  publishObject(inputs, count * INPUT_ENTRY, request + 32);
  hashSeed(run, index, partition, request + 64);
  putBe64(request + 96, affordable(restOfEscrow(run), run.gasPrice, min<u64>(stage.gasLimit, run.taskGasLimit)));
  putBe64(request + 104, run.timestamp * NS_PER_SECOND);
  putBe32(request + 112, count);
  return request;
}

/** The task's environment, docs/vm.md: NUL-terminated strings that begin with their kind. */
function listParameters(entry: usize, index: u32, partition: u32, width: u32, partitions: u32): void {
  const object = allocObject(PARAMETERS_ROOM);
  let p = variable(object, 'MIZU_STAGE', index);
  p = variable(p, 'MIZU_PARTITION', partition);
  p = variable(p, 'MIZU_WIDTH', width);
  p = variable(p, 'MIZU_PARTITIONS', partitions);
  const size = <u32>(p - object);
  const root = alloc(32);
  publishObject(object, size, root);
  writeEntry(entry, root, size);
}

function variable(p: usize, name: string, value: u32): usize {
  p = decimal(text(text(text(p, 'e'), name), '='), value);
  store<u8>(p, 0);
  return p + 1;
}

function hashSeed(run: Run, index: u32, partition: u32, dst: usize): void {
  const bytes = alloc(80) + 8;
  memory.copy(bytes, run.workflow, 32);
  memory.copy(bytes + 32, run.inputsHash, 32);
  putBe16(bytes + 64, index);
  putBe32(bytes + 66, partition);
  keccakTagged(TAG_SEED, bytes, 70, dst);
}

/** Writes the result of a program that was not run. */
function putFault(result: usize): void {
  putBe64(result, STATUS_FAULT);
  objectRoot(alloc(8) + 8, 0, result + 8);
}

/** The result leaf: status u64 ‖ outputRoot 32 ‖ outputLength u64 ‖ gasUsed u64. */
function settle(run: Run, index: u32, partition: u32, attempt: u32, result: usize): void {
  const status = be64(result);
  const outputRoot = result + 8;
  const outputLength = be64(result + 40);
  const gasUsed = be64(result + 48);
  // The gas limit is what the escrow could pay, so this cannot fail.
  pay(run, gasUsed);
  collectFee(paid);
  receipt.hasResult = true;
  receipt.status = status;
  receipt.outputRoot = outputRoot;
  receipt.outputLength = outputLength;
  receipt.gasUsed = gasUsed;
  receipt.feeWei = paid;
  if (status == 0) {
    completeTask(run, index, partition, outputRoot, outputLength, gasUsed, attempt);
    receipt.datasetRoot = datasetRoot;
    receipt.datasetLength = datasetLength;
  } else {
    storeTask(run, index, partition, TASK_STATUS_FAILED, outputRoot, outputLength, gasUsed, attempt);
    endRun(run, RUN_STATUS_FAILED);
  }
  storeRun(run);
  if (run.status != RUN_STATUS_RUNNING) receipt.runStatus = run.status;
}
