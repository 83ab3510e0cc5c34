// docs/kernel.md: one step. Whatever the message is, the step ends with a new state leaf.

import { advance } from './advance';
import { batch, batchCount, index, message, messageLength, readContext, state, MAX_MESSAGE } from './context';
import { cancel, expire, withdraw } from './control';
import { deploy } from './deploy';
import { commit, outputWrite } from './host';
import { acceptResults } from './inference';
import { keccak } from './keccak';
import { changeCommittee, changeGateway, changeModel, deposit } from './l1';
import { allocLeaf, be64, LEAF, putBe64, startMemory } from './memory';
import { receipt, receiptEnd, startReceipt, writeReceipt } from './receipt';
import { refuseBound, refuseNumber } from './refusal';
import { startRun } from './start';
import { closeTrie, openTrie } from './trie';

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
  if (messageLength > MAX_MESSAGE) return refuseBound('message', 'bytes of at most ', MAX_MESSAGE, messageLength);
  const kind = load<u8>(message);
  switch (kind) {
    case 0x01:
      named('Deploy');
      return deploy();
    case 0x02:
      named('Run');
      return startRun();
    case 0x03:
      named('Cancel');
      return cancel();
    case 0x04:
      named('Withdraw');
      return withdraw();
    case 0x10:
      named('Advance');
      return advance();
    case 0x11:
      named('InferenceResult');
      return acceptResults();
    case 0x12:
      named('Expire');
      return expire();
    case 0x20:
      named('Deposit');
      return deposit();
    case 0x21:
      named('GatewayChanged');
      return changeGateway();
    case 0x22:
      named('ModelChanged');
      return changeModel();
    case 0x23:
      named('CommitteeChanged');
      return changeCommittee();
    default:
      return refuseNumber('kind', 'one of docs/messages.md', kind);
  }
}
