// docs/messages.md#user: Run. A run begins with its inputs certified and its escrow taken.

import { loadAccount, storeAccount } from './accounts';
import { certifiedUntil, isCertified, OBJECT_BYTES, totalLength } from './certificate';
import { retention } from './config';
import { message, messageLength, timestamp } from './context';
import { bytesLeft, here, next, seek } from './cursor';
import {
  KEEP_BYTE_GAS,
  MAX_PARTITIONS,
  MAX_PARTITION_BYTES,
  MAX_RUN_GATEWAYS,
  MAX_SINK_TASKS,
  MAX_TASK_INPUTS,
  RUN_INPUT,
  RUN_STATUS_RUNNING,
  STAGE_GAS,
  TABLE_RUN,
  TAG_RUN,
  TYPE_RUN,
} from './generated/constants';
import { keccak, keccakTagged } from './keccak';
import { hashKey, inputKey } from './keys';
import { alloc, be32, be64, putBe64 } from './memory';
import { receipt } from './receipt';
import { refuseBound, refuseUnknown, refuseWei } from './refusal';
import { beginRecord, endRecord, length, writeBytes, writeU64 } from './rlp';
import { Run, storeRun } from './runs';
import { addBytes, addU64, addWord } from './signature';
import { inputOf, loadStage, loadWorkflow, MODE_ALL, MODE_SAME, Stage, widthOf } from './stages';
import { put } from './trie';
import { fromBytes, less, sub } from './u256';
import { beginSigned, BODY, charge, chargeMore, gasPrice, nonce, readSigned, sender } from './user';

// workflow 32, maxCost 32, maxItemCost 32, maxInferenceCost 32, taskGasLimit 8, deadline 8, gatewayCount 1, gateways 20
// each, inputs.
const FIXED_BYTES: u32 = 145;
const GATEWAY_BYTES: u32 = 20;

export function startRun(): bool {
  if (!readSigned(FIXED_BYTES, false)) return false;
  const body = message + BODY;
  const gatewayCount: u32 = load<u8>(body + 144);
  if (gatewayCount > MAX_RUN_GATEWAYS) return refuseBound('gateways', 'at most ', MAX_RUN_GATEWAYS, gatewayCount);
  const fixed = FIXED_BYTES + gatewayCount * GATEWAY_BYTES;
  if (!readSigned(fixed, false)) return false;
  const gateways = body + FIXED_BYTES;
  const inputs = body + fixed;
  const run = changetype<Run>(alloc(offsetof<Run>()));
  run.workflow = body;
  run.owner = sender;
  run.status = RUN_STATUS_RUNNING;
  run.escrow = fromBytes(body + 32);
  run.spent = alloc(32);
  run.timestamp = timestamp;
  run.maxItemCost = fromBytes(body + 64);
  run.maxInferenceCost = fromBytes(body + 96);
  run.inferenceSpent = alloc(32);
  run.gasPrice = gasPrice;
  run.taskGasLimit = be64(body + 128);
  run.deadline = be64(body + 136);
  run.gateways = gateways;
  run.gatewayCount = gatewayCount;
  beginSigned(TYPE_RUN);
  addWord(run.workflow);
  addWord(body + 32);
  addWord(body + 64);
  addWord(body + 96);
  addU64(run.taskGasLimit);
  addU64(run.deadline);
  addBytes(gateways, gatewayCount * GATEWAY_BYTES);
  addBytes(inputs, messageLength - BODY - fixed);
  return charge(0) && begin(run, inputs);
}

