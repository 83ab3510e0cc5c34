// docs/rpc.md: what the sequencer's methods answer.

import type { Address, Hex } from '../../protocol/hex.ts';
import type { RowCounts } from '../../protocol/rows.ts';
import type { ObjectRef } from '../../protocol/tree.ts';

export type ChainView = {
  readonly chainId: number;
  readonly l1RpcUrl?: string;
  readonly contracts: Readonly<
    Record<'token' | 'stakeManager' | 'daCommittee' | 'gatewayRegistry' | 'inbox' | 'rollup' | 'bridge', Address>
  >;
  /** L1 block of the first contract. */
  readonly fromBlock?: number;
  /** Hash of that block. */
  readonly origin?: Hex;
  readonly kernelProgramId: Hex;
  /** The least wei per gas of a message. */
  readonly minGasPrice: string;
  readonly da: {
    /** In the committee's order. */
    readonly members: readonly { readonly url: string | null; readonly address: Address }[];
    readonly epoch: number | string;
    readonly threshold: number;
  };
  readonly head: { readonly batch: number; readonly message: number; readonly step: number; readonly stateRoot: Hex };
  readonly confirmed: { readonly batch: number; readonly step: number };
  /** The last assertion that is attested, with all before it: docs/attestations.md#levels. */
  readonly attested?: { readonly batch: number; readonly step: number };
};

export type PromiseView = {
  readonly batch: number;
  /** Counted among the sequenced messages of the batch. */
  readonly message: number;
  readonly messageHash: Hex;
  readonly sequencer: Address;
  readonly signature: Hex;
};

export type StageView = {
  readonly stage: number;
  readonly kind: 'exec' | 'infer';
  readonly width: number;
  readonly done: number;
  readonly gasUsed: number;
  readonly rows: RowCounts;
  /** Of open infer tasks, as far as the gateway tells: rows. */
  readonly underway?: { readonly done: number; readonly total: number };
};

export type RunStatus = 'running' | 'done' | 'failed' | 'cancelled' | 'expired';

export type RunView = {
  readonly run: Hex;
  readonly workflow: Hex;
  readonly owner: Address;
  readonly status: RunStatus;
  /** Wei that is left of what was set aside. */
  readonly escrow: string;
  readonly spent: string;
  /** Wei per gas that the run pays. */
  readonly gasPrice?: string;
  readonly partitions: number;
  readonly tasksLeft: number;
  readonly stages: readonly StageView[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly dataset: ObjectRef | null;
  readonly batches: readonly number[];
  /** Unix seconds. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Unix seconds. */
  readonly deadline: number;
  /** Gas that one of its tasks may use. */
  readonly taskGasLimit?: number;
  /** Items of it that L1 has voided, and when it did so last, in unix seconds. */
  readonly voided?: RunVoids | null;
  readonly error: string | null;
  /** The task that ended it: docs/rpc.md#failures. */
  readonly failure?: RunFailure | null;
};

export type RunVoids = { readonly items: number; readonly at: number };

export type RunFailure = {
  readonly kind: 'exit' | 'budget' | 'inputs' | 'gas-or-trap';
  readonly why: string;
  readonly stage: number;
  readonly partition: number;
  readonly exitStatus: number;
  readonly gasUsed: number;
};

export type TaskView = {
  readonly stage: number;
  readonly partition: number;
  /** Which attempt of it that is: more than 0 if a result that it depends on was voided. */
  readonly attempt?: number;
  readonly status: 'open' | 'done' | 'failed';
  readonly outputRoot?: Hex;
  readonly outputLength?: number;
  readonly gasUsed?: number;
  readonly why?: string;
};

export type BatchView = {
  readonly objectRoot: Hex;
  readonly timestamp: number;
  readonly messages: number;
  readonly l1Transaction: Hex | null;
  /** `void`: L1 has given up its bytes, and its sequenced messages have had no effect. */
  readonly status: 'open' | 'closed' | 'posted' | 'void';
  readonly l1Block: number | null;
  readonly gasUsed: number | null;
  readonly firstStep: number;
};

/** Who has attested an assertion: docs/attestations.md#levels. */
export type AttestedBy = {
  /** Stake that has attested the assertion, in wei. */
  readonly weight: string;
  /** Stake of all validators, in wei. */
  readonly totalWeight: string;
};

export type AssertionView = {
  readonly id: Hex;
  readonly fromBatch: number;
  readonly toBatch: number;
  readonly status: string;
  readonly l1Transaction: Hex;
  /** Null while less than two thirds of the validators' stake have attested it. */
  readonly attested?: {
    readonly l1Transaction: Hex;
    readonly l1Block: number;
    /** Wei. */
    readonly weight: string;
    readonly totalWeight: string;
    readonly attesters: number;
  } | null;
  readonly asserter: Address;
};

export type ReceiptView = {
  readonly kind: string;
  readonly ok: boolean;
  readonly error?: string;
  readonly run?: Hex;
  readonly workflow?: Hex;
  readonly feeWei?: string;
  /** Whose money a Withdraw, a Settle or a message of L1 has moved, and how much of it, in wei. */
  readonly account?: Address;
  readonly amountWei?: string;
  /** Index of the withdrawal that a Withdraw has made. */
  readonly withdrawal?: number;
  readonly batch: number;
  readonly step: number;
};

export type WorkflowView = {
  readonly owner: Address;
  readonly metadata: ObjectRef;
  /** Unix seconds until which its programs are promised. */
  readonly expiry: number;
};
export type AccountView = { readonly nonce: number; readonly nextNonce?: number; readonly balance: string };

export type RunListEntry = Pick<
  RunView,
  'run' | 'workflow' | 'owner' | 'status' | 'partitions' | 'startedAt' | 'endedAt' | 'dataset'
> & { readonly firstStep: number };
