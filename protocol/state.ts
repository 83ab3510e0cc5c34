// docs/messages.md#leaf, docs/kernel.md: the state leaf, the context leaf and the leaves of exec.
import { createReader, createWriter } from './bytes.ts';
import type { Hex } from './hex.ts';
import type { ObjectRef } from './tree.ts';
import { objectRoot } from './tree.ts';

export type StateLeaf = {
  readonly stateRoot: Hex;
  /** keccak-256 of the receipt of the step that led here. */
  readonly receiptHash: Hex;
  /** Cursor: the next message to process. */
  readonly batch: bigint;
  readonly message: bigint;
  /** Steps since genesis. */
  readonly step: bigint;
};

export function encodeStateLeaf(leaf: StateLeaf): Uint8Array {
  return createWriter()
    .hex(leaf.stateRoot, 32)
    .hex(leaf.receiptHash, 32)
    .u64(leaf.batch)
    .u64(leaf.message)
    .u64(leaf.step)
    .zeros(40)
    .finish();
}

/** @throws MizuError `protocol/malformed`, also if the last 40 bytes are not zero: L1 rejects such a leaf too */
export function decodeStateLeaf(bytes: Uint8Array): StateLeaf {
  const reader = createReader(bytes, 'state leaf');
  const leaf = {
    stateRoot: reader.hex(32, 'stateRoot'),
    receiptHash: reader.hex(32, 'receiptHash'),
    batch: reader.u64('batch'),
    message: reader.u64('message'),
    step: reader.u64('step'),
  };
  reader.zeros(40);
  reader.end();
  return leaf;
}

export type Origin = 'sequencer' | 'l1';

export type StepContext = {
  /** Unix seconds of the batch. */
  readonly timestamp: bigint;
  readonly origin: Origin;
  readonly batch: bigint;
  readonly message: bigint;
  /** Messages in this batch. */
  readonly batchCount: bigint;
};

export function encodeContext(context: StepContext): Uint8Array {
  return createWriter()
    .u64(context.timestamp)
    .u8(context.origin === 'l1' ? 1 : 0)
    .zeros(7)
    .u64(context.batch)
    .u64(context.message)
    .u64(context.batchCount)
    .zeros(88)
    .finish();
}

/** @throws MizuError `protocol/malformed` */
export function decodeContext(bytes: Uint8Array): StepContext {
  const reader = createReader(bytes, 'context leaf');
  const timestamp = reader.u64('timestamp');
  const origin = reader.u8('origin') === 1 ? 'l1' : 'sequencer';
  reader.zeros(7);
  return {
    timestamp,
    origin,
    batch: reader.u64('batch'),
    message: reader.u64('message'),
    batchCount: reader.u64('batchCount'),
  };
}

export type ExecRequest = {
  readonly programId: Hex;
  readonly inputsRoot: Hex;
  readonly seed: Hex;
  readonly gasLimit: bigint;
  /** Nanoseconds since 1970. */
  readonly timestampNs: bigint;
  readonly inputCount: number;
};

export function decodeExecRequest(bytes: Uint8Array): ExecRequest {
  const reader = createReader(bytes, 'exec request');
  const request = {
    programId: reader.hex(32, 'programId'),
    inputsRoot: reader.hex(32, 'inputsRoot'),
    seed: reader.hex(32, 'seed'),
    gasLimit: reader.u64('gasLimit'),
    timestampNs: reader.u64('timestampNs'),
    inputCount: reader.u32('inputCount'),
  };
  reader.bytes(12, 'zeros');
  reader.end();
  return request;
}

export type ExecResult = {
  /** 0-255 exit code, 256 fault. */
  readonly status: number;
  readonly outputRoot: Hex;
  readonly outputLength: number;
  readonly gasUsed: bigint;
};

export function encodeExecResult(result: ExecResult): Uint8Array {
  return createWriter()
    .u64(result.status)
    .hex(result.outputRoot, 32)
    .u64(result.outputLength)
    .u64(result.gasUsed)
    .zeros(72)
    .finish();
}

/** The list behind `inputsRoot`: 64 bytes an input. */
export function encodeExecInputs(inputs: readonly ObjectRef[]): Uint8Array {
  const writer = createWriter();
  for (const input of inputs) writer.hex(input.root, 32).u64(input.length).zeros(24);
  return writer.finish();
}

export function decodeExecInputs(bytes: Uint8Array): ObjectRef[] {
  const reader = createReader(bytes, 'list of inputs');
  const inputs: ObjectRef[] = [];
  while (reader.remaining() > 0) {
    inputs.push({ root: reader.hex(32, 'root'), length: reader.size('length') });
    reader.bytes(24, 'zeros');
  }
  return inputs;
}

export type DatasetEntry = ObjectRef & { readonly stage: number; readonly partition: number };

/** The dataset's manifest, 64 bytes a partition: docs/kernel.md#tasks. */
export function encodeDataset(entries: readonly DatasetEntry[]): Uint8Array {
  const writer = createWriter();
  for (const entry of entries)
    writer.hex(entry.root, 32).u64(entry.length).u16(entry.stage).u32(entry.partition).zeros(18);
  return writer.finish();
}

export function decodeDataset(bytes: Uint8Array): DatasetEntry[] {
  const reader = createReader(bytes, 'dataset manifest');
  const entries: DatasetEntry[] = [];
  while (reader.remaining() > 0) {
    entries.push({
      root: reader.hex(32, 'root'),
      length: reader.size('length'),
      stage: reader.u16('stage'),
      partition: reader.u32('partition'),
    });
    reader.bytes(18, 'zeros');
  }
  return entries;
}

export function hashDataset(entries: readonly DatasetEntry[]): Hex {
  return objectRoot(encodeDataset(entries));
}
