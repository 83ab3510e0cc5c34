// docs/messages.md#user: the common part of signed messages. A wrong signature or nonce charges nobody.

import { collectFee, loadAccount, storeAccount } from './accounts';
import { inboxDomain } from './config';
import { message, messageLength } from './context';
import { MESSAGE_BASE_GAS, MESSAGE_BYTE_GAS } from './generated/constants';
import { checkGasPrice, costOf } from './gas-price';
import { alloc, be64 } from './memory';
import { receipt } from './receipt';
import { refuseBound, refuseBytes, refuseWei } from './refusal';
import { addAddress, addU64, addWord, beginStruct, digest, isSignedBy, signer } from './signature';
import { add, fromBytes, less, sub } from './u256';

const SIGNATURE: usize = 1;
const SENDER: usize = 66;
const NONCE: usize = 86;
const GAS_PRICE: usize = 94;
/** Offset of the body. */
export const BODY: u32 = 126;

export let sender: usize = 0;
export let nonce: u64 = 0;
/** Wei per gas that the sender pays. */
export let gasPrice: usize = 0;

/**
 * Reads the common part. Refuses a message that cannot hold `bodySize` bytes more, or with `isFixed` one that does not
 * hold exactly so many.
 */
export function readSigned(bodySize: u32, isFixed: bool): bool {
  const expected = BODY + bodySize;
  if (messageLength < expected || (isFixed && messageLength != expected)) {
    return refuseBound('message', isFixed ? 'bytes of ' : 'bytes of at least ', expected, messageLength);
  }
  sender = message + SENDER;
  nonce = be64(message + NONCE);
  gasPrice = fromBytes(message + GAS_PRICE);
  receipt.sender = sender;
  receipt.hasNonce = true;
  receipt.nonce = nonce;
  return true;
}

/** Starts the struct that every user message begins with: its sender, nonce and gas price. */
export function beginSigned(type: string): void {
  beginStruct(type);
  addAddress(sender);
  addU64(nonce);
  addWord(message + GAS_PRICE);
}

/** The struct is complete. Checks gas price, nonce and signature; charges nobody. */
export function isFromSender(): bool {
  if (!checkGasPrice(gasPrice)) return false;
  const account = loadAccount(sender);
  if (nonce != account.nonce) return refuseBound('nonce', '', account.nonce, nonce);
  if (isSignedBy(digest(inboxDomain()), message + SIGNATURE, sender)) return true;
  return refuseBytes('signer', '', sender, signer, 20);
}

let fee: usize = 0;

/** Whether a balance pays the message's fee, of so much gas more than its bytes. */
export function paysFee(balance: usize, moreGas: u64): bool {
  fee = costOf(gasPrice, MESSAGE_BASE_GAS + MESSAGE_BYTE_GAS * messageLength + moreGas);
  return !less(balance, fee) || refuseWei('balance', 'at least the fee of ', fee, balance);
}

/**
 * The struct is complete. Checks gas price, nonce and signature, then takes the fee and uses up the nonce. With
 * `maxFee` 0 there is no limit.
 */
export function charge(maxFee: usize): bool {
  return isFromSender() && takeFee(maxFee, 0);
}

/**
 * Takes the message's fee, of so much gas more than its bytes, from its sender and uses up the nonce. With `maxFee` 0
 * there is no limit.
 */
export function takeFee(maxFee: usize, moreGas: u64): bool {
  const account = loadAccount(sender);
  if (!paysFee(account.balance, moreGas)) return false;
  if (maxFee != 0 && less(maxFee, fee)) return refuseWei('maxFee', 'at least the fee of ', fee, maxFee);
  sub(account.balance, account.balance, fee);
  account.nonce++;
  storeAccount(account);
  collectFee(fee);
  receipt.feeWei = fee;
  return true;
}

/**
 * Takes gas beside the message's fee, for what the message makes everyone read or keep. A refusal comes before anything
 * is taken.
 */
export function chargeMore(gas: u64, maxFee: usize): bool {
  const account = loadAccount(sender);
  const fee = costOf(gasPrice, gas);
  const total = alloc(32);
  add(total, receipt.feeWei, fee);
  if (less(account.balance, fee)) {
    return refuseWei('balance', 'at least the fee of ', fee, account.balance);
  }
  if (maxFee != 0 && less(maxFee, total)) return refuseWei('maxFee', 'at least the fee of ', total, maxFee);
  sub(account.balance, account.balance, fee);
  storeAccount(account);
  collectFee(fee);
  receipt.feeWei = total;
  return true;
}
