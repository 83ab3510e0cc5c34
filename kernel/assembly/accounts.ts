// docs/kernel.md#money: accounts, fees and withdrawals.

import { TABLE_ACCOUNT, TABLE_COUNTERS, TABLE_FEES, TABLE_WITHDRAWAL } from './generated/constants';
import { addressKey, indexKey, tableKey } from './keys';
import { alloc } from './memory';
import { beginRecord, endRecord, length, readList, readU256, readU64, writeBytes, writeU256, writeU64 } from './rlp';
import { get, put } from './trie';
import { add } from './u256';

@unmanaged
export class Account {
  nonce: u64;
  balance: usize;
  key: usize;
}

/** An account that was never seen has nonce 0 and no balance. */
export function loadAccount(address: usize): Account {
  const account = changetype<Account>(alloc(offsetof<Account>()));
  account.key = addressKey(TABLE_ACCOUNT, address);
  const record = get(account.key);
  if (record == 0) {
    account.balance = alloc(32);
    return account;
  }
  readList(record);
  account.nonce = readU64();
  account.balance = readU256();
  return account;
}

export function storeAccount(account: Account): void {
  beginRecord();
  writeU64(account.nonce);
  writeU256(account.balance);
  const record = endRecord();
  put(account.key, record, length);
}

/** Adds to an account. Returns false, and changes nothing, if its balance would overflow. */
export function credit(address: usize, amount: usize): bool {
  const account = loadAccount(address);
  if (add(account.balance, account.balance, amount)) return false;
  storeAccount(account);
  return true;
}

/** Returns false, and changes nothing, if the sum would overflow: what was deposited and is paid as a fee cannot. */
export function collectFee(amount: usize): bool {
  const key = tableKey(TABLE_FEES);
  const record = get(key);
  let total = amount;
  if (record != 0) {
    readList(record);
    total = readU256();
    if (add(total, total, amount)) return false;
  }
  beginRecord();
  writeU256(total);
  put(key, endRecord(), length);
  return true;
}

/** Writes a withdrawal for the Bridge to pay; returns its index. */
export function recordWithdrawal(recipient: usize, amount: usize): u64 {
  const counters = tableKey(TABLE_COUNTERS);
  const record = get(counters);
  let index: u64 = 0;
  if (record != 0) {
    readList(record);
    index = readU64();
  }
  beginRecord();
  writeU64(index + 1);
  put(counters, endRecord(), length);
  beginRecord();
  writeBytes(recipient, 20);
  writeU256(amount);
  put(indexKey(TABLE_WITHDRAWAL, index), endRecord(), length);
  return index;
}
