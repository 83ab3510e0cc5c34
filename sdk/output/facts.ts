// docs/sdk.md#output: what is known of a dataset that is written to a folder.
import type { Hex } from '../../protocol/hex.ts';
import type { ReuseClaim } from '../client/reuse-claim.ts';

export type DatasetFacts = {
  readonly workflowName: string;
  readonly workflow: Hex;
  readonly run: Hex;
  readonly datasetRoot: Hex;
  readonly inputsHash?: Hex | undefined;
  readonly chainId: number;
  readonly inbox: Hex;
  /** What a verification of this folder trusts, unless it is told something else. */
  readonly rollup?: Hex | undefined;
  readonly fromBlock?: number | undefined;
  /** Hash of that block of L1. */
  readonly origin?: Hex | undefined;
  readonly rpcUrl: string;
  readonly models: readonly string[];
  /** Operators in order, as labels. */
  readonly operators: readonly string[];
  /** The run that has made what this one has read, and which operators: docs/sdk.md#reuse. */
  readonly reuses?: ReuseClaim | undefined;
};

export type WrittenFile = {
  readonly name: string;
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
};
