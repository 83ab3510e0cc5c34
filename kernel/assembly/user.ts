// docs/messages.md#user: the common part of signed messages. A wrong signature or nonce charges nobody.

import { collectFee, loadAccount, storeAccount } from './accounts';
import { gasPrice, inboxDomain } from './config';
import { message, messageLength } from './context';
import { MESSAGE_BASE_GAS, MESSAGE_BYTE_GAS } from './generated/constants';
import { alloc, be64 } from './memory';
import { receipt } from './receipt';
import { refuseBound, refuseBytes, refuseWei } from './refusal';
import { addAddress, addU64, beginStruct, digest, isSignedBy, signer } from './signature';
import { add, less, multiply, sub } from './u256';

const SIGNATURE: usize = 1;
const SENDER: usize = 66;
const NONCE: usize = 86;
/** Offset of the body. */
export const BODY: u32 = 94;

export let sender: usize = 0;
export let nonce: u64 = 0;

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
  receipt.sender = sender;
  receipt.hasNonce = true;
  receipt.nonce = nonce;
  return true;
}

/** Starts the struct that every user message begins with: its sender and nonce. */
export function beginSigned(type: string): void {
  beginStruct(type);
  addAddress(sender);
  addU64(nonce);
}

/** The struct is complete. Checks nonce and signature; charges nobody. */
export function isFromSender(): bool {
  const account = loadAccount(sender);
  if (nonce != account.nonce) return refuseBound('nonce', '', account.nonce, nonce);
  if (isSignedBy(digest(inboxDomain()), message + SIGNATURE, sender)) return true;
  return refuseBytes('signer', '', sender, signer, 20);
}

let fee: usize = 0;

/** Whether a balance pays the message's fee, of so much gas more than its bytes. */
export function paysFee(balance: usize, moreGas: u64): bool {
  if (fee == 0) fee = alloc(32);
  const gas = MESSAGE_BASE_GAS + MESSAGE_BYTE_GAS * messageLength + moreGas;
  if (!multiply(fee, gasPrice(), gas) && !less(balance, fee)) return true;
  return refuseWei('balance', 'at least the fee of ', fee, balance);
}

/**
 * The struct is complete. Checks nonce and signature, then takes the fee and uses up the nonce. With `maxFee` 0 there
 * is no limit.
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
  const fee = alloc(32);
  const total = alloc(32);
  const tooHigh = u32(multiply(fee, gasPrice(), gas)) | u32(add(total, receipt.feeWei, fee));
  if (tooHigh != 0 || less(account.balance, fee)) {
    return refuseWei('balance', 'at least the fee of ', fee, account.balance);
  }
  if (maxFee != 0 && less(maxFee, total)) return refuseWei('maxFee', 'at least the fee of ', total, maxFee);
  sub(account.balance, account.balance, fee);
  storeAccount(account);
  collectFee(fee);
  receipt.feeWei = total;
  return true;
}
