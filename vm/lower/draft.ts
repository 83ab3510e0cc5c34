// docs/vm.md#lowering: a function while it is lowered: its operands, blocks, and the plan for the native rewrite.
import { gasOf } from '../../protocol/isa.ts';
import type { Body, Instr } from '../decode/body.ts';
import { PLAIN } from '../decode/plain.ts';
import type { FunctionType, Module } from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import type { CodeBuffer } from './code-buffer.ts';
import type { LowerContext } from './context.ts';
import { type FrameLayout, layoutFrame, localSlot } from './frame.ts';
import { createOperands, type Emit, LOCAL, type Operand, type Operands, TEMP } from './operands.ts';

/**
 * A way to a merge: its gas may be taken in the block at `from`, and is given back at `refund` if the way was not
 * taken.
 */
export type BranchEdge = {
  readonly from: number;
  /** True if the block at `from` checks its gas. */
  readonly checked: boolean;
  readonly refund: number | undefined;
};

export type Scope = {
  readonly kind: number;
  /** Height of the operand stack below the parameters. */
  readonly base: number;
  readonly params: number;
  readonly results: number;
  /** Jumps to the end, to be patched. */
  readonly jumps: number[];
  /** For loops: the first instruction, and where its gas is taken. */
  readonly head: number;
  readonly point: number;
  /**
   * For `if`: the branch to the else arm, until that arm is placed, and the way that the branch is if there is no arm.
   */
  elseJump: number;
  readonly elseEdge: BranchEdge | undefined;
  /** Ways to the end; for a loop, ways to its head. */
  readonly edges: BranchEdge[];
  /**
   * True if the gas of the code behind the end, or of the loop's head, cannot be taken in advance: a br_table leads
   * there, or a branch from a block that checks its gas.
   */
  pinned: boolean;
};

/** The kind of the function's own scope. */
export const FUNCTION_SCOPE = -1;

export type FunctionDraft = {
  readonly context: LowerContext;
  readonly module: Module;
  readonly code: CodeBuffer;
  readonly layout: FrameLayout;
  readonly instructions: readonly Instr[];
  readonly operands: Operands;
  readonly scopes: Scope[];
  /** Appends an instruction of the current block and counts its gas. */
  readonly emit: Emit;
  slotOfLocal(local: number): number;
  readonly charges: Int32Array;
  readonly checks: Uint8Array;
  readonly dead: Uint8Array;
  readonly sealed: Uint8Array;
  readonly nans: Uint8Array;
  readonly prepaid: Int32Array;
  /** The part of each charge that may be given back. */
  readonly refundable: Int32Array;
  readonly positions: Int32Array;
  /** Blocks behind the ends of scopes, and heads of loops, with the ways to them. */
  readonly merges: { readonly point: number; readonly edges: readonly BranchEdge[] }[];
  /** Where the gas of the current block of straight-line code is taken. */
  point: number;
  /**
   * True if the gas is compared with zero at the start of the current block or within it: gas that may not be spent
   * must not be taken before that.
   */
  checked: boolean;
  /** False after an unconditional branch; `skipped` counts the blocks that are opened there. */
  live: boolean;
  skipped: number;
  leaf: boolean;
  /** The condition on the stack is the opposite of what the next branch wants. */
  inverted: boolean;
  /** Slots that calls need beyond the operands. */
  frameEnd: number;
  lowestCall: number;
  /** Largest height of the operand stack if a first pass has found it, else 0. */
  readonly knownHeight: number;
};

export function createFunctionDraft(
  context: LowerContext,
  type: FunctionType,
  body: Body,
  knownHeight: number,
): FunctionDraft {
  const { module, code } = context;
  const count = body.instructions.length;
  const layout = layoutFrame(type, body.locals.length);
  const slotOfLocal = (local: number): number => localSlot(layout, local);
  const emit: Emit = (op, a = 0, b = 0, c = 0, high = 0, low = 0) => {
    code.emit(op, a, b, c, high, low);
    draft.charges[draft.point]! += gasOf(op);
  };
  const draft: FunctionDraft = {
    context,
    module,
    code,
    layout,
    instructions: body.instructions,
    operands: createOperands(emit, layout.operands, slotOfLocal),
    scopes: [],
    emit,
    slotOfLocal,
    charges: new Int32Array(count + 1),
    checks: new Uint8Array(count + 1),
    dead: new Uint8Array(count),
    sealed: new Uint8Array(count),
    nans: new Uint8Array(count),
    prepaid: new Int32Array(count),
    refundable: new Int32Array(count + 1),
    positions: new Int32Array(count),
    merges: [],
    point: 0,
    checked: true,
    live: true,
    skipped: 0,
    leaf: true,
    inverted: false,
    frameEnd: 0,
    lowestCall: Number.MAX_SAFE_INTEGER,
    knownHeight,
  };
  return draft;
}

export function seeNan(d: FunctionDraft, { producer }: Operand): void {
  if (producer >= 0) d.nans[producer] = PLAIN[d.instructions[producer]!.op]!.nanBytes;
}

export function seeNans(d: FunctionDraft, from: number): void {
  for (let i = from; i < d.operands.height(); i++) seeNan(d, d.operands.at(i));
}

export function popSource(d: FunctionDraft): number {
  const slot = d.operands.source(d.operands.height() - 1);
  d.operands.pop();
  return slot;
}

/**
 * Pushes a result that `write` puts into a slot: the result's own, or that of the local which the next instruction
 * sets. Returns the index of the last instruction that was taken.
 */
export function pushResult(d: FunctionDraft, index: number, producer: number, write: (slot: number) => void): number {
  const next = d.instructions[index + 1]!;
  if (next.op !== WASM.localSet && next.op !== WASM.localTee) {
    write(d.operands.slot(d.operands.height()));
    d.operands.push(TEMP, 0, 0, producer);
    return index;
  }
  d.operands.settleLocal(next.a);
  write(d.slotOfLocal(next.a));
  if (producer >= 0) d.nans[producer] = PLAIN[d.instructions[producer]!.op]!.nanBytes;
  if (next.op === WASM.localTee) d.operands.push(LOCAL, next.a);
  return index + 1;
}

/** Ends the block of straight-line code; the next instruction starts another. */
export function startBlock(d: FunctionDraft, index: number): void {
  d.point = index + 1;
  d.checked = false;
}
