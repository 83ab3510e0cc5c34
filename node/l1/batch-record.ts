// docs/prover.md#derivation: a batch as the mirror keeps it.
import type { Hex } from '../../protocol/hex.ts';

export type BatchRecord = {
  readonly index: bigint;
  /** Zero, as its length, if all messages are delayed ones; of a void batch that of no bytes. */
  readonly objectRoot: Hex;
  readonly objectLength: number;
  /** Unix seconds. */
  readonly timestamp: bigint;
  readonly delayedFrom: bigint;
  readonly delayedUpTo: bigint;
  /** Delayed and sequenced. */
  readonly messageCount: number;
  /** Of this and all earlier batches. */
  readonly totalMessages: bigint;
  readonly block: bigint;
  readonly transaction: Hex;
  /** Commits to everything that decides the messages of this batch and of all before it. */
  readonly fingerprint: Hex;
  /** Of the batch before; zero for the first. */
  readonly previous: Hex;
  /** L1 has made it void: its sequenced messages are empty ones. */
  readonly isVoid: boolean;
};

/** As it was posted, whatever became of it. */
export type PostedBatch = Omit<BatchRecord, 'isVoid'>;