function begin(run: Run, inputs: usize): bool {
  receipt.workflow = run.workflow;
  if (run.deadline <= timestamp) return refuseBound('deadline', 'after ', timestamp, run.deadline);
  if (run.taskGasLimit == 0) return refuseBound('taskGasLimit', 'at least ', 1, 0);
  const list = readInputs(run, inputs);
  if (list == 0) return false;
  const workflow = loadWorkflow(run.workflow);
  if (changetype<usize>(workflow) == 0)
    return refuseUnknown('workflow', 'one that is deployed', run.workflow, 32);
  if (workflow.expiry < timestamp + retention()) {
    return refuseBound('workflow expiry', 'at least ', timestamp + retention(), workflow.expiry);
  }
  const stages = workflow.stageCount;
  if (!chargeMore(STAGE_GAS * stages, 0) || !countTasks(run, stages)) return false;
  if (!isCertified(list, run.partitions, here(), bytesLeft())) return false;
  if (!chargeMore(KEEP_BYTE_GAS * totalLength(list, run.partitions), 0)) return false;
  const account = loadAccount(sender);
  if (less(account.balance, run.escrow)) return refuseWei('balance', 'at least maxCost ', run.escrow, account.balance);
  sub(account.balance, account.balance, run.escrow);
  storeAccount(account);
  run.expiry = certifiedUntil;
  run.inputsHash = alloc(32);
  keccak(inputs, <u32>(here() - inputs), run.inputsHash);
  run.id = hashRun(run.workflow);
  run.key = hashKey(TABLE_RUN, run.id);
  storeInputs(run, list);
  storeRun(run);
  receipt.run = run.id;
  receipt.runStatus = RUN_STATUS_RUNNING;
  return true;
}

/** Address of the partitions, 40 bytes each; 0 and a refusal if they are wrong. */
function readInputs(run: Run, inputs: usize): usize {
  seek(<u32>(inputs - message));
  const head = next('partition count', 4);
  if (head == 0) return 0;
  run.partitions = be32(head);
  if (run.partitions == 0 || run.partitions > MAX_PARTITIONS) {
    refuseBound('partitions', '1 to ', MAX_PARTITIONS, run.partitions);
    return 0;
  }
  const list = next('partitions', run.partitions * OBJECT_BYTES);
  if (list == 0) return 0;
  for (let i: u32 = 0; i < run.partitions; i++) {
    const size = be64(list + i * OBJECT_BYTES + 32);
    if (size > MAX_PARTITION_BYTES) {
      refuseBound('partition length', 'at most ', MAX_PARTITION_BYTES, size);
      return 0;
    }
  }
  return list;
}

/** The widths are known now: checks that they fit each other and the limits. */
function countTasks(run: Run, stages: u32): bool {
  const widths = alloc(stages << 2);
  let sinkTasks: u32 = 0;
  for (let index: u32 = 0; index < stages; index++) {
    const stage = loadStage(run.workflow, index);
    const width = widthOf(stage, run.partitions);
    store<u32>(widths + (index << 2), width);
    run.tasksLeft += width;
    if (stage.sink) sinkTasks += width;
    if (!checkInputs(run, stage, width, widths)) return false;
  }
  run.sinkTasks = sinkTasks;
  return sinkTasks <= MAX_SINK_TASKS || refuseBound('sink tasks', 'at most ', MAX_SINK_TASKS, sinkTasks);
}

/** `widths` has a u32 for each stage, at least for those before this one. */
function checkInputs(run: Run, stage: Stage, width: u32, widths: usize): bool {
  let count: u32 = 0;
  for (let i: u32 = 0; i < stage.inputCount; i++) {
    const input = inputOf(stage, i);
    const available =
      input.source == RUN_INPUT ? run.partitions : load<u32>(widths + (input.source << 2));
    if (input.mode == MODE_SAME && available != width) {
      return refuseBound('stage width', 'that of its input, ', available, width);
    }
    count += input.mode == MODE_ALL ? available : 1;
  }
  return count <= MAX_TASK_INPUTS || refuseBound('inputs of a task', 'at most ', MAX_TASK_INPUTS, count);
}

function hashRun(workflow: usize): usize {
  const bytes = alloc(72) + 8;
  memory.copy(bytes, sender, 20);
  putBe64(bytes + 20, nonce);
  memory.copy(bytes + 28, workflow, 32);
  const id = alloc(32);
  keccakTagged(TAG_RUN, bytes, 60, id);
  return id;
}

function storeInputs(run: Run, list: usize): void {
  for (let i: u32 = 0; i < run.partitions; i++) {
    const input = list + i * OBJECT_BYTES;
    beginRecord();
    writeBytes(input, 32);
    writeU64(be64(input + 32));
    put(inputKey(run.id, i), endRecord(), length);
  }
}
