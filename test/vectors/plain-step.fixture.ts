// docs/machine.md#step: a machine made by hand, stepped once by the reference machine.

import { concatBytes, type Hex } from '../../protocol/hex.ts';
import { IMMEDIATE_BIT, OP, type OpName, SLOT_COUNT } from '../../protocol/isa.ts';
import { encodeExecResult } from '../../protocol/state.ts';
import { LEAF_BYTES, objectRef, objectRoot, treeRoot } from '../../protocol/tree.ts';
import { HostExit, HostFault } from '../../vm/host.ts';
import { PAGE_BYTES, type Program } from '../../vm/program.ts';
import { MachineFault } from '../../vm/reference/fault.ts';
import { step } from '../../vm/reference/machine.ts';
import { createReferenceState, type State } from '../../vm/reference/state.ts';
import { type HaltedMachine, hashHalted } from '../../vm/step/encode.ts';
import { hashPlain, type PlainMachine, provePlain } from './plain-proof.fixture.ts';

export type StepCase = {
  readonly name: string;
  readonly op: OpName;
  readonly immediate?: boolean;
  readonly a?: number;
  readonly b?: number;
  readonly c?: number;
  readonly imm?: bigint;
  /** Absolute slots. */
  readonly slots?: Readonly<Record<number, bigint>>;
  readonly kernel?: boolean;
  readonly fp?: number;
  readonly pc?: number;
  readonly gasLeft?: bigint;
  /** Gas that is owed for the instruction before. */
  readonly debt?: bigint;
  readonly pages?: number;
  readonly pagesMax?: number;
  /** Bytes that were written before. */
  readonly outputLength?: number;
  /** Written over the pattern that memory is filled with. */
  readonly memory?: Readonly<Record<number, Uint8Array>>;
  readonly inputs?: readonly Uint8Array[];
  /** Number of the instruction, if it is none of the table's. */
  readonly rawOp?: number;
  /** Instructions written over the others: index, op, imm. */
  readonly code?: readonly (readonly [number, number, bigint])[];
  readonly preimage?: Uint8Array;
  readonly recovered?: Uint8Array;
  /** Started by a kernel that wants the result here. */
  readonly resultAddress?: number;
};

export type StepVector = {
  readonly name: string;
  readonly op: string;
  readonly proof: Uint8Array;
  readonly before: Hex;
  readonly after: Hex;
};

const INSTRUCTIONS_COUNT = 45;
const PC = 13;
export const GAS_LIMIT = 1_000n;
const DATA_BYTES = 700;
/** Values at both ends of the region, zeros between them. */
const SLOTS = BigUint64Array.from({ length: SLOT_COUNT }, (_, i) =>
  i < 512 || i >= SLOT_COUNT - 64 ? BigInt(i) * 0x0123_4567_89ab_cdefn : 0n,
);

export function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + seed * 101) & 0xff);
}

/** The proof of one step, and the hashes that it must yield. */
export function createStepVector(given: StepCase): StepVector {
  const machine = buildPlainMachine(given);
  const before = hashPlain(machine);
  const { after, ends } = afterStep(given, buildPlainMachine(given));
  return { name: given.name, op: given.op, proof: provePlain(machine, ends), before, after };
}

function afterStep(given: StepCase, machine: PlainMachine): { after: Hex; ends: boolean } {
  const { state } = machine;
  if (given.op === 'exec' && machine.kind === 1 && state.debt === 0n) {
    const started = startChild(machine);
    if (started !== undefined) return { after: started, ends: false };
  }
  try {
    step(state);
  } catch (thrown) {
    if (thrown instanceof HostExit) return { after: finish(machine, thrown.code, thrown.committed), ends: true };
    if (!(thrown instanceof MachineFault || thrown instanceof HostFault)) throw thrown;
    return { after: finish(machine, undefined, undefined), ends: true };
  }
  if (state.halted) return { after: finish(machine, 0, undefined), ends: true };
  return { after: hashPlain(machine), ends: false };
}

/** @param status undefined after a fault */
function finish(machine: PlainMachine, status: number | undefined, committed: Uint8Array | undefined): Hex {
  if (machine.kind === 1) {
    const halted: HaltedMachine = committed === undefined ? { kind: 'failed' } : { kind: 'commit', leaf: committed };
    return hashHalted(halted);
  }
  const { request, gasLeft, host } = machine.state;
  const output = objectRef(status === undefined ? new Uint8Array(0) : host.output());
  const leaf = encodeExecResult({
    status: status ?? 256,
    outputRoot: output.root,
    outputLength: output.length,
    gasUsed: status === undefined ? request.gasLimit : request.gasLimit - gasLeft,
  });
  if (machine.parent === undefined) return hashHalted({ kind: 'result', leaf });
  machine.parent.state.memory.set(leaf, machine.resultAddress);
  return hashPlain(machine.parent);
}

