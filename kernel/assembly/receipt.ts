// docs/kernel.md#receipt: what the step did, as a JSON object. Handlers fill in the fields; one with 0 is left out.

import { alloc } from './memory';
import { statusName } from './status';
import { refusal, refusalLength } from './refusal';
import { decimal, hex, text, wei } from './text';

@unmanaged
class Receipt {
  kind: string;
  ok: bool;
  sender: usize;
  hasNonce: bool;
  nonce: u64;
  workflow: usize;
  run: usize;
  hasTask: bool;
  stage: u32;
  partition: u32;
  hasAttempt: bool;
  attempt: u32;
  hasResult: bool;
  status: u64;
  outputRoot: usize;
  outputLength: u64;
  gasUsed: u64;
  feeWei: usize;
  items: usize;
  itemsLength: u32;
  runStatus: u32;
  datasetRoot: usize;
  datasetLength: u64;
  account: usize;
  amountWei: usize;
  hasWithdrawal: bool;
  withdrawal: u64;
}

export let receipt: Receipt = changetype<Receipt>(0);

export function startReceipt(): void {
  receipt = changetype<Receipt>(alloc(offsetof<Receipt>()));
  receipt.kind = 'Unknown';
}

export function textField(p: usize, name: string, value: string): usize {
  return text(text(text(fieldName(p, name), '"'), value), '"');
}

export function numberField(p: usize, name: string, value: u64): usize {
  return decimal(fieldName(p, name), value);
}

export function hexField(p: usize, name: string, value: usize, length: u32): usize {
  if (value == 0) return p;
  return text(hex(text(fieldName(p, name), '"'), value, length), '"');
}

export function weiField(p: usize, name: string, value: usize): usize {
  if (value == 0) return p;
  return text(wei(text(fieldName(p, name), '"'), value), '"');
}

export function boolField(p: usize, name: string, value: bool): usize {
  return text(fieldName(p, name), value ? 'true' : 'false');
}

/** The refusal, if there is one: ASCII without quotes or backslashes. */
export function errorField(p: usize): usize {
  if (refusalLength == 0) return p;
  p = text(fieldName(p, 'error'), '"');
  memory.copy(p, refusal, refusalLength);
  return text(p + refusalLength, '"');
}

export function runStatusField(p: usize, status: u32): usize {
  return status == 0 ? p : textField(p, 'runStatus', statusName(status));
}

// A comma is needed unless the object has just begun.
function fieldName(p: usize, name: string): usize {
  if (load<u8>(p - 1) != 0x7b) store<u8>(p++, 0x2c);
  return text(text(text(p, '"'), name), '":');
}

/** A nonce above 2^53 - 1 is left out: readers of JSON differ on such numbers. */
function nonceField(p: usize): usize {
  return receipt.hasNonce && receipt.nonce < (<u64>1) << 53 ? numberField(p, 'nonce', receipt.nonce) : p;
}

const ROOM: usize = 4096;

/** Bytes of the receipt; the end is returned through `receiptEnd`. */
export function writeReceipt(): usize {
  const start = alloc(ROOM + receipt.itemsLength);
  let p = text(start, '{');
  p = boolField(textField(p, 'kind', receipt.kind), 'ok', receipt.ok);
  p = nonceField(hexField(errorField(p), 'sender', receipt.sender, 20));
  p = hexField(hexField(p, 'workflow', receipt.workflow, 32), 'run', receipt.run, 32);
  if (receipt.hasTask) p = numberField(numberField(p, 'stage', receipt.stage), 'partition', receipt.partition);
  if (receipt.hasAttempt) p = numberField(p, 'attempt', receipt.attempt);
  if (receipt.hasResult) {
    p = hexField(numberField(p, 'status', receipt.status), 'outputRoot', receipt.outputRoot, 32);
    p = numberField(numberField(p, 'outputLength', receipt.outputLength), 'gasUsed', receipt.gasUsed);
  }
  p = weiField(p, 'feeWei', receipt.feeWei);
  if (receipt.items != 0) {
    p = text(fieldName(p, 'items'), '[');
    memory.copy(p, receipt.items, receipt.itemsLength);
    p = text(p + receipt.itemsLength, ']');
  }
  p = runStatusField(p, receipt.runStatus);
  if (receipt.datasetRoot != 0) {
    p = numberField(hexField(p, 'datasetRoot', receipt.datasetRoot, 32), 'datasetLength', receipt.datasetLength);
  }
  p = weiField(hexField(p, 'account', receipt.account, 20), 'amountWei', receipt.amountWei);
  if (receipt.hasWithdrawal) p = numberField(p, 'withdrawal', receipt.withdrawal);
  receiptEnd = text(p, '}');
  return start;
}

export let receiptEnd: usize = 0;
