// docs/prover.md#derivation: the messages of a batch, from L1 and DA alone. Whatever the bytes are, a batch has its number of messages.
import { decodeBatch } from '../../protocol/batch.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Hex, hexToBytes } from '../../protocol/hex.ts';
import { receiveMessage } from '../../protocol/received.ts';
import { encodeContext } from '../../protocol/state.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import type { StepInput } from '../transition.ts';
import type { BatchRecord, Mirror } from './mirror.ts';

/** Bytes by their root, verified, from the local store or else from DA. */
export type ObjectSource = { get(root: Hex): Promise<Uint8Array | undefined> };

/** @throws MizuError `da/object-missing` (retryable) */
export async function requireObject(objects: ObjectSource, ref: ObjectRef, what: string): Promise<Uint8Array> {
  const bytes = await objects.get(ref.root);
  if (bytes !== undefined) return bytes;
  throw new MizuError({
    code: 'da/object-missing',
    message: `${what} cannot be read.`,
    expected: `object ${ref.root} of ${ref.length} bytes on a DA member`,
    actual: 'none has it',
    hint: 'Check that the DA members are up; their certificate says that they keep it.',
    retryable: true,
  });
}

/** The steps of a batch in order: the delayed messages first. */
export async function deriveBatch(mirror: Mirror, objects: ObjectSource, batch: BatchRecord): Promise<StepInput[]> {
  const delayed = await readDelayed(mirror, batch);
  const count = batch.messageCount - delayed.length;
  const sequenced = count === 0 ? [] : await readSequenced(objects, batch, count);
  return [...delayed, ...sequenced].map((message, i) => ({
    message: receiveMessage(message),
    context: encodeContext({
      timestamp: batch.timestamp,
      origin: i < delayed.length ? 'l1' : 'sequencer',
      batch: batch.index,
      message: BigInt(i),
      batchCount: BigInt(batch.messageCount),
    }),
  }));
}

async function readSequenced(objects: ObjectSource, batch: BatchRecord, count: number): Promise<Uint8Array[]> {
  return decodeBatch(await readBatchObject(objects, batch), count);
}

/** A void batch has no bytes, and nobody is asked for them. @throws MizuError `da/object-missing` (retryable) */
export async function readBatchObject(objects: ObjectSource, batch: BatchRecord): Promise<Uint8Array> {
  if (batch.isVoid) return new Uint8Array(0);
  return requireObject(objects, { root: batch.objectRoot, length: batch.objectLength }, `Batch ${batch.index}`);
}

async function readDelayed(mirror: Mirror, batch: BatchRecord): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  for (let i = batch.delayedFrom; i < batch.delayedUpTo; i++) {
    const record = await mirror.delayed(i);
    if (record === undefined) throw reorganised(batch, i);
    messages.push(hexToBytes(record.message));
  }
  return messages;
}

// The mirror has taken blocks back since the batch was read.
function reorganised(batch: BatchRecord, index: bigint): MizuError {
  return new MizuError({
    code: 'l1/reorganised',
    message: `Batch ${batch.index} has changed while it was read.`,
    expected: `delayed message ${index}`,
    actual: 'it is no longer part of the chain',
    retryable: true,
  });
}