function startChild(kernel: PlainMachine): Hex | undefined {
  const { state } = kernel;
  const [at, resultAddress] = [0, 1].map((i) =>
    Number(state.slots[(state.fp + fieldA(state) + i) % 65536]! & 0xffffffffn),
  ) as [number, number];
  for (const address of [at, resultAddress])
    if (address % LEAF_BYTES !== 0 || address + LEAF_BYTES > state.memory.length) return undefined;
  state.pc++;
  state.gasLeft--;
  const program = kernel.programs[0]!;
  const child = createReferenceState(program, {
    ...state.request,
    gasLimit: CHILD_GAS,
    seed: new Uint8Array(32).fill(9),
  });
  return hashPlain({ kind: 0, state: child, parent: kernel, resultAddress, programs: [], preimages: [] });
}

export const CHILD_GAS = 77n;

function fieldA({ code, pc }: State): number {
  return code.getUint16(pc * 16 + 2);
}

export function buildPlainMachine(given: StepCase): PlainMachine {
  const program = programOf(given);
  const kernel = given.kernel === true;
  const state = createReferenceState(program, {
    inputs: given.inputs ?? [new Uint8Array(0), pattern(300, 2), pattern(128, 3), pattern(1, 4), pattern(5_000, 5)],
    gasLimit: GAS_LIMIT,
    timestampNs: 1_700_000_000_123_456_789n,
    seed: new Uint8Array(32).fill(9),
    kernelHost: kernel
      ? {
          preimage: () => given.preimage,
          ecrecover: () => given.recovered ?? new Uint8Array(20),
          exec: () => {
            throw new Error('exec is not stepped by the reference machine');
          },
        }
      : undefined,
  });
  writeOutput(state, given.outputLength ?? 0);
  state.memory.set(pattern(state.memory.length));
  for (const [address, bytes] of Object.entries(given.memory ?? {})) state.memory.set(bytes, Number(address));
  state.slots.set(SLOTS);
  for (const [slot, value] of Object.entries(given.slots ?? {})) state.slots[Number(slot)] = value;
  state.pc = given.pc ?? PC;
  state.fp = given.fp ?? 20;
  state.gasLeft = given.gasLeft ?? 900n;
  state.debt = given.debt ?? 0n;
  const parent =
    given.resultAddress === undefined
      ? undefined
      : buildPlainMachine({ name: 'parent', op: 'trap', kernel: true, fp: 3, pc: 4 });
  return {
    kind: kernel ? 1 : 0,
    state,
    parent,
    resultAddress: given.resultAddress ?? 0,
    programs: [childProgram()],
    preimages: given.preimage === undefined ? [] : [given.preimage],
  };
}

// The host call takes what memory holds; the bytes must only be the same in every build.
function writeOutput(state: State, length: number): void {
  state.memory.set(pattern(Math.min(length, state.memory.length), 8));
  for (let done = 0; done < length; done += state.memory.length)
    state.host.output_write(0, Math.min(length - done, state.memory.length));
  state.outputLength = length;
}

function programOf(given: StepCase): Program {
  const view = new DataView(new ArrayBuffer(INSTRUCTIONS_COUNT * 16));
  for (let i = 0; i < INSTRUCTIONS_COUNT; i++) put(view, i, OP.jump, BigInt(i));
  for (const [index, op, imm] of given.code ?? []) put(view, index, op, imm);
  const pc = given.pc ?? PC;
  if (pc < INSTRUCTIONS_COUNT) {
    put(view, pc, (given.rawOp ?? OP[given.op]) | (given.immediate ? IMMEDIATE_BIT : 0), given.imm ?? 0n);
    view.setUint16(pc * 16 + 2, given.a ?? 0);
    view.setUint16(pc * 16 + 4, given.b ?? 0);
    view.setUint16(pc * 16 + 6, given.c ?? 0);
  }
  return assemble(new Uint8Array(view.buffer), pattern(DATA_BYTES, 6), given.pages ?? 1, given.pagesMax ?? 2);
}

export function childProgram(): Program {
  return assemble(pattern(16 * 50, 11), pattern(10, 12), 1, 3);
}

function assemble(code: Uint8Array, data: Uint8Array, pagesInitial: number, pagesMax: number): Program {
  const memory = pattern(Math.min(200, pagesInitial * PAGE_BYTES), 13);
  const slots = pattern(64, 14);
  const region = concatBytes([memory, new Uint8Array(pagesMax * PAGE_BYTES - memory.length)]);
  const header = {
    version: 1n,
    codeRoot: objectRoot(code),
    memoryRoot: treeRoot(region),
    slotsRoot: treeRoot(slots, 12),
    dataRoot: objectRoot(data),
    pagesInitial,
    pagesMax,
    entry: 7,
    globals: 8,
  };
  return { header, code, memory, slots, data };
}

function put(view: DataView, index: number, op: number, imm: bigint): void {
  view.setUint16(index * 16, op);
  view.setBigUint64(index * 16 + 8, imm);
}
