// docs/messages.md#user, #protocol-messages: Cancel, Expire, Withdraw.

import { collectFee, loadAccount, recordWithdrawal, storeAccount } from './accounts';
import { message, messageLength, timestamp } from './context';
import { RUN_STATUS_CANCELLED, RUN_STATUS_EXPIRED, TYPE_CANCEL, TYPE_WITHDRAW } from './generated/constants';
import { expireRun, isForgotten } from './expiry';
import { equal } from './memory';
import { receipt } from './receipt';
import { refuse, refuseBound, refuseBytes, refuseWei } from './refusal';
import { endRun, loadRunning, paid, startPaying, storeRun } from './runs';
import { addAddress, addWord } from './signature';
import { fromBytes, isZeroWei, less, sub } from './u256';
import { beginSigned, BODY, charge, readSigned, sender } from './user';

export function cancel(): bool {
  if (!readSigned(32, true)) return false;
  const id = message + BODY;
  receipt.run = id;
  beginSigned(TYPE_CANCEL);
  addWord(id);
  if (!charge(0)) return false;
  const run = loadRunning(id);
  if (changetype<usize>(run) == 0) return false;
  if (!equal(run.owner, sender, 20)) return refuseBytes('sender', 'the owner ', run.owner, sender, 20);
  endRun(run, RUN_STATUS_CANCELLED);
  storeRun(run);
  receipt.workflow = run.workflow;
  receipt.runStatus = RUN_STATUS_CANCELLED;
  return true;
}

/**
 * Anyone may expire a run after its deadline, or when its bytes are not promised for long enough; the run pays for it.
 */
export function expire(): bool {
  if (messageLength != 33) return refuseBound('message', 'bytes of ', 33, messageLength);
  receipt.run = message + 1;
  const run = loadRunning(message + 1);
  if (changetype<usize>(run) == 0) return false;
  if (timestamp <= run.deadline && !isForgotten(run)) {
    return refuseBound('time', 'after ', run.deadline, timestamp);
  }
  startPaying();
  expireRun(run);
  collectFee(paid);
  receipt.feeWei = paid;
  receipt.workflow = run.workflow;
  receipt.runStatus = RUN_STATUS_EXPIRED;
  return true;
}

export function withdraw(): bool {
  if (!readSigned(52, true)) return false;
  const recipient = message + BODY;
  const amount = fromBytes(recipient + 20);
  receipt.account = recipient;
  receipt.amountWei = amount;
  beginSigned(TYPE_WITHDRAW);
  addAddress(recipient);
  addWord(recipient + 20);
  if (!charge(0)) return false;
  if (isZeroWei(amount)) return refuse('amount', 'more than 0', '0');
  const account = loadAccount(sender);
  if (less(account.balance, amount)) return refuseWei('balance', 'at least ', amount, account.balance);
  sub(account.balance, account.balance, amount);
  storeAccount(account);
  receipt.hasWithdrawal = true;
  receipt.withdrawal = recordWithdrawal(recipient, amount);
  return true;
}
