// docs/operations.md#sequencer-data: what the sequencer keeps in level.

import type { Receipt } from '../../kernel/receipt.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { RowCounts } from '../../protocol/rows.ts';
import type { Origin } from '../../protocol/state.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { numberKey, type Store, type Table } from '../../service/storage/store.ts';

export type Head = {
  /** 128 bytes. */
  readonly leaf: Hex;
  /** The number of steps since genesis. */
  readonly step: number;
  /** The number of delayed messages taken in. */
  readonly delayed: number;
  /** The index of the batch that is being filled, or of the next one. */
  readonly batch: number;
  readonly isOpen: boolean;
};

export type SequencerBatch = {
  readonly index: number;
  /** `l1`: taken over from L1 because somebody else posted it. */
  readonly origin: 'own' | 'l1';
  /** Unix seconds. */
  readonly timestamp: number;
  readonly delayedFrom: number;
  /** The object roots of its delayed messages. */
  readonly delayedRoots: readonly Hex[];
  /** The number of steps before it. */
  readonly firstStep: number;
  /** The number of messages so far, delayed ones included. */
  readonly messages: number;
  readonly closed: boolean;
  /** The batch object. It is undefined while the batch is open, and if all messages are delayed ones. */
  readonly object?: ObjectRef;
};

/** What is known of a batch on L1. It is no part of the soft state: a reorg may change it alone. */
export type PostedRecord = {
  readonly fingerprint: Hex;
  readonly transaction: Hex;
  readonly block: bigint;
  readonly gasUsed?: number;
  readonly isVoid?: boolean;
};

export type StepRecord = {
  readonly hash: Hex;
  readonly batch: number;
  readonly message: number;
  readonly origin: Origin;
  readonly leaf: Hex;
  readonly receipt: Receipt;
  /** The message's place in the order of admission. Messages that the sequencer made or took from L1 have none. */
  readonly sequence?: number;
};

export type Queued = { readonly hash: Hex; readonly length: number };
export type Refused = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly expected?: string;
  readonly actual?: string;
  readonly hint?: string;
};

export type StageIndex = {
  readonly kind: 'exec' | 'infer';
  readonly width: number;
  readonly sink: boolean;
  readonly model: Hex;
  readonly inputs: readonly { readonly source: number; readonly mode: 'same' | 'all' }[];
};

export type WorkflowIndex = {
  readonly owner: Address;
  readonly stages: readonly StageIndex[];
  readonly metadata: ObjectRef;
  /** Unix seconds until which its programs are promised. */
  readonly expiry: number;
};

export type RunIndex = {
  readonly workflow: Hex;
  readonly owner: Address;
  readonly partitions: number;
  /** Wei per gas. */
  readonly gasPrice: bigint;
  readonly status: 'running' | 'done' | 'failed' | 'cancelled' | 'expired';
  /** The time of the batch in which the run was started, in unix seconds; the same for `endedAt`. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly deadline: bigint;
  readonly startStep: number;
  readonly firstBatch: number;
  readonly lastBatch: number;
  readonly dataset?: ObjectRef;
  readonly error?: string;
  /** The task that made the run fail. */
  readonly failed?: {
    readonly stage: number;
    readonly partition: number;
    readonly status: number;
    readonly gasUsed: number;
  };
  /** Items of it that L1 has voided, and when it did so last, in unix seconds. */
  readonly voided?: { readonly items: number; readonly at: number };
};

export type TaskIndex = ObjectRef & {
  readonly status: number;
  readonly gasUsed: number;
  readonly rows?: RowCounts;
  /** Which attempt has ended. Absent: 0. */
  readonly attempt?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
};

/** Of the tasks that are done or have failed. */
export type StageStats = {
  readonly done: number;
  readonly gasUsed: number;
  readonly rows: RowCounts;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Tasks with an attempt below this are open again, docs/kernel.md#voided. Absent: 0. */
  readonly attempt?: number;
};

type StoredOperation = { readonly key: string; readonly value: string | null };

export type Tables = {
  readonly head: Table<Head>;
  readonly batches: Table<SequencerBatch>;
  readonly posted: Table<PostedRecord>;
  readonly steps: Table<StepRecord>;
  /** What takes a step's writes to the index back. */
  readonly undo: Table<readonly StoredOperation[]>;
  /** From the hash of a message to its last step. */
  readonly executed: Table<number>;
  /** Message bytes by hash. */
  readonly messages: Table<Uint8Array>;
  /** Admitted and not yet executed, by sequence. */
  readonly queue: Table<Queued>;
  /** From the hash of a message to its sequence, for all that were ever admitted. */
  readonly admitted: Table<number>;
  /** Messages that could not be executed after L1 had changed the order, and those that were lost in a void batch. */
  readonly refused: Table<Refused>;
  /** From a batch and a place among its sequenced messages to the hash of the message that was promised that place. */
  readonly promised: Table<Hex>;
  /** From a batch to the least number of sequenced messages with which it was ever sent to L1. */
  readonly sent: Table<number>;
  readonly counters: Table<number>;
  readonly workflows: Table<WorkflowIndex>;
  readonly runs: Table<RunIndex>;
  /** The partitions of a run's input. They stand apart from the run's record, which changes at every step. */
  readonly inputs: Table<readonly ObjectRef[]>;
  /** From the step at which a run was started to the run. */
  readonly runOrder: Table<Hex>;
  /** The same, by owner and step. */
  readonly ownedRuns: Table<Hex>;
  readonly running: Table<true>;
  readonly tasks: Table<TaskIndex>;
  readonly stats: Table<StageStats>;
  /** The attempt of each task that is open again by itself, not with its whole stage. */
  readonly attempts: Table<number>;
};

export function openTables(store: Store): Tables {
  return {
    head: store.table('head'),
    batches: store.table('batches'),
    posted: store.table('posted'),
    steps: store.table('steps'),
    undo: store.table('undo'),
    executed: store.table('executed-messages'),
    messages: store.bytes('messages'),
    queue: store.table('queue'),
    admitted: store.table('admitted'),
    refused: store.table('refused'),
    promised: store.table('promised'),
    sent: store.table('sent'),
    counters: store.table('counters'),
    workflows: store.table('workflows'),
    runs: store.table('runs'),
    inputs: store.table('inputs'),
    runOrder: store.table('run-order'),
    ownedRuns: store.table('owned-runs'),
    running: store.table('running'),
    tasks: store.table('tasks'),
    stats: store.table('stats'),
    attempts: store.table('attempts'),
  };
}

export function ownedRunKey(owner: Address, startStep: number): string {
  return `${owner.toLowerCase()}${numberKey(startStep)}`;
}

/** The task that a key of `taskKeyOf` names. */
export function taskPlaceOf(key: string): { readonly stage: number; readonly partition: number } {
  return { stage: Number.parseInt(key.slice(66, 70), 16), partition: Number.parseInt(key.slice(70), 16) };
}

export function taskKeyOf(run: Hex, stage: number, partition: number): string {
  return `${run}${stage.toString(16).padStart(4, '0')}${partition.toString(16).padStart(8, '0')}`;
}

export function stageKeyOf(run: Hex, stage: number): string {
  return `${run}${stage.toString(16).padStart(4, '0')}`;
}
