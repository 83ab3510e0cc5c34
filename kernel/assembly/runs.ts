// docs/kernel.md#state: runs, and what happens to the escrow when one ends.

import { credit } from './accounts';
import { RUN_STATUS_RUNNING, TABLE_RUN } from './generated/constants';
import { costOf } from './gas-price';
import { hashKey } from './keys';
import { alloc } from './memory';
import { refuse, refuseUnknown } from './refusal';
import {
  addressCount,
  beginRecord,
  endRecord,
  length,
  position,
  readAddresses,
  readBytes,
  readList,
  readU256,
  readU64,
  writeAddresses,
  writeBytes,
  writeU256,
  writeU64,
} from './rlp';
import { statusName } from './status';
import { get, put } from './trie';
import { add, less, sub } from './u256';

@unmanaged
export class Run {
  id: usize;
  key: usize;
  workflow: usize;
  owner: usize;
  status: u32;
  escrow: usize;
  spent: usize;
  timestamp: u64;
  deadline: u64;
  partitions: u32;
  taskGasLimit: u64;
  tasksLeft: u32;
  inputsHash: usize;
  /** Unix seconds until which its inputs and results are promised. */
  expiry: u64;
  maxItemCost: usize;
  maxInferenceCost: usize;
  /** Wei per gas that it pays for all that it does, whatever the least price is later. */
  gasPrice: usize;
  /** Wei of its escrow that tokens and bytes of results have cost. */
  inferenceSpent: usize;
  sinkTasks: u32;
  /** Gateways whose results it takes, 20 bytes each; if it names none, those of the model. */
  gateways: usize;
  gatewayCount: u32;
  /** Items of it that L1 has voided. */
  voids: u32;
  /** The time of the last of these, in unix seconds; 0 if there is none. */
  voidedAt: u64;
}

/** A run that is still going, or 0 and a refusal. */
export function loadRunning(id: usize): Run {
  const run = loadRun(id);
  if (changetype<usize>(run) == 0) {
    refuseUnknown('run', 'one that was started', id, 32);
    return run;
  }
  if (run.status == RUN_STATUS_RUNNING) return run;
  refuse('run status', 'running', statusName(run.status));
  return changetype<Run>(0);
}

/** The run, or 0 if there is none with this id. */
export function loadRun(id: usize): Run {
  const key = hashKey(TABLE_RUN, id);
  const record = get(key);
  if (record == 0) return changetype<Run>(0);
  const run = changetype<Run>(alloc(offsetof<Run>()));
  run.id = id;
  run.key = key;
  const end = readList(record);
  run.workflow = readBytes();
  run.owner = readBytes();
  run.status = <u32>readU64();
  run.escrow = readU256();
  run.spent = readU256();
  run.timestamp = readU64();
  run.deadline = readU64();
  run.partitions = <u32>readU64();
  run.taskGasLimit = readU64();
  run.tasksLeft = <u32>readU64();
  run.inputsHash = readBytes();
  run.expiry = readU64();
  run.maxItemCost = readU256();
  run.maxInferenceCost = readU256();
  run.inferenceSpent = readU256();
  run.sinkTasks = <u32>readU64();
  run.gasPrice = readU256();
  run.gateways = readAddresses();
  run.gatewayCount = addressCount;
  if (position() == end) return run;
  run.voids = <u32>readU64();
  run.voidedAt = readU64();
  return run;
}

export function storeRun(run: Run): void {
  beginRecord();
  writeBytes(run.workflow, 32);
  writeBytes(run.owner, 20);
  writeU64(run.status);
  writeU256(run.escrow);
  writeU256(run.spent);
  writeU64(run.timestamp);
  writeU64(run.deadline);
  writeU64(run.partitions);
  writeU64(run.taskGasLimit);
  writeU64(run.tasksLeft);
  writeBytes(run.inputsHash, 32);
  writeU64(run.expiry);
  writeU256(run.maxItemCost);
  writeU256(run.maxInferenceCost);
  writeU256(run.inferenceSpent);
  writeU64(run.sinkTasks);
  writeU256(run.gasPrice);
  writeAddresses(run.gateways, run.gatewayCount);
  if (run.voids != 0) {
    writeU64(run.voids);
    writeU64(run.voidedAt);
  }
  put(run.key, endRecord(), length);
}

/** The rest of the escrow, in wei. */
export function restOfEscrow(run: Run): usize {
  const rest = alloc(32);
  sub(rest, run.escrow, run.spent);
  return rest;
}

/** Wei that the escrow has paid for gas since `startPaying`. */
export let paid: usize = 0;

export function startPaying(): void {
  paid = alloc(32);
}

/**
 * Pays for gas. If the rest of the escrow is not enough, it takes all of it and returns false. The caller collects
 * `paid` and stores the run.
 */
export function pay(run: Run, gas: u64): bool {
  const cost = costOf(run.gasPrice, gas);
  const rest = restOfEscrow(run);
  const isEnough = !less(rest, cost);
  const taken = isEnough ? cost : rest;
  add(run.spent, run.spent, taken);
  add(paid, paid, taken);
  return isEnough;
}

/** Sets the final status and gives the rest of the escrow back. The caller stores the run. */
export function endRun(run: Run, status: u32): void {
  run.status = status;
  // The owner had this balance before, and the sum of all balances is what was deposited, so nothing overflows.
  credit(run.owner, restOfEscrow(run));
}
