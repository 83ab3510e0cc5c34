// docs/kernel.md#voided: ItemVoided. A task runs again, and whatever has used its result.

import { collectFee, credit, loadAccount, storeAccount } from './accounts';
import { message, timestamp } from './context';
import { MAX_VOIDS, RUN_INPUT, RUN_STATUS_DONE, RUN_STATUS_RUNNING, TASK_STATUS_OPEN } from './generated/constants';
import { checkFromL1 } from './l1';
import { alloc, be16, be32, equal } from './memory';
import { receipt } from './receipt';
import { refuse } from './refusal';
import { loadRun, restOfEscrow, Run, storeRun } from './runs';
import { inputOf, KIND_INFER, loadStage, loadWorkflow, MODE_ALL, Stage } from './stages';
import {
  countTasksDone,
  findOutput,
  leastAttempt,
  loadAttempt,
  outputRoot,
  reopenStage,
  storeTask,
  taskAttempt,
  tasksDone,
} from './tasks';
import { add, fromBytes, less, sub } from './u256';

// kind 1, run 32, stage 2, partition 4, attempt 2, resultRoot 32, refund 32.
const MESSAGE_BYTES: u32 = 105;
const STAGE_AT: usize = 33;
const PARTITION_AT: usize = 35;
const ATTEMPT_AT: usize = 39;
const RESULT_AT: usize = 41;
const REFUND_AT: usize = 73;

export function voidItem(): bool {
  if (!checkFromL1(MESSAGE_BYTES)) return false;
  const refund = fromBytes(message + REFUND_AT);
  receipt.run = message + 1;
  receipt.hasTask = true;
  receipt.stage = be16(message + STAGE_AT);
  receipt.partition = be32(message + PARTITION_AT);
  receipt.amountWei = refund;
  const run = loadRun(message + 1);
  if (changetype<usize>(run) == 0) {
    if (!collectFee(refund)) return refuseRefund();
    receipt.feeWei = refund;
    return true;
  }
  receipt.workflow = run.workflow;
  if (!isDone(run)) {
    receipt.account = run.owner;
    return credit(run.owner, refund) || refuseRefund();
  }
  if (!payBack(run, refund)) return refuseRefund();
  run.status = RUN_STATUS_RUNNING;
  run.deadline = laterDeadline(run);
  run.voidedAt = timestamp;
  run.voids++;
  reopen(run);
  storeRun(run);
  receipt.runStatus = RUN_STATUS_RUNNING;
  receipt.hasAttempt = true;
  receipt.attempt = be16(message + ATTEMPT_AT) + 1;
  return true;
}

function refuseRefund(): bool {
  return refuse('refund', 'a sum below 2^256', 'more');
}

/** Whether the item is what the run goes on with, or has ended with. */
function isDone(run: Run): bool {
  if (run.status != RUN_STATUS_RUNNING && run.status != RUN_STATUS_DONE) return false;
  if (run.voids == MAX_VOIDS) return false;
  const stage = loadStage(run.workflow, receipt.stage);
  if (changetype<usize>(stage) == 0 || stage.kind != KIND_INFER) return false;
  const least = leastAttempt(run, receipt.stage);
  if (!findOutput(run, receipt.stage, receipt.partition, least)) return false;
  return taskAttempt == be16(message + ATTEMPT_AT) && equal(outputRoot, message + RESULT_AT, 32);
}

/**
 * Puts the refund into the escrow; it may be spent on tokens and bytes once more. Returns false, and changes nothing,
 * if the escrow would overflow.
 */
function payBack(run: Run, refund: usize): bool {
  const escrow = alloc(32);
  if (add(escrow, run.escrow, refund)) return false;
  if (run.status == RUN_STATUS_DONE) {
    const taken = takeAgain(run);
    // No more than what the run gave back is taken, so this is at most the sum above.
    add(escrow, run.spent, taken);
    add(escrow, escrow, refund);
  }
  run.escrow = escrow;
  sub(run.inferenceSpent, run.inferenceSpent, less(refund, run.inferenceSpent) ? refund : run.inferenceSpent);
  return true;
}

/**
 * A run that was done has given the rest of its escrow back. It takes from its owner what it may need once more: as
 * much as it has spent, at most what it gave back, as far as the account has it.
 */
function takeAgain(run: Run): usize {
  const account = loadAccount(run.owner);
  let taken = restOfEscrow(run);
  if (less(run.spent, taken)) taken = run.spent;
  if (less(account.balance, taken)) taken = account.balance;
  const copy = alloc(32);
  memory.copy(copy, taken, 32);
  sub(account.balance, account.balance, copy);
  storeAccount(account);
  return copy;
}

/** As long after this message as the deadline was after the run's start, or after the last such message. */
function laterDeadline(run: Run): u64 {
  const seconds = run.deadline - max<u64>(run.timestamp, run.voidedAt);
  return seconds > u64.MAX_VALUE - timestamp ? u64.MAX_VALUE : timestamp + seconds;
}

// What of a stage has used the voided result.
const NOTHING: u8 = 0;
/** The task of the same partition. */
const ONE: u8 = 1;
const ALL: u8 = 2;

/** Opens the task and all that depend on it, done or not: at most two records a stage are written. */
function reopen(run: Run): void {
  const stages = loadWorkflow(run.workflow).stageCount;
  const reach = alloc(stages);
  store<u8>(reach + receipt.stage, ONE);
  reopenTask(run, receipt.stage, receipt.partition);
  for (let index = receipt.stage + 1; index < stages; index++) {
    const used = reachOf(loadStage(run.workflow, index), reach);
    store<u8>(reach + index, used);
    if (used == ONE) reopenTask(run, index, receipt.partition);
    if (used != ALL) continue;
    run.tasksLeft += tasksDone(run, index);
    // No attempt of the run is above the number of voids before this one, so all records of the stage are void.
    reopenStage(run, index, run.voids);
  }
}

function reachOf(stage: Stage, reach: usize): u8 {
  let most = NOTHING;
  for (let i: u32 = 0; i < stage.inputCount; i++) {
    const input = inputOf(stage, i);
    if (input.source == RUN_INPUT) continue;
    const used = load<u8>(reach + input.source);
    most = max<u8>(most, used != NOTHING && input.mode == MODE_ALL ? ALL : used);
  }
  return most;
}

function reopenTask(run: Run, index: u32, partition: u32): void {
  if (!loadAttempt(run, index, partition)) {
    countTasksDone(run, index, -1);
    run.tasksLeft++;
  }
  storeTask(run, index, partition, TASK_STATUS_OPEN, alloc(32), 0, 0, taskAttempt + 1);
}
