// docs/disputes.md#judged: the trace of one step: 2^40 positions, of which only what a game asks for is ever executed.
import { recoverAddress } from '../../kernel/host.ts';
import { KERNEL_GAS_LIMIT } from '../../kernel/native.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { hashProgram } from '../../protocol/program.ts';
import type { ExecResult } from '../../protocol/state.ts';
import { keccakHex } from '../../protocol/tree.ts';
import type { Program } from '../../vm/program.ts';
import { MACHINE_KIND } from '../../vm/step/encode.ts';
import { fetchInstruction } from '../../vm/step/fetch.ts';
import { cannotFetch } from '../../vm/step/machine.ts';
import { createStepMachine, type StepMachine, type StepSnapshot } from '../../vm/step/step-machine.ts';

/** A call of `exec`: what runs, and its result, with which the trace can pass over the program's instructions. */
export type TracedExec = {
  /** 128 bytes. */
  readonly request: Uint8Array;
  readonly program: Program;
  readonly inputs: readonly Uint8Array[];
  readonly result: Pick<ExecResult, 'status' | 'gasUsed'> & { readonly output: Uint8Array };
};

/** All that one step reads, as plain data: it can be handed to a thread. */
export type TraceInput = {
  readonly kernel: Program;
  /** 128 bytes, and so has `context`. */
  readonly stateLeaf: Uint8Array;
  readonly context: Uint8Array;
  readonly message: Uint8Array;
  /** The trie nodes that the kernel reads. */
  readonly nodes: readonly Uint8Array[];
  readonly execs: readonly TracedExec[];
};

/** What stands at a position, for people. */
export type TracePlace = {
  readonly position: bigint;
  readonly machine: 'kernel' | 'program' | 'halted';
  readonly programId?: Hex | undefined;
  readonly pc?: number | undefined;
  readonly gasLeft?: bigint | undefined;
  /** Gas that is still owed for the instruction before, if one gas of that is paid at this position. */
  readonly debt?: bigint | undefined;
  /** The name of the instruction that comes next. */
  readonly instruction?: string | undefined;
  readonly family?: string | undefined;
  /** Bytes that the program has written so far. */
  readonly outputLength?: number | undefined;
};

export type Trace = {
  /** Hashes of the machine at these positions, ascending. */
  hashesAt(positions: readonly bigint[]): Hex[];
  /** One-step proof of the instruction at this position. */
  prove(position: bigint): Uint8Array;
  place(position: bigint): TracePlace;
  /** Instructions until the machine halts; the whole trace is run for it. */
  length(): bigint;
};

/**
 * Enough for the entries of three lists, 32 each, from which the next moves begin. The first snapshot is that of
 * position 0, and stays.
 */
const MAX_SNAPSHOTS = 96;
const END = 1n << 40n;
const NO_PARAMETERS = new Uint8Array(0);
const SEED = new Uint8Array(32);

/** Nothing is executed before the first question. */
export function createTrace(input: TraceInput): Trace {
  let machine: StepMachine | undefined;
  let halted: { readonly position: bigint; readonly hash: Hex } | undefined;
  const snapshots = new Map<bigint, StepSnapshot>();

  const open = (): StepMachine => {
    if (machine !== undefined) return machine;
    machine = startMachine(input);
    snapshots.set(0n, machine.snapshot());
    return machine;
  };

  // Goes on from the nearest snapshot below, unless the machine itself is nearer.
  function goTo(position: bigint): StepMachine {
    const at = open();
    let best: bigint | undefined;
    for (const known of snapshots.keys()) if (known <= position && (best === undefined || known > best)) best = known;
    if (best === undefined) throw new Error(`no snapshot at or before position ${position}`);
    const here = at.position();
    if (here > position || here < best) {
      at.restore(snapshots.get(best) as StepSnapshot);
      touch(best);
    }
    at.runTo(position);
    if (at.result() !== undefined) halted ??= { position: at.position(), hash: at.hash() };
    return at;
  }

  function touch(position: bigint): void {
    const snapshot = snapshots.get(position);
    if (snapshot === undefined || position === 0n) return;
    snapshots.delete(position);
    snapshots.set(position, snapshot);
  }

  function keep(at: StepMachine, position: bigint): void {
    if (snapshots.has(position)) touch(position);
    else snapshots.set(position, at.snapshot());
    const [, oldest] = snapshots.keys();
    if (snapshots.size > MAX_SNAPSHOTS && oldest !== undefined) snapshots.delete(oldest);
  }

  function hashAt(position: bigint): Hex {
    if (halted !== undefined && position >= halted.position) return halted.hash;
    const at = goTo(position);
    if (at.result() === undefined) keep(at, position);
    return at.hash();
  }

  return {
    hashesAt: (positions) => positions.map(hashAt),
    prove: (position) => goTo(position).prove(),
    place: (position) => placeOf(goTo(position), position),
    length() {
      if (halted === undefined) goTo(END);
      if (halted === undefined) throw new Error('a trace has not ended after 2^40 instructions');
      return halted.position;
    },
  };
}

function startMachine({ kernel, stateLeaf, context, message, nodes, execs }: TraceInput): StepMachine {
  const byHash = new Map(nodes.map((node) => [keccakHex(node), node]));
  const byRequest = new Map(execs.map((exec) => [bytesToHex(exec.request), exec]));
  return createStepMachine({
    program: kernel,
    inputs: [NO_PARAMETERS, stateLeaf, context, message],
    gasLimit: KERNEL_GAS_LIMIT,
    timestampNs: 0n,
    seed: SEED,
    kernel: {
      preimage: (hash) => byHash.get(bytesToHex(hash)),
      exec(request) {
        const exec = byRequest.get(bytesToHex(request));
        if (exec === undefined) throw new Error(`the trace asks for an unknown program: ${bytesToHex(request)}`);
        return { program: exec.program, inputs: exec.inputs, native: () => exec.result };
      },
      ecrecover: recoverAddress,
    },
  });
}

function placeOf(at: StepMachine, position: bigint): TracePlace {
  const running = at.machine();
  if (running === undefined) return { position, machine: 'halted' };
  const { options, output, pc, gasLeft, debt } = running;
  const owes = debt > 0n && gasLeft > 0n;
  const instruction = owes || cannotFetch(running) ? undefined : fetchInstruction(running).instruction;
  return {
    position,
    machine: options.kind === MACHINE_KIND.kernel ? 'kernel' : 'program',
    programId: hashProgram(options.program.header),
    pc,
    gasLeft,
    debt: owes ? debt : undefined,
    instruction: instruction?.name,
    family: instruction?.family,
    outputLength: output.length(),
  };
}
