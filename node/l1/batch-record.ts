// docs/prover.md#derivation: a batch as the mirror keeps it.
import type { Hex } from '../../protocol/hex.ts';

export type BatchRecord = {
  readonly index: bigint;
  /**
   * The root is zero, and so is the length, if all messages are delayed ones. The object of a void batch is that of no
   * bytes.
   */
  readonly objectRoot: Hex;
  readonly objectLength: number;
  /** Unix seconds. */
  readonly timestamp: bigint;
  readonly delayedFrom: bigint;
  readonly delayedUpTo: bigint;
  /** The number of its messages, delayed and sequenced ones. */
  readonly messageCount: number;
  /** The number of messages of this and all earlier batches. */
  readonly totalMessages: bigint;
  readonly block: bigint;
  readonly transaction: Hex;
  /** Commits to everything that decides the messages of this batch and of all before it. */
  readonly fingerprint: Hex;
  /** The fingerprint of the batch before. It is zero for the first batch. */
  readonly previous: Hex;
  /** L1 has made it void: its sequenced messages are empty ones. */
  readonly isVoid: boolean;
};

/** A batch as it was posted, whatever became of it. */
export type PostedBatch = Omit<BatchRecord, 'isVoid'>;
