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
  /** 0 to 255: the exit code; 256: a fault (docs/vm.md#fault). */
  readonly status: number;
  /** Empty after a fault. */
  readonly output: Uint8Array;
  readonly gasUsed: bigint;
};

/** A job as a thread gets it: with one copy of inputs that are equal. */
export type SentJob = Omit<ExecJob, 'inputs'> & {
  readonly objects: readonly Uint8Array[];
  /** For each input the index of its object. */
  readonly places: readonly number[];
};

export type ToWorker = {
  readonly id: number;
  readonly job: SentJob;
  /** Sent if the thread does not hold the program, and always to the step machine. */
  readonly parts?: ProgramParts;
  /** The most pages of memory that the program may have. */
  readonly pages: number;
  /** The programs to forget before the job is run. */
  readonly drop: readonly Hex[];
};

export type FromWorker =
  /** The program is loaded and begins to run: another deadline counts. */
  | { readonly id: number; readonly kind: 'loaded' }
  /** `keptBytes`: what the thread keeps of the program for its next run. `ms`: how long it has worked at the job. */
  | {
      readonly id: number;
      readonly kind: 'outcome';
      readonly outcome: JobOutcome;
      readonly keptBytes: number;
      readonly ms: number;
    }
  /**
   * This engine has no result, which says nothing about the program. `loaded`: the program was loaded, or the thread
   * held it already. `needsMemory`: more pages may be all that is missing.
   */
  | {
      readonly id: number;
      readonly kind: 'refused';
      readonly reason: string;
      readonly loaded: boolean;
      readonly needsMemory: boolean;
    };

/** The inputs of a job, in their order. */
export function inputsOfJob({ objects, places }: SentJob): Uint8Array[] {
  return places.map((place) => objects[place]!);
}
