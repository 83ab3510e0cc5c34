// docs/prover.md#pool: what the main thread and its threads for programs tell each other.
import type { Hex } from '../../protocol/hex.ts';

export type ExecJob = {
  readonly programId: Hex;
  readonly seed: Hex;
  readonly gasLimit: bigint;
  readonly timestampNs: bigint;
  /** Equal arrays are sent once. */
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
  /** A hint: any bytes, or none. */
  readonly wasm: Uint8Array;
};

export type JobOutcome = {
  /** 0-255 exit code, 256 fault: docs/vm.md#fault. */
  readonly status: number;
  /** Empty after a fault. */
  readonly output: Uint8Array;
  readonly gasUsed: bigint;
};

/** A job as a thread gets it: of inputs that are the same there is one copy. */
export type SentJob = Omit<ExecJob, 'inputs'> & {
  readonly objects: readonly Uint8Array[];
  /** Which of the objects each input is. */
  readonly places: readonly number[];
};

export type ToWorker = {
  readonly id: number;
  readonly job: SentJob;
  /** With the first job of a program that this thread does not hold; always for the step machine. */
  readonly parts?: ProgramParts;
  /** Most pages of memory. */
  readonly pages: number;
  /** Programs to forget before. */
  readonly drop: readonly Hex[];
};

export type FromWorker =
  /** The program is loaded and begins to run: another deadline counts. */
  | { readonly id: number; readonly kind: 'loaded' }
  /** `keptBytes`: what the thread keeps of the program for its next run. `ms`: how long it has worked. */
  | {
      readonly id: number;
      readonly kind: 'outcome';
      readonly outcome: JobOutcome;
      readonly keptBytes: number;
      readonly ms: number;
    }
  /**
   * This engine has no result for the program, which says nothing about the program. `loaded`: it was loaded, or held. `needsMemory`: more
   * pages may be all that is missing.
   */
  | {
      readonly id: number;
      readonly kind: 'refused';
      readonly reason: string;
      readonly loaded: boolean;
      readonly needsMemory: boolean;
    };

/** Inputs of a job, as a run takes them. */
export function inputsOfJob({ objects, places }: SentJob): Uint8Array[] {
  return places.map((place) => objects[place]!);
}
