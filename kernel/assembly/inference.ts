// docs/kernel.md#tasks: InferenceResult. The batch is accepted as a whole; an unfit item is skipped and named.

import { collectFee, credit, loadAccount, storeAccount } from './accounts';
import { certifiedUntil, isCertified, OBJECT_BYTES } from './certificate';
import { gatewayDomain, minGasPrice } from './config';
import { message, messageLength } from './context';
import { completeTask, datasetLength, datasetRoot } from './dataset';
import { expireRun, isForgotten } from './expiry';
import {
  KEEP_BYTE_GAS,
  MAX_INFERENCE_ITEMS,
  MAX_ITEM_TOKENS,
  MAX_OUTPUT_BYTES,
  MAX_SINK_TASKS,
  MESSAGE_BASE_GAS,
  RUN_STATUS_RUNNING,
  SIGNATURE_GAS,
  SINK_GAS,
  TABLE_GATEWAY,
  TABLE_MODEL,
  TASK_BASE_GAS,
  TYPE_INFERENCE_BATCH,
} from './generated/constants';
import { costOf } from './gas-price';
import { addressKey, hashKey } from './keys';
import { storeGateway } from './l1';
import { alloc, be16, be32, be64, equal } from './memory';
import { listObject } from './programs';
import { objectRoot } from './objects';
import { boolField, errorField, hexField, numberField, receipt, runStatusField, weiField } from './receipt';
import { clearRefusal, refuse, refuseBound, refuseBytes, refuseNumber, refuseUnknown, refuseWei } from './refusal';
import { addressCount, readAddresses, readList, readU256, readU64 } from './rlp';
import { loadRunning, paid, pay, restOfEscrow, Run, startPaying, storeRun } from './runs';
import { addAddress, addU64, addWord, beginStruct, digest, isSignedBy, signer } from './signature';
import { inputOf, KIND_INFER, Stage } from './stages';
import { findOutput, leastAttempt, loadOpenTask, outputRoot, taskAttempt } from './tasks';
import { text } from './text';
import { get } from './trie';
import { add, isZeroWei, less, multiply, sub } from './u256';

// kind 1, signature 65, gateway 20, nonce 8, count 2.
const GATEWAY_AT: usize = 66;
const ITEMS_AT: u32 = 96;
const ITEM_BYTES: u32 = 256;
/** JSON of one item, with its error. */
const ITEM_ROOM: u32 = 1536;

// Item: run 32, stage 2, partition 4, attempt 2, requestRoot 32, resultRoot 32, resultLength 8, model 32, inputTokens
// 8, outputTokens 8.
const STAGE_AT: usize = 32;
const PARTITION_AT: usize = 34;
const ATTEMPT_AT: usize = 38;
const REQUEST_AT: usize = 40;
const RESULT_AT: usize = 72;
const RESULT_LENGTH_AT: usize = 104;
const MODEL_AT: usize = 112;
const INPUT_TOKENS_AT: usize = 144;
const OUTPUT_TOKENS_AT: usize = 152;

let gateway: usize = 0;
let earned: usize = 0;
/** Sink tasks that this step may still read: bounds its memory. */
let sinkTasksLeft: u32 = 0;
/** Gas that each item pays for the signatures of its message. */
let signatureGas: u64 = 0;
/** Items of this message that were not taken. */
let refused: u32 = 0;

export function acceptResults(): bool {
  if (messageLength < ITEMS_AT) return refuseBound('message', 'bytes of at least ', ITEMS_AT, messageLength);
  gateway = message + GATEWAY_AT;
  receipt.account = gateway;
  const count = be16(message + ITEMS_AT - 2);
  if (count == 0 || count > MAX_INFERENCE_ITEMS) return refuseBound('items', '1 to ', MAX_INFERENCE_ITEMS, count);
  const end = ITEMS_AT + count * ITEM_BYTES;
  if (messageLength < end) return refuseBound('message', 'bytes of at least ', end, messageLength);
  const items = message + ITEMS_AT;
  const nonce = be64(gateway + 20);
  if (!checkGateway(items, count, nonce)) return false;
  if (!isCertified(listResults(items, count), count, message + end, messageLength - end)) return false;
  storeGateway(gateway, true, nonce);
  earned = alloc(32);
  startPaying();
  sinkTasksLeft = MAX_SINK_TASKS;
  const signatures = 1 + popcnt<u64>(be64(message + end + 16));
  signatureGas = (SIGNATURE_GAS * signatures + count - 1) / count;
  acceptItems(items, count);
  // The sum of all balances is what was deposited, so nothing overflows.
  if (!isZeroWei(earned)) credit(gateway, earned);
  chargeRefused();
  if (!isZeroWei(paid)) collectFee(paid);
  receipt.feeWei = earned;
  return true;
}

