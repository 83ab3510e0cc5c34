// docs/vm.md#fault: what a run is given and what it returns, whichever engine runs it.
import { STATUS_FAULT } from '../protocol/constants.ts';

export type FaultKind = 'trap' | 'out-of-gas' | 'slots' | 'host';

/** Tells the developer what happened; it is not part of the result. */
export type RunFault = { readonly kind: FaultKind; readonly message: string };

export type RunResult = {
  /** Exit code 0 to 255, or 256 for a fault. */
  readonly status: number;
  /** Empty after a fault. */
  readonly output: Uint8Array;
  /** The whole limit after a fault. */
  readonly gasUsed: bigint;
  readonly fault?: RunFault | undefined;
  /** The kernel's new state leaf, if the run ended with `commit`. */
  readonly committed?: Uint8Array | undefined;
};

/**
 * Host calls that only the kernel has; without them they fault. @@ A callback may throw HostAbort to leave the run, for
 * example because a result must first be computed elsewhere.
 */
export type KernelHost = {
  /** The bytes (at most 1 KiB) whose keccak-256 is `hash`, or undefined if there are none, which is a fault. */
  preimage(hash: Uint8Array): Uint8Array | undefined;
  /** Runs a program: takes a request leaf of 128 bytes and returns the result leaf of 128 bytes. */
  exec(request: Uint8Array): Uint8Array;
  /** The signer's address (20 bytes; zero if the signature is invalid) for the 97 bytes hash ‖ r ‖ s ‖ v. */
  ecrecover(input: Uint8Array): Uint8Array;
};

export type ProgramRun = {
  readonly inputs: readonly Uint8Array[];
  readonly gasLimit: bigint;
  readonly timestampNs: bigint;
  /** 32 bytes. */
  readonly seed: Uint8Array;
  readonly onLog?: ((bytes: Uint8Array) => void) | undefined;
  readonly kernelHost?: KernelHost | undefined;
};

/** Thrown by a host callback to leave the run: the engine lets it through, and the run has no result. */
export class HostAbort extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('The run was left by a host callback.');
    this.name = 'HostAbort';
    this.reason = reason;
  }
}

export function faultResult(gasLimit: bigint, fault: RunFault): RunResult {
  return { status: STATUS_FAULT, output: new Uint8Array(0), gasUsed: gasLimit, fault };
}
