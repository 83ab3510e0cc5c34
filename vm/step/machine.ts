// docs/machine.md#running: one program in its state: a kernel, or the user program that it started.
import { TAG } from '../../protocol/constants.ts';
import type { Hex } from '../../protocol/hex.ts';
import { bytesToHex } from '../../protocol/hex.ts';
import { hashObject, type ObjectRef } from '../../protocol/tree.ts';
import { PAGE_BYTES, type Program } from '../program.ts';
import { CORE, type Core, createCore, STATUS } from './core.ts';
import {
  encodeMachine,
  encodeMachineContext,
  hashMachine,
  hashMachineContext,
  MACHINE_KIND,
  type MachineKind,
} from './encode.ts';
import { createHostCalls, type Stop } from './host.ts';
import { createMachineOutput, type MachineOutput, type OutputMark } from './output.ts';
import { createPageStore, type PageSnapshot } from './pages.ts';
import { staticTree } from './static-tree.ts';

export type MachineOptions = {
  readonly kind: MachineKind;
  readonly program: Program;
  readonly inputs: readonly Uint8Array[];
  readonly gasLimit: bigint;
  readonly timestampNs: bigint;
  /** 32 bytes. */
  readonly seed: Uint8Array;
  readonly resultAddress: number;
  readonly parent: Hex;
  preimage(hash: Uint8Array): Uint8Array;
  ecrecover(input: Uint8Array): Uint8Array;
};

export type MachineSnapshot = {
  readonly pc: number;
  readonly fp: number;
  readonly gasLeft: bigint;
  readonly debt: bigint;
  readonly output: OutputMark;
  readonly pages: PageSnapshot;
};

export type Machine = {
  readonly options: MachineOptions;
  readonly core: Core;
  readonly output: MachineOutput;
  readonly inputRefs: readonly ObjectRef[];
  /** 152 bytes. */
  readonly context: Uint8Array;
  pc: number;
  fp: number;
  gasLeft: bigint;
  /** Gas that is still owed for the last instruction: so many steps do nothing else. */
  debt: bigint;
  /** Steps of the next wasm call; V8 changes to optimized code only between calls. */
  chunk: number;
  stop: Stop | undefined;
  snapshot(): MachineSnapshot;
  restore(snapshot: MachineSnapshot): void;
};

const FIRST_CHUNK = 1 << 16;
const MAX_CHUNK = 1 << 28;

/** The machine of a program that fits (vm/fit.ts). */
export function createMachine(options: MachineOptions): Machine {
  const { program, inputs } = options;
  const output = createMachineOutput();
  const host = createHostCalls(() => core, {
    ...options,
    output,
    stop: (stop) => {
      machine.stop = stop;
    },
  });
  const core = createCore(program, options.kind === MACHINE_KIND.kernel, host);
  setContext(core, options);
  const pages = createPageStore(core);
  const inputRefs = inputs.map((bytes) => ({
    root: hashObject(staticTree(bytes).root, bytes.length),
    length: bytes.length,
  }));
  const machine: Machine = {
    options,
    core,
    output,
    inputRefs,
    context: encodeMachineContext({ ...options, header: program.header, inputs: inputRefs }),
    pc: program.header.entry,
    fp: program.header.globals,
    gasLeft: options.gasLimit,
    debt: 0n,
    chunk: FIRST_CHUNK,
    stop: undefined,
    snapshot: () => ({
      pc: machine.pc,
      fp: machine.fp,
      gasLeft: machine.gasLeft,
      debt: machine.debt,
      output: output.mark(),
      pages: pages.snapshot(),
    }),
    restore(snapshot) {
      machine.pc = snapshot.pc;
      machine.fp = snapshot.fp;
      machine.gasLeft = snapshot.gasLeft;
      machine.debt = snapshot.debt;
      machine.stop = undefined;
      output.reset(snapshot.output);
      pages.restore(snapshot.pages);
    },
  };
  return machine;
}

/** Writes what the core answers host calls from by itself. */
function setContext(core: Core, { inputs, seed, timestampNs }: MachineOptions): void {
  core.bytes()[CORE.random] = TAG.random;
  core.bytes().set(seed, CORE.random + 1);
  core.view().setBigUint64(CORE.inputCount, BigInt(inputs.length), true);
  core.view().setBigUint64(CORE.clock, BigInt.asUintN(64, timestampNs), true);
}

/** True if the next step faults before it reads an instruction. */
export function cannotFetch(machine: Machine): boolean {
  return machine.gasLeft === 0n || (machine.debt === 0n && machine.pc >= machine.core.codeCount);
}

/** Does up to `limit` steps, fewer if the machine stops before; returns how many. */
export function runMachine(machine: Machine, limit: bigint): bigint {
  const { core } = machine;
  if (cannotFetch(machine)) {
    machine.stop = { kind: 'fault' };
    return 1n;
  }
  const most = machine.gasLeft < limit ? machine.gasLeft : limit;
  if (machine.debt > 0n) {
    let paid = machine.debt;
    if (paid > most) paid = most;
    machine.debt -= paid;
    machine.gasLeft -= paid;
    return paid;
  }
  const steps = most < machine.chunk ? Number(most) : machine.chunk;
  core.setPc(machine.pc, machine.fp);
  const executed = BigInt(steps - core.run(steps));
  machine.chunk = Math.min(machine.chunk * 4, MAX_CHUNK);
  machine.gasLeft -= executed;
  machine.debt = BigInt.asUintN(64, core.debt.value as bigint);
  machine.fp = ((core.fp.value as number) - CORE.slots) / 8;
  const status = core.status.value as number;
  machine.pc = status === STATUS.far ? (core.farPc.value as number) >>> 0 : core.getPc() >>> 0;
  if (status === STATUS.noMemory) throw new Error('the host has no memory left for a program that is entitled to it');
  if (status === STATUS.fault) machine.stop = { kind: 'fault' };
  if (status === STATUS.halt) machine.stop = { kind: 'exit', code: 0 };
  if (status === STATUS.exec) machine.pc++;
  return executed;
}

/** The 256 bytes whose hash is the machine's. */
export function encodeRunning(machine: Machine): Uint8Array {
  const { core, options, output } = machine;
  const { program } = options;
  core.rehash();
  const root = (index: number): Hex =>
    bytesToHex(core.bytes().subarray(CORE.out + index * 32, CORE.out + index * 32 + 32));
  return encodeMachine({
    kind: options.kind,
    pc: machine.pc,
    fp: machine.fp,
    gasLeft: machine.gasLeft,
    pages: core.size() / PAGE_BYTES,
    pagesMax: program.header.pagesMax,
    codeCount: core.codeCount,
    codeTreeRoot: staticTree(program.code).root,
    slotsRoot: root(0),
    memoryRoot: root(1),
    outputTreeRoot: output.root(),
    outputLength: output.length(),
    resultAddress: options.resultAddress,
    debt: machine.debt,
    contextHash: hashMachineContext(machine.context),
    parent: options.parent,
  });
}

export function hashRunning(machine: Machine): Hex {
  return hashMachine(encodeRunning(machine));
}
