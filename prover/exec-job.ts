// docs/prover.md#pool: what the main thread and its workers tell each other.
import type { Hex } from '../protocol/hex.ts';

export type ExecJob = {
  readonly programId: Hex;
  readonly seed: Hex;
  readonly gasLimit: bigint;
  readonly timestampNs: bigint;
  readonly inputs: readonly Uint8Array[];
};

/** A program as it lies on DA, each part verified by its root. */
export type ProgramParts = {
  /** 152 bytes. */
  readonly header: Uint8Array;
  readonly code: Uint8Array;
  readonly image: Uint8Array;
  readonly slots: Uint8Array;
  readonly data: Uint8Array;
  readonly wasm: Uint8Array;
};

export type JobOutcome = {
  /** 0-255 exit code, 256 fault: docs/vm.md#fault. */
  readonly status: number;
  /** Empty after a fault. */
  readonly output: Uint8Array;
  readonly gasUsed: bigint;
};

export type ToWorker = {
  readonly id: number;
  readonly job: ExecJob;
  /** With the first job of a program that this worker does not hold. */
  readonly parts?: ProgramParts;
  /** Programs to forget before. */
  readonly drop: readonly Hex[];
};

export type FromWorker =
  | { readonly id: number; readonly outcome: JobOutcome }
  | { readonly id: number; readonly failure: { readonly code: string; readonly message: string } };
