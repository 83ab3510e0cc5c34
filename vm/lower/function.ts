// docs/vm.md#lowering: lowers one function to the register code and plans its native rewrite.
import { FRAME_SLOTS_MAX, IMMEDIATE_BIT, OP } from '../../protocol/isa.ts';
import { type Body, decodeBody, type Instr } from '../decode/body.ts';
import { PLAIN } from '../decode/plain.ts';
import type { FunctionBody, FunctionType } from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import { moduleTooLarge } from '../wasm/read.ts';
import { findUnassignedReads } from './assignment.ts';
import { closeScope, lowerBranch, lowerBranchIf, lowerBranchTable, lowerElse, openScope } from './branches.ts';
import { lowerDirectCall, lowerIndirectCall } from './calls.ts';
import type { LowerContext } from './context.ts';
import { createFunctionDraft, FUNCTION_SCOPE, type FunctionDraft, pushResult } from './draft.ts';
import { CALL_SLACK } from './frame.ts';
import { CONST, LOCAL } from './operands.ts';
import {
  lowerBulk,
  lowerGlobalGet,
  lowerGlobalSet,
  lowerLocalSet,
  lowerMemoryGrow,
  lowerPlain,
  lowerSelect,
} from './plain.ts';
import type { FunctionPlan } from './plan.ts';

/**
 * Takes the gas of the code behind a merge, or of a loop's head, on the ways to it. Later merges come first, as their
 * ways may start at earlier ones.
 */
function takeBefore({ merges, charges, refundable }: FunctionDraft): void {
  merges.sort((a, b) => b.point - a.point);
  for (const { point, edges } of merges) {
    const charge = charges[point]!;
    const open = refundable[point]!;
    if (open > 0 && edges.some((edge) => edge.checked)) continue;
    charges[point] = 0;
    for (const { from, refund } of edges) {
      charges[from]! += charge;
      refundable[from]! += refund === undefined ? open : charge;
      if (refund !== undefined) charges[refund]! -= charge;
    }
  }
}

type Pass = { readonly plan: FunctionPlan; readonly height: number; readonly callBelowSlack: boolean };

/** Appends the function's code to the buffer. Calls keep the index of the function as target until all are placed. */
export function lowerFunction(context: LowerContext, func: FunctionBody): FunctionPlan {
  const body = decodeBody(func);
  const type = context.module.types[func.type]!;
  const start = context.code.length();
  const calls = context.calls.length;
  let pass = lowerBody(context, type, body, 0);
  if (pass.callBelowSlack) {
    // This is rare: the operand stack is much deeper elsewhere than at a call, and its height is known only now.
    context.code.truncate(start);
    context.calls.length = calls;
    pass = lowerBody(context, type, body, pass.height);
  }
  if (pass.plan.frame > FRAME_SLOTS_MAX)
    throw moduleTooLarge('slots in a frame', FRAME_SLOTS_MAX, pass.plan.frame, func.start);
  return pass.plan;
}

function lowerBody(context: LowerContext, type: FunctionType, body: Body, knownHeight: number): Pass {
  const d = createFunctionDraft(context, type, body, knownHeight);
  const { layout, instructions } = d;
  const enterAt = d.code.length();
  d.emit(OP.enter);
  for (const local of findUnassignedReads(instructions, layout.params, body.locals.length))
    d.emit(OP.mov | IMMEDIATE_BIT, d.slotOfLocal(local));
  const none = { base: 0, params: 0, head: 0, point: 0, elseJump: -1, elseEdge: undefined, pinned: false };
  d.scopes.push({ ...none, kind: FUNCTION_SCOPE, results: layout.results, jumps: [], edges: [] });
  for (let i = 0; i < instructions.length; i++) {
    const { op } = instructions[i]!;
    if (d.skipped > 0) skipDead(d, i, op);
    else if (op === WASM.else) lowerElse(d, i);
    else if (op === WASM.end) closeScope(d, i);
    else if (d.live) i = lowerInstruction(d, i);
    else skipDead(d, i, op);
  }
  const height = d.operands.peak();
  const frame = Math.max(layout.operands + height, d.frameEnd);
  d.code.patch(enterAt, frame);
  const { leaf, charges, prepaid, checks, dead, sealed, nans, positions } = d;
  takeBefore(d);
  return {
    plan: { body, frame, leaf, charges, prepaid, checks, dead, sealed, nans, positions },
    height,
    callBelowSlack: knownHeight === 0 && d.lowestCall < layout.operands + height - CALL_SLACK,
  };
}