/** Nobody else pays for items that were not taken: the gateway pays the least price, as far as its balance goes. */
function chargeRefused(): void {
  if (refused == 0) return;
  const account = loadAccount(gateway);
  const due = costOf(minGasPrice(), MESSAGE_BASE_GAS * refused);
  if (less(account.balance, due)) memory.copy(due, account.balance, 32);
  if (isZeroWei(due)) return;
  sub(account.balance, account.balance, due);
  storeAccount(account);
  add(paid, paid, due);
}

function checkGateway(items: usize, count: u32, nonce: u64): bool {
  const record = get(addressKey(TABLE_GATEWAY, gateway));
  if (record == 0) return refuseUnknown('gateway', 'one that is registered', gateway, 20);
  readList(record);
  if (readU64() == 0) return refuseUnknown('gateway', 'one that is active', gateway, 20);
  const last = readU64();
  if (nonce <= last) return refuseBound('nonce', 'more than ', last, nonce);
  receipt.hasNonce = true;
  receipt.nonce = nonce;
  const root = alloc(32);
  objectRoot(items, count * ITEM_BYTES, root);
  beginStruct(TYPE_INFERENCE_BATCH);
  addAddress(gateway);
  addU64(nonce);
  addWord(root);
  if (isSignedBy(digest(gatewayDomain()), message + 1, gateway)) return true;
  return refuseBytes('signer', '', gateway, signer, 20);
}

function listResults(items: usize, count: u32): usize {
  const objects = alloc(count * OBJECT_BYTES);
  for (let i: u32 = 0; i < count; i++) {
    const item = items + i * ITEM_BYTES;
    listObject(objects + i * OBJECT_BYTES, item + RESULT_AT, be64(item + RESULT_LENGTH_AT));
  }
  return objects;
}

function acceptItems(items: usize, count: u32): void {
  receipt.items = alloc(count * ITEM_ROOM);
  let p = receipt.items;
  for (let i: u32 = 0; i < count; i++) {
    if (i != 0) p = text(p, ',');
    p = acceptItem(items + i * ITEM_BYTES, p);
  }
  receipt.itemsLength = <u32>(p - receipt.items);
  // The refusal of an item belongs to the item: the message itself was accepted.
  clearRefusal();
}

let cost: usize = 0;
let runStatus: u32 = 0;
let dataset: usize = 0;

function acceptItem(item: usize, p: usize): usize {
  clearRefusal();
  cost = 0;
  runStatus = 0;
  dataset = 0;
  const ok = settleItem(item);
  refused += u32(!ok);
  p = hexField(text(p, '{'), 'run', item, 32);
  p = numberField(p, 'stage', be16(item + STAGE_AT));
  p = numberField(p, 'partition', be32(item + PARTITION_AT));
  p = errorField(boolField(p, 'ok', ok));
  p = hexField(p, 'outputRoot', item + RESULT_AT, 32);
  if (ok) {
    p = numberField(p, 'outputLength', be64(item + RESULT_LENGTH_AT));
    p = numberField(p, 'inputTokens', be64(item + INPUT_TOKENS_AT));
    p = numberField(p, 'outputTokens', be64(item + OUTPUT_TOKENS_AT));
  }
  p = runStatusField(weiField(p, 'feeWei', cost), runStatus);
  if (dataset != 0) p = numberField(hexField(p, 'datasetRoot', dataset, 32), 'datasetLength', datasetLength);
  return text(p, '}');
}

