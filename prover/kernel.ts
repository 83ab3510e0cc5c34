// docs/kernel.md: what the prover needs of a kernel that runs one step.
import type { Hex } from '../protocol/hex.ts';
import type { ExecResult } from '../protocol/state.ts';
import type { ObjectRef } from '../protocol/tree.ts';

/** A call of `exec`: the request leaf and the list behind its `inputsRoot`. */
export type ExecCall = { readonly request: Uint8Array; readonly inputs: readonly ObjectRef[] };

export type KernelInput = {
  /** 128 bytes: docs/messages.md#leaf. */
  readonly stateLeaf: Uint8Array;
  /** 128 bytes: docs/kernel.md. */
  readonly context: Uint8Array;
  readonly message: Uint8Array;
  readonly getNode: (hash: Hex) => Uint8Array | undefined;
  readonly getExec: (call: ExecCall) => ExecResult | undefined;
};

export type KernelDone = {
  readonly kind: 'done';
  readonly stateLeaf: Uint8Array;
  readonly receipt: Uint8Array;
  /** Trie nodes that this step made. */
  readonly nodes: readonly Uint8Array[];
  /** Objects that this step made: parameters, lists of inputs, dataset manifests. */
  readonly objects: readonly Uint8Array[];
  /** Instructions that the kernel itself executed. */
  readonly gasUsed: bigint;
};

export type KernelNeeds = {
  readonly kind: 'needs';
  readonly nodes: readonly Hex[];
  readonly execs: readonly ExecCall[];
  /** Objects made so far: a program that is to be run may read them (its parameters). */
  readonly objects: readonly Uint8Array[];
};

export type Kernel = { step(input: KernelInput): KernelDone | KernelNeeds };