/** Lowers one instruction that can be reached; returns the index of the last instruction that it took. */
function lowerInstruction(d: FunctionDraft, index: number): number {
  const instruction = d.instructions[index]!;
  const { op, a, b, targets } = instruction;
  const plain = PLAIN[op];
  if (op === WASM.i32Eqz && feedsBranch(d.instructions[index + 1]!)) {
    d.inverted = true;
    return index;
  }
  if (plain !== undefined) return lowerPlain(d, index, instruction, plain);
  switch (op) {
    case WASM.unreachable:
      d.emit(OP.trap);
      d.live = false;
      return index;
    case WASM.nop:
      return index;
    case WASM.block:
    case WASM.loop:
    case WASM.if:
      openScope(d, index, op, a);
      return index;
    case WASM.br:
      lowerBranch(d, a);
      return index;
    case WASM.brIf:
      lowerBranchIf(d, index, a);
      return index;
    case WASM.brTable:
      lowerBranchTable(d, targets!);
      return index;
    case WASM.return:
      lowerBranch(d, d.scopes.length - 1);
      return index;
    case WASM.call:
      lowerDirectCall(d, index, a);
      return index;
    case WASM.callIndirect:
      lowerIndirectCall(d, index, a);
      return index;
    case WASM.drop:
      d.operands.pop();
      return index;
    case WASM.select:
      return lowerSelect(d, index);
    case WASM.localGet:
      d.operands.push(LOCAL, a);
      return index;
    case WASM.localSet:
    case WASM.localTee:
      lowerLocalSet(d, a, op === WASM.localTee);
      return index;
    case WASM.globalGet:
      return lowerGlobalGet(d, index, a);
    case WASM.globalSet:
      lowerGlobalSet(d, a);
      return index;
    case WASM.memorySize:
      return pushResult(d, index, -1, (slot) => d.emit(OP.memory_size, slot));
    case WASM.memoryGrow:
      return lowerMemoryGrow(d, index);
    case WASM.i32Const:
    case WASM.f32Const:
      d.operands.push(CONST, a, 0);
      return index;
    case WASM.i64Const:
    case WASM.f64Const:
      d.operands.push(CONST, a, b);
      return index;
    case WASM.memoryFill:
      lowerBulk(d, OP.memory_fill);
      return index;
    case WASM.memoryCopy:
      lowerBulk(d, OP.memory_copy);
      return index;
    case WASM.memoryInit: {
      const { lengthSlot, offset } = d.context.segments.get(a)!;
      lowerBulk(d, OP.memory_init, lengthSlot, offset);
      return index;
    }
    case WASM.dataDrop:
      d.emit(OP.global_set | IMMEDIATE_BIT, d.context.segments.get(a)!.lengthSlot);
      return index;
    default:
      throw new Error(`opcode 0x${op.toString(16)} was decoded but is not lowered`);
  }
}

function skipDead(d: FunctionDraft, index: number, op: number): void {
  d.dead[index] = 1;
  if (op === WASM.block || op === WASM.loop || op === WASM.if) d.skipped++;
  else if (op === WASM.end) d.skipped--;
}

function feedsBranch({ op }: Instr): boolean {
  return op === WASM.brIf || op === WASM.if;
}
