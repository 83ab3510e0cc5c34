// docs/kernel.md: one step. Whatever the message is, the step ends with a new state leaf.

import { advance } from './advance';
import { batch, batchCount, index, message, messageLength, readContext, state } from './context';
import { cancel, expire, withdraw } from './control';
import { deploy } from './deploy';
import {
  KIND_ADVANCE,
  KIND_CANCEL,
  KIND_COMMITTEE_CHANGED,
  KIND_DEPLOY,
  KIND_DEPOSIT,
  KIND_EXPIRE,
  KIND_GAS_PRICE_CHANGED,
  KIND_GATEWAY_CHANGED,
  KIND_INFERENCE_RESULT,
  KIND_ITEM_VOIDED,
  KIND_MODEL_CHANGED,
  KIND_RENEW,
  KIND_RUN,
  KIND_SETTLE,
  KIND_WITHDRAW,
  MAX_MESSAGE_BYTES,
} from './generated/constants';
import { commit, outputWrite } from './host';
import { acceptResults } from './inference';
import { keccak } from './keccak';
import { changeCommittee, changeGasPrice, changeGateway, changeModel, deposit } from './l1';
import { allocLeaf, be64, LEAF, putBe64, startMemory } from './memory';
import { receipt, receiptEnd, startReceipt, writeReceipt } from './receipt';
import { renew } from './renew';
import { refuseBound, refuseNumber } from './refusal';
import { settle } from './settle';
import { startRun } from './start';
import { closeTrie, openTrie } from './trie';
import { voidItem } from './void';

export function _start(): void {
  startMemory();
  readContext();
  openTrie(state);
  startReceipt();
  receipt.ok = handle();
  const text = writeReceipt();
  const size = <u32>(receiptEnd - text);
  outputWrite(text, size);
  const next = allocLeaf(LEAF);
  closeTrie(next);
  keccak(text, size, next + 32);
  const isLast = index + 1 == batchCount;
  putBe64(next + 64, isLast ? batch + 1 : batch);
  putBe64(next + 72, isLast ? 0 : index + 1);
  putBe64(next + 80, be64(state + 80) + 1);
  commit(next);
}

function named(kind: string): void {
  receipt.kind = kind;
}

function handle(): bool {
  if (messageLength == 0) {
    named('Empty');
    return refuseNumber('message', 'bytes of at least 1', 0);
  }
  if (messageLength > MAX_MESSAGE_BYTES)
    return refuseBound('message', 'bytes of at most ', MAX_MESSAGE_BYTES, messageLength);
  const kind: u32 = load<u8>(message);
  switch (kind) {
    case KIND_DEPLOY:
      named('Deploy');
      return deploy();
    case KIND_RUN:
      named('Run');
      return startRun();
    case KIND_CANCEL:
      named('Cancel');
      return cancel();
    case KIND_WITHDRAW:
      named('Withdraw');
      return withdraw();
    case KIND_RENEW:
      named('Renew');
      return renew();
    case KIND_SETTLE:
      named('Settle');
      return settle();
    case KIND_ADVANCE:
      named('Advance');
      return advance();
    case KIND_INFERENCE_RESULT:
      named('InferenceResult');
      return acceptResults();
    case KIND_EXPIRE:
      named('Expire');
      return expire();
    case KIND_DEPOSIT:
      named('Deposit');
      return deposit();
    case KIND_GATEWAY_CHANGED:
      named('GatewayChanged');
      return changeGateway();
    case KIND_MODEL_CHANGED:
      named('ModelChanged');
      return changeModel();
    case KIND_COMMITTEE_CHANGED:
      named('CommitteeChanged');
      return changeCommittee();
    case KIND_ITEM_VOIDED:
      named('ItemVoided');
      return voidItem();
    case KIND_GAS_PRICE_CHANGED:
      named('GasPriceChanged');
      return changeGasPrice();
    default:
      return refuseNumber('kind', 'one of docs/messages.md', kind);
  }
}
