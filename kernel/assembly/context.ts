// docs/kernel.md: the inputs of a step: state leaf, context leaf, message.

import { MAX_MESSAGE_BYTES } from './generated/constants';
import { inputRead, inputSize } from './host';
import { allocLeaf, be64, LEAF } from './memory';

const INPUT_STATE: i32 = 1;
const INPUT_CONTEXT: i32 = 2;
const INPUT_MESSAGE: i32 = 3;

export let state: usize = 0;
export let timestamp: u64 = 0;
export let fromL1: bool = false;
export let batch: u64 = 0;
export let index: u64 = 0;
export let batchCount: u64 = 0;
export let message: usize = 0;
export let messageLength: u32 = 0;

export function readContext(): void {
  state = allocLeaf(LEAF);
  inputRead(state, INPUT_STATE, 0, LEAF);
  const context = allocLeaf(LEAF);
  inputRead(context, INPUT_CONTEXT, 0, LEAF);
  timestamp = be64(context);
  fromL1 = load<u8>(context + 8) != 0;
  batch = be64(context + 16);
  index = be64(context + 24);
  batchCount = be64(context + 32);
  messageLength = <u32>min<u64>(inputSize(INPUT_MESSAGE), MAX_MESSAGE_BYTES + 1);
  message = allocLeaf(messageLength);
  inputRead(message, INPUT_MESSAGE, 0, messageLength);
}
