// docs/messages.md#protocol-messages: one item of a gateway's batch of results.
import { createReader, createWriter } from './bytes.ts';
import { concatBytes, type Hex } from './hex.ts';
import { objectRoot } from './tree.ts';

export const INFERENCE_ITEM_BYTES = 256;
/** The most bytes of a result object without rows: docs/edge.md#result-bytes. */
export const LEAST_RESULT_BYTES = 256;

export type InferenceItem = {
  readonly run: Hex;
  readonly stage: number;
  readonly partition: number;
  readonly attempt: number;
  readonly requestRoot: Hex;
  readonly resultRoot: Hex;
  readonly resultLength: number;
  readonly model: Hex;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
};

export function encodeInferenceItem(item: InferenceItem): Uint8Array {
  return createWriter()
    .hex(item.run, 32)
    .u16(item.stage)
    .u32(item.partition)
    .u16(item.attempt)
    .hex(item.requestRoot, 32)
    .hex(item.resultRoot, 32)
    .u64(item.resultLength)
    .hex(item.model, 32)
    .u64(item.inputTokens)
    .u64(item.outputTokens)
    .zeros(96)
    .finish();
}

export function decodeInferenceItem(bytes: Uint8Array): InferenceItem {
  const reader = createReader(bytes, 'inference item');
  const item = {
    run: reader.hex(32, 'run'),
    stage: reader.u16('stage'),
    partition: reader.u32('partition'),
    attempt: reader.u16('attempt'),
    requestRoot: reader.hex(32, 'requestRoot'),
    resultRoot: reader.hex(32, 'resultRoot'),
    resultLength: reader.size('resultLength'),
    model: reader.hex(32, 'model'),
    inputTokens: reader.u64('inputTokens'),
    outputTokens: reader.u64('outputTokens'),
  };
  reader.bytes(96, 'zeros');
  reader.end();
  return item;
}

/** What the gateway signs: the object root over all items. */
export function hashInferenceItems(items: readonly InferenceItem[]): Hex {
  return objectRoot(concatBytes(items.map(encodeInferenceItem)));
}
