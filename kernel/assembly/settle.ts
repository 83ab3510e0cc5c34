// docs/kernel.md#settle: a worker of a gateway is paid what an account says that the gateway has signed.

import { Account, credit, loadAccount, storeAccount } from './accounts';
import { gatewayDomain } from './config';
import { message } from './context';
import { SIGNATURE_GAS, TABLE_SETTLED, TYPE_SETTLE, TYPE_WORKER_ACCOUNT } from './generated/constants';
import { pairKey } from './keys';
import { alloc, equal } from './memory';
import { receipt } from './receipt';
import { refuse, refuseBytes, refuseWei } from './refusal';
import { beginRecord, endRecord, length, readList, readU256, writeU256 } from './rlp';
import { addAddress, addBytes, addWord, beginStruct, digest, isSignedBy, signer, SIGNATURE_BYTES } from './signature';
import { get, put } from './trie';
import { add, fromBytes, isZeroWei, less, sub } from './u256';
import { beginSigned, BODY, isFromSender, paysFee, readSigned, sender, takeFee } from './user';

// Body: gateway 20, worker 20, total 32, the gateway's signature 65.
const BODY_BYTES: u32 = 72 + SIGNATURE_BYTES;

let gateway: usize = 0;
let worker: usize = 0;
let total: usize = 0;
let accountSignature: usize = 0;

/**
 * The fee is taken after the payment, so that a worker whose account is empty can settle. If the sender then has not
 * got it, nothing has changed.
 */
export function settle(): bool {
  if (!readSigned(BODY_BYTES, true)) return false;
  gateway = message + BODY;
  worker = gateway + 20;
  total = worker + 20;
  accountSignature = total + 32;
  receipt.account = worker;
  beginSigned(TYPE_SETTLE);
  addAddress(gateway);
  addAddress(worker);
  addWord(total);
  addBytes(accountSignature, SIGNATURE_BYTES);
  if (!isFromSender()) return false;
  const key = pairKey(TABLE_SETTLED, gateway, worker);
  const settled = loadSettled(key);
  const earned = fromBytes(total);
  const account = loadAccount(gateway);
  const amount = dueOf(earned, settled, account);
  if (!paysFee(balanceAfter(amount), SIGNATURE_GAS)) return false;
  const isPaid = !isZeroWei(amount) && isSignedByGateway();
  if (isPaid) pay(key, settled, account, amount);
  if (!takeFee(0, SIGNATURE_GAS)) return false;
  if (isPaid) {
    receipt.amountWei = amount;
    return true;
  }
  if (!less(settled, earned)) return refuseWei('total', 'more than ', settled, earned);
  if (isZeroWei(amount)) return refuse('balance of the gateway', 'more than 0', '0');
  return refuseBytes('account signer', '', gateway, signer, 20);
}

function loadSettled(key: usize): usize {
  const record = get(key);
  if (record == 0) return alloc(32);
  readList(record);
  return readU256();
}

/** What is not settled of what was earned, as far as the gateway has it. */
function dueOf(earned: usize, settled: usize, account: Account): usize {
  const due = alloc(32);
  if (less(settled, earned)) sub(due, earned, settled);
  if (less(account.balance, due)) memory.copy(due, account.balance, 32);
  return due;
}

/** What the sender has once the amount is paid. */
function balanceAfter(amount: usize): usize {
  const balance = loadAccount(sender).balance;
  // The sum of all balances is what was deposited, so nothing overflows.
  if (equal(sender, worker, 20)) add(balance, balance, amount);
  if (equal(sender, gateway, 20)) sub(balance, balance, amount);
  return balance;
}

function isSignedByGateway(): bool {
  beginStruct(TYPE_WORKER_ACCOUNT);
  addAddress(gateway);
  addAddress(worker);
  addWord(total);
  return isSignedBy(digest(gatewayDomain()), accountSignature, gateway);
}

function pay(key: usize, settled: usize, account: Account, amount: usize): void {
  sub(account.balance, account.balance, amount);
  storeAccount(account);
  credit(worker, amount);
  add(settled, settled, amount);
  beginRecord();
  writeU256(settled);
  put(key, endRecord(), length);
}
