// docs/machine.md: a trace as one flat row of machines: the kernel, the user program that it starts, the kernel again,
// halted.
import { STATUS_FAULT } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { decodeExecRequest, encodeExecResult } from '../../protocol/state.ts';
import { objectRef } from '../../protocol/tree.ts';
import { requireFit } from '../fit.ts';
import type { Program } from '../program.ts';
import type { RunResult } from '../run.ts';
import { encodeHalted, hashHalted, MACHINE_KIND, NO_PARENT } from './encode.ts';
import { type Ending, endingOf, resultLeaf, type TraceResult } from './ending.ts';
import {
  createMachine,
  encodeRunning,
  hashRunning,
  type Machine,
  type MachineSnapshot,
  runMachine,
} from './machine.ts';
import { proveStep } from './prove.ts';

/** What the kernel's host calls are answered from. */
export type StepKernel = {
  /** The bytes whose keccak-256 is `hash`, or undefined if nobody has them: then the trace cannot go on. */
  preimage(hash: Uint8Array): Uint8Array | undefined;
  /** Program and inputs of a request leaf of 128 bytes. */
  exec(request: Uint8Array): ChildSource;
  /** 20 bytes for the 97 bytes hash ‖ r ‖ s ‖ v. */
  ecrecover(input: Uint8Array): Uint8Array;
};

export type ChildSource = {
  readonly program: Program;
  readonly inputs: readonly Uint8Array[];
  /**
   * The native engine's result, if the program may be run natively. With it the trace can be skipped: it is gasUsed
   * steps long unless the program faulted.
   */
  readonly native?: (() => RunResult) | undefined;
};

export type StepRequest = {
  readonly program: Program;
  readonly inputs: readonly Uint8Array[];
  readonly gasLimit: bigint;
  readonly timestampNs: bigint;
  /** 32 bytes. */
  readonly seed: Uint8Array;
  /** With a kernel's host calls the program is the kernel, without them a user program. */
  readonly kernel?: StepKernel | undefined;
};

export type StepSnapshot = {
  readonly position: bigint;
  readonly active: Machine;
  readonly state: MachineSnapshot;
  readonly parent: { readonly machine: Machine; readonly state: MachineSnapshot } | undefined;
  readonly source: ChildSource | undefined;
  readonly ending: Ending | undefined;
};

export type StepMachine = {
  /** Steps done since the start. */
  position(): bigint;
  /**
   * Goes on to this position, or to the end.
   * @throws Error if the position has been passed
   */
  runTo(position: bigint): void;
  runToEnd(): TraceResult;
  hash(): Hex;
  /** The preimage of `hash()` without its tag: 256 bytes; for a halted machine the whole preimage. */
  encode(): Uint8Array;
  /** The program whose instruction comes next; undefined at the end. */
  machine(): Machine | undefined;
  /** One-step proof of the step from here; the state does not change. */
  prove(): Uint8Array;
  /** A point to go back to as long as this step machine lives. Snapshots share pages. */
  snapshot(): StepSnapshot;
  restore(snapshot: StepSnapshot): void;
  /** Undefined before the end. */
  result(): TraceResult | undefined;
  /** Hashes at these positions, ascending; behind the end the hash of the halted machine. */
  hashesAt(positions: readonly bigint[]): Hex[];
};

