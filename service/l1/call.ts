// docs/operations.md#l1: a call that is to become a transaction.
import type { Abi } from 'viem';
import type { Address } from '../../protocol/hex.ts';

export type ContractCall = {
  readonly address: Address;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args: readonly unknown[];
  /** In wei. */
  readonly value?: bigint;
  /** Gas that the call may take above an estimate against the latest block: what it costs may depend on the time. */
  readonly extraGas?: bigint;
  /**
   * Asked before each attempt and after each failure: whether the effect is there already (from an earlier life of this
   * process, or from somebody else). True ends the call without a transaction.
   */
  readonly isDone?: () => Promise<boolean>;
};