function settleItem(item: usize): bool {
  const run = loadRunning(item);
  if (changetype<usize>(run) == 0) return false;
  if (isForgotten(run)) {
    expireRun(run);
    runStatus = run.status;
    return refuse('run status', 'running', 'expired');
  }
  const stage = findTask(run, item);
  if (changetype<usize>(stage) == 0 || !checkAmounts(item)) return false;
  const price = priceOf(run, item);
  if (price == 0) return false;
  // Tokens and bytes are what the gateway reports: the run limits both together.
  const keepGas = KEEP_BYTE_GAS * be64(item + RESULT_LENGTH_AT);
  const told = costOf(run.gasPrice, keepGas);
  if (add(told, told, price)) return refuseOverflow();
  if (less(run.maxItemCost, told)) return refuseWei('cost', 'at most maxItemCost ', run.maxItemCost, told);
  const inferenceLeft = alloc(32);
  sub(inferenceLeft, run.maxInferenceCost, run.inferenceSpent);
  if (less(inferenceLeft, told)) {
    return refuseWei('cost', 'at most the rest of maxInferenceCost ', inferenceLeft, told);
  }
  // The kernel's work for a task is paid as for a task that runs a program.
  const gas = TASK_BASE_GAS + signatureGas + (stage.sink ? SINK_GAS : 0);
  const total = costOf(run.gasPrice, gas);
  const rest = restOfEscrow(run);
  // What is told is at most maxItemCost, so this may still overflow.
  if (add(total, total, told) || less(rest, total)) return refuseWei('cost', 'at most the rest of the escrow ', rest, total);
  if (run.tasksLeft == 1) {
    if (run.sinkTasks > sinkTasksLeft) {
      return refuseBound('sink tasks of the runs that one message completes', 'at most ', sinkTasksLeft, run.sinkTasks);
    }
    sinkTasksLeft -= run.sinkTasks;
  }
  cost = price;
  pay(run, gas + keepGas);
  add(run.spent, run.spent, cost);
  add(run.inferenceSpent, run.inferenceSpent, told);
  // The result is an input of later stages: the run is not promised for longer than it.
  run.expiry = min<u64>(run.expiry, certifiedUntil);
  add(earned, earned, cost);
  const partition = be32(item + PARTITION_AT);
  const attempt = be16(item + ATTEMPT_AT);
  completeTask(run, be16(item + STAGE_AT), partition, item + RESULT_AT, be64(item + RESULT_LENGTH_AT), 0, attempt);
  storeRun(run);
  dataset = datasetRoot;
  if (run.status != RUN_STATUS_RUNNING) runStatus = run.status;
  return true;
}

/** The stage, if the task is open and ready and the request and the model are its own; otherwise 0 and a refusal. */
function findTask(run: Run, item: usize): Stage {
  const none = changetype<Stage>(0);
  const partition = be32(item + PARTITION_AT);
  const stage = loadOpenTask(run, be16(item + STAGE_AT), partition, KIND_INFER);
  if (changetype<usize>(stage) == 0) return none;
  const attempt = be16(item + ATTEMPT_AT);
  if (attempt != taskAttempt) {
    refuseBound('attempt', '', taskAttempt, attempt);
    return none;
  }
  const source = inputOf(stage, 0).source;
  if (!findOutput(run, source, partition, leastAttempt(run, source))) {
    refuse('task', 'an input that is done', 'none');
    return none;
  }
  if (!equal(outputRoot, item + REQUEST_AT, 32)) {
    refuseBytes('requestRoot', '', outputRoot, item + REQUEST_AT, 32);
    return none;
  }
  if (!equal(stage.model, item + MODEL_AT, 32)) {
    refuseBytes('model', '', stage.model, item + MODEL_AT, 32);
    return none;
  }
  return stage;
}

function checkAmounts(item: usize): bool {
  const size = be64(item + RESULT_LENGTH_AT);
  const input = be64(item + INPUT_TOKENS_AT);
  const output = be64(item + OUTPUT_TOKENS_AT);
  if (size > MAX_OUTPUT_BYTES) return refuseBound('resultLength', 'at most ', MAX_OUTPUT_BYTES, size);
  if (input > MAX_ITEM_TOKENS) return refuseBound('inputTokens', 'at most ', MAX_ITEM_TOKENS, input);
  return output <= MAX_ITEM_TOKENS || refuseBound('outputTokens', 'at most ', MAX_ITEM_TOKENS, output);
}

/** What the item's tokens cost at the model's prices, in wei; 0 and a refusal if the model is not active. */
function priceOf(run: Run, item: usize): usize {
  const record = get(hashKey(TABLE_MODEL, item + MODEL_AT));
  if (record != 0) readList(record);
  if (record == 0 || readU64() == 0) {
    refuseUnknown('model', 'one that is active', item + MODEL_AT, 32);
    return 0;
  }
  readU64();
  const input = readU256();
  const output = readU256();
  const ofModel = readAddresses();
  const isTrusted =
    run.gatewayCount != 0 ? contains(run.gateways, run.gatewayCount) : contains(ofModel, addressCount);
  if (!isTrusted) {
    refuseUnknown('gateway', run.gatewayCount != 0 ? 'one of the run' : 'one of the model', gateway, 20);
    return 0;
  }
  const tooHigh =
    u32(multiply(input, input, be64(item + INPUT_TOKENS_AT))) |
    u32(multiply(output, output, be64(item + OUTPUT_TOKENS_AT))) |
    u32(add(input, input, output));
  if (tooHigh == 0) return input;
  refuseOverflow();
  return 0;
}

function refuseOverflow(): bool {
  return refuse('cost', 'below 2^256', 'more');
}

/** Whether the gateway is one of these addresses, 20 bytes each. */
function contains(addresses: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    if (equal(addresses + i * 20, gateway, 20)) return true;
  }
  return false;
}