/** @throws MizuError `vm/bad-request` or `vm/unfit-program` */
export function createStepMachine(request: StepRequest): StepMachine {
  const { kernel } = request;
  if (request.seed.length !== 32 || request.gasLimit < 0n || request.gasLimit >= 1n << 62n) throw badRequest(request);
  requireFit(request.program);
  const hostOf = {
    preimage: (hash: Uint8Array): Uint8Array => {
      const bytes = kernel?.preimage(hash);
      if (bytes === undefined) throw new Error(`the preimage of ${bytesToHex(hash)} is not at hand`);
      return bytes;
    },
    ecrecover: (input: Uint8Array): Uint8Array => kernel!.ecrecover(input),
  };
  const kind = kernel === undefined ? MACHINE_KIND.user : MACHINE_KIND.kernel;
  let active = createMachine({ ...request, ...hostOf, kind, resultAddress: 0, parent: NO_PARENT });
  let parent: Machine | undefined;
  let source: ChildSource | undefined;
  let ending: Ending | undefined;
  let position = 0n;

  const begin = (leaf: Uint8Array, resultAddress: number): void => {
    const exec = decodeExecRequest(leaf);
    source = kernel!.exec(leaf);
    requireFit(source.program);
    active.stop = undefined;
    parent = active;
    active = createMachine({
      ...hostOf,
      kind: MACHINE_KIND.user,
      program: source.program,
      inputs: source.inputs,
      gasLimit: exec.gasLimit,
      timestampNs: exec.timestampNs,
      seed: hexToBytes(exec.seed),
      resultAddress,
      parent: hashRunning(parent),
    });
    const inputsRoot = bytesToHex(active.context.subarray(32, 64));
    if (inputsRoot !== exec.inputsRoot)
      throw new Error(`inputs of ${exec.inputsRoot} were wanted, ${inputsRoot} given`);
    const programId = bytesToHex(active.context.subarray(96, 128));
    if (programId !== exec.programId) throw new Error(`program ${exec.programId} was wanted, ${programId} given`);
  };
  const resume = (leaf: Uint8Array, resultAddress: number): void => {
    active = parent!;
    parent = undefined;
    active.core.guest(resultAddress, leaf.length).set(leaf);
    active.core.mark(resultAddress);
  };
  const settle = (): void => {
    const { stop } = active;
    if (stop === undefined) return;
    if (stop.kind === 'exec') begin(stop.request, stop.resultAddress);
    else if (parent !== undefined) resume(resultLeaf(active), active.options.resultAddress);
    else ending = endingOf(active);
  };
  // Skips the whole of a program that has just begun, by its native result.
  const skip = (target: bigint): boolean => {
    if (parent === undefined || source?.native === undefined || active.gasLeft !== active.options.gasLimit)
      return false;
    const result = source.native();
    if (result.status === STATUS_FAULT || position + result.gasUsed > target) {
      source = { ...source, native: undefined };
      return false;
    }
    const { status, gasUsed } = result;
    const { root, length } = objectRef(result.output);
    resume(encodeExecResult({ status, outputRoot: root, outputLength: length, gasUsed }), active.options.resultAddress);
    position += gasUsed;
    return true;
  };
  const runTo = (target: bigint): void => {
    if (target < position) throw new Error(`position ${target} lies behind ${position}`);
    while (position < target && ending === undefined) {
      if (skip(target)) continue;
      position += runMachine(active, target - position);
      settle();
    }
  };
  const machine: StepMachine = {
    position: () => position,
    runTo,
    runToEnd() {
      while (ending === undefined) runTo(position + MAX_STRETCH);
      return ending.result;
    },
    hash: () => (ending === undefined ? hashRunning(active) : hashHalted(ending.halted)),
    encode: () => (ending === undefined ? encodeRunning(active) : encodeHalted(ending.halted)),
    machine: () => (ending === undefined ? active : undefined),
    prove: () =>
      ending === undefined
        ? proveStep(active, parent, (leaf) => kernel!.exec(leaf).program)
        : encodeHalted(ending.halted),
    snapshot: () => ({
      position,
      active,
      state: active.snapshot(),
      parent: parent && { machine: parent, state: parent.snapshot() },
      source,
      ending,
    }),
    restore(snapshot) {
      ({ position, active, source, ending } = snapshot);
      active.restore(snapshot.state);
      parent = snapshot.parent?.machine;
      if (snapshot.parent !== undefined) snapshot.parent.machine.restore(snapshot.parent.state);
    },
    result: () => ending?.result,
    hashesAt: (positions) =>
      positions.map((wanted) => {
        runTo(wanted);
        return machine.hash();
      }),
  };
  return machine;
}

/** The most steps of one call of `runTo` on the way to the end. */
const MAX_STRETCH = 1n << 40n;

function badRequest(request: StepRequest): MizuError {
  return new MizuError({
    code: 'vm/bad-request',
    message: 'The run cannot be started.',
    expected: 'a seed of 32 bytes and a gas limit below 2^62',
    actual: `${request.seed.length} bytes, ${request.gasLimit}`,
    hint: 'Give the run a seed of 32 bytes.',
  });
}
