// docs/messages.md#protocol-messages: what L1 tells the network. Only messages that come from L1 count.

import { credit } from './accounts';
import { committeeOverlap, storeMinGasPrice } from './config';
import { fromL1, message, messageLength, timestamp } from './context';
import {
  MAX_COMMITTEE,
  MAX_MODEL_GATEWAYS,
  MODEL_CLASS_PROVENANCE,
  TABLE_COMMITTEE,
  TABLE_FORMER_COMMITTEE,
  TABLE_GATEWAY,
  TABLE_MODEL,
} from './generated/constants';
import { addressKey, hashKey, tableKey } from './keys';
import { be16, be64 } from './memory';
import { receipt } from './receipt';
import { refuse, refuseBound, refuseNumber } from './refusal';
import {
  beginRecord,
  endRecord,
  length,
  readList,
  readNested,
  readU64,
  position,
  writeAddresses,
  writeBytes,
  writeListHeader,
  writeRaw,
  writeU256,
  writeU64,
} from './rlp';
import { get, put } from './trie';
import { fitsBits96, fromBytes } from './u256';

const COMMITTEE_FIXED: u32 = 13;
const MODEL_FIXED: u32 = 100;

export function checkFromL1(size: u32): bool {
  if (!fromL1) return refuse('origin', 'L1', 'sequencer');
  return messageLength == size || refuseBound('message', 'bytes of ', size, messageLength);
}

export function deposit(): bool {
  if (!checkFromL1(53)) return false;
  receipt.account = message + 1;
  receipt.amountWei = fromBytes(message + 21);
  return credit(receipt.account, receipt.amountWei) || refuse('balance', 'below 2^256', 'more');
}

export function changeGateway(): bool {
  if (!checkFromL1(22)) return false;
  const gateway = message + 1;
  receipt.account = gateway;
  const active = load<u8>(message + 21);
  if (active > 1) return refuseNumber('active', '0 or 1', active);
  storeGateway(gateway, active != 0, lastNonce(gateway));
  return true;
}

/** A nonce of a gateway is not used twice, not even if the gateway leaves and comes back. */
function lastNonce(gateway: usize): u64 {
  const record = get(addressKey(TABLE_GATEWAY, gateway));
  if (record == 0) return 0;
  readList(record);
  readU64();
  return readU64();
}

export function storeGateway(gateway: usize, active: bool, nonce: u64): void {
  beginRecord();
  writeU64(u64(active));
  writeU64(nonce);
  put(addressKey(TABLE_GATEWAY, gateway), endRecord(), length);
}

// model 32, active 1, class 1, inputPrice 32, outputPrice 32, gatewayCount 1, gateways 20 each.
export function changeModel(): bool {
  const count: u32 = messageLength < MODEL_FIXED ? 0 : load<u8>(message + 99);
  if (!checkFromL1(MODEL_FIXED + count * 20)) return false;
  const active = load<u8>(message + 33);
  const modelClass = load<u8>(message + 34);
  if (active > 1) return refuseNumber('active', '0 or 1', active);
  if (modelClass > MODEL_CLASS_PROVENANCE) return refuseBound('class', 'at most ', MODEL_CLASS_PROVENANCE, modelClass);
  if (count < active || count > MAX_MODEL_GATEWAYS) {
    return refuseBound('gateways', active == 1 ? '1 to ' : 'at most ', MAX_MODEL_GATEWAYS, count);
  }
  beginRecord();
  writeU64(active);
  writeU64(modelClass);
  writeU256(fromBytes(message + 35));
  writeU256(fromBytes(message + 67));
  writeAddresses(message + MODEL_FIXED, count);
  put(hashKey(TABLE_MODEL, message + 1), endRecord(), length);
  return true;
}

// epoch 8, threshold 2, count 2, members 20 each.
export function changeCommittee(): bool {
  const count: u32 = messageLength < COMMITTEE_FIXED ? 0 : be16(message + 11);
  if (!checkFromL1(COMMITTEE_FIXED + count * 20)) return false;
  const epoch = be64(message + 1);
  const threshold = be16(message + 9);
  if (count == 0 || count > MAX_COMMITTEE) return refuseBound('members', '1 to ', MAX_COMMITTEE, count);
  if (threshold == 0 || threshold > count) return refuseBound('threshold', '1 to ', count, threshold);
  const key = tableKey(TABLE_COMMITTEE);
  readList(get(key));
  const current = readU64();
  if (epoch <= current) return refuseBound('epoch', 'more than ', current, epoch);
  storeFormer(current);
  beginRecord();
  writeU64(epoch);
  writeU64(threshold);
  writeAddresses(message + COMMITTEE_FIXED, count);
  put(key, endRecord(), length);
  return true;
}

export function changeGasPrice(): bool {
  if (!checkFromL1(33)) return false;
  const price = fromBytes(message + 1);
  receipt.amountWei = price;
  if (!fitsBits96(price)) return refuse('price', 'below 2^96', 'more');
  storeMinGasPrice(price);
  return true;
}

/**
 * Stores the committee that is replaced; the reader stands at its threshold. Its certificates stay good for a while.
 */
function storeFormer(epoch: u64): void {
  const threshold = readU64();
  const end = readNested();
  const members = position();
  beginRecord();
  writeU64(timestamp + committeeOverlap());
  writeU64(epoch);
  writeU64(threshold);
  const size = <u32>(end - members);
  writeListHeader(size);
  writeRaw(members, size);
  put(tableKey(TABLE_FORMER_COMMITTEE), endRecord(), length);
}
