// docs/vm.md#code: lowers one function to the register code and plans its native rewrite.
import { FRAME_SLOTS_MAX, IMMEDIATE_BIT, OP } from '../../protocol/isa.ts';
import { type Body, decodeBody, type Instr } from '../decode/body.ts';
import { tooLarge } from '../decode/cursor.ts';
import { type FunctionBody, type FunctionType, typeOfFunction } from '../decode/module.ts';
import { PLAIN, type Plain, WASM } from '../decode/opcodes.ts';
import { HOST_FUNCTIONS } from '../host-functions.ts';
import { findUnassignedReads } from './assignment.ts';
import type { LowerContext } from './context.ts';
import { CALL_SLACK, type FrameLayout, layoutFrame, localSlot, recordSlot } from './frame.ts';
import { CONST, createOperands, emitMove, LOCAL, type Operand, type Operands, TEMP } from './operands.ts';
import type { FunctionPlan } from './plan.ts';

type Scope = {
  kind: number;
  /** Height of the operand stack below the parameters. */
  readonly base: number;
  readonly params: number;
  readonly results: number;
  /** Jumps to the end, to be patched. */
  readonly jumps: number[];
  /** For loops: the first instruction, and where its gas is taken. */
  readonly head: number;
  readonly point: number;
  /** For `if`: the branch to the else arm. */
  elseJump: number;
};

const FUNCTION_SCOPE = -1;

/** Appends the function's code to the buffer. Calls keep the index of the function as target until all are placed. */
export function lowerFunction(context: LowerContext, func: FunctionBody): FunctionPlan {
  const body = decodeBody(func);
  const type = context.module.types[func.type]!;
  const start = context.code.length();
  const calls = context.calls.length;
  let pass = lowerBody(context, type, body, 0);
  if (pass.callBelowSlack) {
    // Rare: an operand stack that is much deeper elsewhere than at a call. Its height is only known now.
    context.code.truncate(start);
    context.calls.length = calls;
    pass = lowerBody(context, type, body, pass.height);
  }
  if (pass.plan.frame > FRAME_SLOTS_MAX)
    throw tooLarge('slots in a frame', FRAME_SLOTS_MAX, pass.plan.frame, func.start);
  return pass.plan;
}

function lowerBody(context: LowerContext, type: FunctionType, body: Body, knownHeight: number): Pass {
  const lowering = createLowering(context, type, body, knownHeight);
  lowering.run();
  return lowering.finish();
}

type Pass = { readonly plan: FunctionPlan; readonly height: number; readonly callBelowSlack: boolean };

function createLowering(context: LowerContext, type: FunctionType, body: Body, knownHeight: number) {
  const { module, code } = context;
  const { instructions } = body;
  const count = instructions.length;
  const layout: FrameLayout = layoutFrame(type, body.locals.length);
  const slotOfLocal = (local: number): number => localSlot(layout, local);
  const charges = new Int32Array(count + 1);
  const checks = new Uint8Array(count + 1);
  const dead = new Uint8Array(count);
  const sealed = new Uint8Array(count);
  const nans = new Uint8Array(count);
  const positions = new Int32Array(count);
  const scopes: Scope[] = [];
  let point = 0;
  let live = true;
  let skipped = 0;
  let leaf = true;
  let inverted = false;
  let frameEnd = 0;
  let lowestCall = Number.MAX_SAFE_INTEGER;
  const enterAt = code.length();

  const emit = (op: number, a = 0, b = 0, c = 0, high = 0, low = 0): void => {
    code.emit(op, a, b, c, high, low);
    charges[point]!++;
  };
  const operands: Operands = createOperands(emit, layout.operands, slotOfLocal);

  const seeNan = ({ producer }: Operand): void => {
    if (producer >= 0) nans[producer] = PLAIN[instructions[producer]!.op]!.nanBytes;
  };
  const seeNans = (from: number): void => {
    for (let i = from; i < operands.height(); i++) seeNan(operands.at(i));
  };
  const popSource = (): number => {
    const slot = operands.source(operands.height() - 1);
    operands.pop();
    return slot;
  };

  /** Slot for a result: that of the local which the next instruction sets, else its own on the stack. Returns whether it was a local. */
  const pushResult = (index: number, producer: number, write: (slot: number) => void): number => {
    const next = instructions[index + 1]!;
    if (next.op !== WASM.localSet && next.op !== WASM.localTee) {
      write(operands.slot(operands.height()));
      operands.push(TEMP, 0, 0, producer);
      return index;
    }
    operands.settleLocal(next.a);
    write(slotOfLocal(next.a));
    if (producer >= 0) nans[producer] = PLAIN[instructions[producer]!.op]!.nanBytes;
    if (next.op === WASM.localTee) operands.push(LOCAL, next.a);
    return index + 1;
  };

  const destination = (scope: Scope, i: number): number =>
    scope.kind === FUNCTION_SCOPE ? i : operands.slot(scope.base + i);
  const arityOf = (scope: Scope): number => (scope.kind === WASM.loop ? scope.params : scope.results);
  const labelOf = (label: number): Scope => scopes[scopes.length - 1 - label]!;

  /** Moves the label's values to where it expects them. The stack stays as it is: the code may also go on. */
  const moveToLabel = (scope: Scope): void => {
    const arity = arityOf(scope);
    const from = operands.height() - arity;
    seeNans(from);
    const moved = new Set<number>();
    if (scope.kind === FUNCTION_SCOPE && arity > 1) {
      for (let i = 0; i < arity; i++) {
        const operand = operands.at(from + i);
        if (operand.kind !== LOCAL || slotOfLocal(operand.low) >= arity) continue;
        emit(OP.mov, operands.slot(from + i), slotOfLocal(operand.low));
        moved.add(i);
      }
    }
    for (let i = 0; i < arity; i++) {
      const operand = moved.has(i) ? ({ kind: TEMP, low: 0, high: 0, producer: -1 } as const) : operands.at(from + i);
      const own = operands.slot(from + i);
      const target = destination(scope, i);
      const source = operand.kind === TEMP ? own : operand.kind === LOCAL ? slotOfLocal(operand.low) : -1;
      if (source !== target) emitMove(emit, target, operand, own, slotOfLocal);
    }
  };

  const jumpTo = (scope: Scope, op: number, condition: number): void => {
    if (scope.kind === WASM.loop) {
      emit(op, 0, condition, 0, 0, scope.head);
      checks[scope.point] = 1;
    } else {
      scope.jumps.push(code.length());
      emit(op, 0, condition);
    }
  };

  /** Ends the block of straight-line code; the next instruction starts another. */
  const startBlock = (index: number): void => {
    point = index + 1;
  };

  const lowerBranch = (label: number): void => {
    const scope = labelOf(label);
    moveToLabel(scope);
    // The gas of `return` is taken at the function's common end.
    if (scope.kind === FUNCTION_SCOPE) code.emit(OP.return, 0, layout.record);
    else jumpTo(scope, OP.jump, 0);
    live = false;
  };

  const lowerBranchIf = (index: number, label: number): void => {
    const when = inverted ? OP.br_if_zero : OP.br_if;
    const unless = inverted ? OP.br_if : OP.br_if_zero;
    inverted = false;
    const condition = popSource();
    const scope = labelOf(label);
    const skip = code.length();
    emit(unless, 0, condition);
    moveToLabel(scope);
    if (code.length() === skip + 1) {
      code.truncate(skip);
      charges[point]!--;
      jumpTo(scope, when, condition);
      startBlock(index);
      return;
    }
    if (scope.kind === FUNCTION_SCOPE) code.emit(OP.return, 0, layout.record);
    else jumpTo(scope, OP.jump, 0);
    const taken = code.length() - skip - 1 - (scope.kind === FUNCTION_SCOPE ? 1 : 0);
    code.patch(skip, code.length());
    startBlock(index);
    charges[point]! -= taken;
  };

  const lowerBranchTable = (targets: readonly number[]): void => {
    const index = popSource();
    const arity = arityOf(labelOf(targets[0]!));
    const from = operands.height() - arity;
    seeNans(from);
    operands.settle(from);
    emit(OP.br_table, 0, index, 0, 0, targets.length - 1);
    const table = code.length();
    // Every path costs the same: the table's jump, and with values one move each and a second jump.
    charges[point]! += 1 + (arity === 0 ? 0 : arity + 1);
    for (const label of targets) {
      const scope = labelOf(label);
      if (arity === 0) jumpUncounted(scope);
      else code.emit(OP.jump);
    }
    if (arity > 0) {
      targets.forEach((label, i) => {
        code.patch(table + i, code.length());
        const scope = labelOf(label);
        for (let value = 0; value < arity; value++)
          code.emit(OP.mov, destination(scope, value), operands.slot(from + value));
        jumpUncounted(scope);
      });
    }
    live = false;
  };

  const jumpUncounted = (scope: Scope): void => {
    jumpTo(scope, OP.jump, 0);
    charges[point]!--;
  };

  const openScope = (index: number, op: number, blockType: number): void => {
    const condition = op === WASM.if ? popSource() : 0;
    const { params, results } = blockArity(module.types, blockType);
    operands.settleLocals();
    const base = operands.height() - params;
    if (op !== WASM.block) {
      seeNans(base);
      operands.settle(base);
    }
    let elseJump = -1;
    if (op === WASM.if) {
      elseJump = code.length();
      emit(inverted ? OP.br_if : OP.br_if_zero, 0, condition);
      inverted = false;
    }
    if (op !== WASM.block) startBlock(index);
    scopes.push({ kind: op, base, params, results, jumps: [], head: code.length(), point, elseJump });
  };

  const lowerElse = (index: number): void => {
    const scope = scopes.at(-1)!;
    if (live) {
      moveToLabel(scope);
      jumpTo(scope, OP.jump, 0);
    }
    code.patch(scope.elseJump, code.length());
    scope.elseJump = -1;
    operands.reset(scope.base, scope.params);
    live = true;
    startBlock(index);
  };

  const closeScope = (index: number): void => {
    const scope = scopes.pop()!;
    const merges = scope.jumps.length > 0 || scope.elseJump >= 0;
    if (scope.kind === FUNCTION_SCOPE) {
      if (live) moveToLabel(scope);
      for (const jump of scope.jumps) code.patch(jump, code.length());
      if (live || merges) code.emit(OP.return, 0, layout.record);
      return;
    }
    if (!merges) {
      if (!live) {
        operands.reset(scope.base, 0);
        sealed[index] = 1;
      }
      return;
    }
    if (live) moveToLabel(scope);
    if (scope.elseJump >= 0) code.patch(scope.elseJump, code.length());
    for (const jump of scope.jumps) code.patch(jump, code.length());
    operands.reset(scope.base, scope.results);
    live = true;
    startBlock(index);
  };

  /** Slots from this frame to the callee's: its arguments' place, but never far from the frame's end. */
  const callPosition = (argumentsAt: number): number => {
    const place = operands.slot(argumentsAt);
    const least = layout.operands + knownHeight - CALL_SLACK;
    if (knownHeight === 0 || place >= least) return place;
    return least;
  };

  const lowerCall = (index: number, callee: FunctionType, emitCall: (position: number) => void): void => {
    const first = operands.height() - callee.params.length;
    seeNans(first);
    const position = callPosition(first);
    const place = operands.slot(first);
    if (position === place) operands.settle(first);
    else
      for (let i = callee.params.length - 1; i >= 0; i--)
        emitMove(emit, position + i, operands.at(first + i), operands.slot(first + i), slotOfLocal);
    frameEnd = Math.max(frameEnd, position + callee.params.length + 1);
    lowestCall = Math.min(lowestCall, place);
    positions[index] = position;
    leaf = false;
    emitCall(position);
    operands.reset(first, callee.results.length);
    startBlock(index);
    if (position !== place)
      for (let i = 0; i < callee.results.length; i++) emit(OP.mov, operands.slot(first + i), position + i);
  };

  const lowerDirectCall = (index: number, target: number): void => {
    const callee = typeOfFunction(module, target);
    const imported = module.imports[target];
    if (imported !== undefined) {
      lowerHostCall(index, imported.name, callee);
      return;
    }
    lowerCall(index, callee, (position) => {
      context.calls.push({ at: code.length(), target });
      emit(OP.call, position, recordSlot(callee));
    });
  };

  const lowerHostCall = (index: number, name: string, callee: FunctionType): void => {
    const host = HOST_FUNCTIONS.get(name)!;
    const first = operands.height() - callee.params.length;
    seeNans(first);
    operands.settle(first);
    if (host.name === 'preimage') {
      operands.reserve(operands.height() + 1);
      emit(OP.mov | IMMEDIATE_BIT, operands.slot(operands.height()));
    }
    operands.reserve(first + 1);
    emit(OP[host.name], operands.slot(first));
    operands.reset(first, callee.results.length);
    startBlock(index);
  };

  const lowerIndirectCall = (index: number, typeIndex: number): void => {
    const callee = module.types[typeIndex]!;
    const at = operands.height() - 1;
    const selector = operands.source(at);
    const first = at - callee.params.length;
    const entry = Math.max(operands.slot(at), callPosition(first) + callee.params.length);
    emit(OP.table_get, entry, selector, 0, context.tableBase, module.tableSize!);
    operands.pop();
    lowerCall(index, callee, (position) => {
      emit(OP.call_indirect, position, recordSlot(callee), entry, 0, module.typeIds[typeIndex]!);
    });
  };

  const lowerPlain = (index: number, { b }: Instr, plain: Plain): number => {
    const top = operands.height() - 1;
    const last = operands.at(top);
    if (plain.kind === 'same') {
      seeNan(last);
      return index;
    }
    const producer = plain.nanBytes === 0 ? -1 : index;
    switch (plain.kind) {
      case 'unary':
        if (!plain.nanBlind) seeNan(last);
        operands.pop();
        if (last.kind === CONST)
          return pushResult(index, producer, (slot) => emit(plain.op | IMMEDIATE_BIT, slot, 0, 0, last.high, last.low));
        return lowerUnary(index, plain.op, producer, last, top);
      case 'binary': {
        const left = operands.at(top - 1);
        if (!plain.nanBlind) {
          seeNan(last);
          seeNan(left);
        }
        return lowerBinary(index, plain, producer, left, last, top);
      }
      case 'load': {
        operands.pop();
        if (last.kind === CONST) {
          const address = (last.low >>> 0) + b;
          return pushResult(index, -1, (slot) =>
            emit(plain.op | IMMEDIATE_BIT, slot, 0, 0, Math.floor(address / 2 ** 32), address >>> 0),
          );
        }
        const base = last.kind === LOCAL ? slotOfLocal(last.low) : operands.slot(top);
        return pushResult(index, -1, (slot) => emit(plain.op, slot, base, 0, 0, b));
      }
      case 'store': {
        seeNan(last);
        const base = operands.source(top - 1);
        const folds = last.kind === CONST && (plain.op !== OP.store64 || last.high === last.low >> 31);
        if (folds) emit(plain.op | IMMEDIATE_BIT, 0, base, 0, b, last.low);
        else emit(plain.op, 0, base, operands.source(top), 0, b);
        operands.pop();
        operands.pop();
        return index;
      }
    }
  };

  const lowerUnary = (index: number, op: number, producer: number, operand: Operand, at: number): number => {
    const source = operand.kind === LOCAL ? slotOfLocal(operand.low) : operands.slot(at);
    return pushResult(index, producer, (slot) => emit(op, slot, source));
  };

  const lowerBinary = (
    index: number,
    plain: Plain,
    producer: number,
    left: Operand,
    right: Operand,
    top: number,
  ): number => {
    const swaps = left.kind === CONST && right.kind !== CONST && plain.swapped !== 0;
    const folded = swaps ? left : right;
    if (folded.kind === CONST) {
      const source = operands.source(swaps ? top : top - 1);
      operands.pop();
      operands.pop();
      const op = (swaps ? plain.swapped : plain.op) | IMMEDIATE_BIT;
      return pushResult(index, producer, (slot) => emit(op, slot, source, 0, folded.high, folded.low));
    }
    const b = operands.source(top - 1);
    const c = operands.source(top);
    operands.pop();
    operands.pop();
    return pushResult(index, producer, (slot) => emit(plain.op, slot, b, c));
  };

  const lowerSelect = (index: number): number => {
    const top = operands.height() - 1;
    seeNans(top - 2);
    const b = operands.source(top - 2);
    const c = operands.source(top - 1);
    const condition = operands.source(top);
    operands.reset(top - 2, 0);
    return pushResult(index, -1, (slot) => emit(OP.select, slot, b, c, 0, condition));
  };

  const lowerLocalSet = (local: number, tee: boolean): void => {
    const operand = operands.pop();
    const own = operands.slot(operands.height());
    seeNan(operand);
    if (operand.kind !== LOCAL || operand.low !== local) {
      operands.settleLocal(local);
      emitMove(emit, slotOfLocal(local), operand, own, slotOfLocal);
    }
    if (tee) operands.push(LOCAL, local);
  };

  const lowerGlobalGet = (index: number, global: number): number => {
    const slot = context.globalSlots[global];
    if (slot !== undefined) return pushResult(index, -1, (result) => emit(OP.global_get, result, slot));
    const { value } = module.globals[global]!;
    operands.push(CONST, Number(value & 0xffffffffn), Number(value >> 32n));
    return index;
  };

  const lowerGlobalSet = (global: number): void => {
    const top = operands.height() - 1;
    const operand = operands.at(top);
    const slot = context.globalSlots[global]!;
    seeNan(operand);
    if (operand.kind === CONST) emit(OP.global_set | IMMEDIATE_BIT, slot, 0, 0, operand.high, operand.low);
    else emit(OP.global_set, slot, operands.source(top));
    operands.pop();
  };

  const lowerBulk = (op: number, high = 0, low = 0): void => {
    const first = operands.height() - 3;
    operands.settle(first);
    emit(op, operands.slot(first), 0, 0, high, low);
    operands.reset(first, 0);
  };

  const lowerMemoryGrow = (index: number): number => {
    const top = operands.height() - 1;
    const operand = operands.pop();
    if (operand.kind === CONST)
      return pushResult(index, -1, (slot) => emit(OP.memory_grow | IMMEDIATE_BIT, slot, 0, 0, 0, operand.low));
    return lowerUnary(index, OP.memory_grow, -1, operand, top);
  };

  /** Lowers one instruction that can be reached; returns the index of the last one that it took. */
  const lowerInstruction = (index: number): number => {
    const instruction = instructions[index]!;
    const { op, a, b, targets } = instruction;
    const plain = PLAIN[op];
    if (op === WASM.i32Eqz && feedsBranch(instructions[index + 1]!)) {
      inverted = true;
      return index;
    }
    if (plain !== undefined) return lowerPlain(index, instruction, plain);
    switch (op) {
      case WASM.unreachable:
        emit(OP.trap);
        live = false;
        return index;
      case WASM.nop:
        return index;
      case WASM.block:
      case WASM.loop:
      case WASM.if:
        openScope(index, op, a);
        return index;
      case WASM.br:
        lowerBranch(a);
        return index;
      case WASM.brIf:
        lowerBranchIf(index, a);
        return index;
      case WASM.brTable:
        lowerBranchTable(targets!);
        return index;
      case WASM.return:
        lowerBranch(scopes.length - 1);
        return index;
      case WASM.call:
        lowerDirectCall(index, a);
        return index;
      case WASM.callIndirect:
        lowerIndirectCall(index, a);
        return index;
      case WASM.drop:
        operands.pop();
        return index;
      case WASM.select:
        return lowerSelect(index);
      case WASM.localGet:
        operands.push(LOCAL, a);
        return index;
      case WASM.localSet:
      case WASM.localTee:
        lowerLocalSet(a, op === WASM.localTee);
        return index;
      case WASM.globalGet:
        return lowerGlobalGet(index, a);
      case WASM.globalSet:
        lowerGlobalSet(a);
        return index;
      case WASM.memorySize:
        return pushResult(index, -1, (slot) => emit(OP.memory_size, slot));
      case WASM.memoryGrow:
        return lowerMemoryGrow(index);
      case WASM.i32Const:
      case WASM.f32Const:
        operands.push(CONST, a, 0);
        return index;
      case WASM.i64Const:
      case WASM.f64Const:
        operands.push(CONST, a, b);
        return index;
      case WASM.memoryFill:
        lowerBulk(OP.memory_fill);
        return index;
      case WASM.memoryCopy:
        lowerBulk(OP.memory_copy);
        return index;
      case WASM.memoryInit: {
        const { lengthSlot, offset } = context.segments.get(a)!;
        lowerBulk(OP.memory_init, lengthSlot, offset);
        return index;
      }
      case WASM.dataDrop:
        emit(OP.global_set | IMMEDIATE_BIT, context.segments.get(a)!.lengthSlot);
        return index;
      default:
        throw new Error(`opcode 0x${op.toString(16)} was decoded but is not lowered`);
    }
  };

  const skipDead = (index: number, op: number): void => {
    dead[index] = 1;
    if (op === WASM.block || op === WASM.loop || op === WASM.if) skipped++;
    else if (op === WASM.end) skipped--;
  };

  return {
    run(): void {
      emit(OP.enter);
      for (const local of findUnassignedReads(instructions, layout.params, body.locals.length))
        emit(OP.mov | IMMEDIATE_BIT, slotOfLocal(local));
      scopes.push({
        kind: FUNCTION_SCOPE,
        base: 0,
        params: 0,
        results: layout.results,
        jumps: [],
        head: 0,
        point: 0,
        elseJump: -1,
      });
      for (let i = 0; i < count; i++) {
        const { op } = instructions[i]!;
        if (skipped > 0) skipDead(i, op);
        else if (op === WASM.else) lowerElse(i);
        else if (op === WASM.end) closeScope(i);
        else if (live) i = lowerInstruction(i);
        else skipDead(i, op);
      }
    },
    finish(): Pass {
      const height = operands.peak();
      const frame = Math.max(layout.operands + height, frameEnd);
      code.patch(enterAt, frame);
      const callBelowSlack = knownHeight === 0 && lowestCall < layout.operands + height - CALL_SLACK;
      return {
        plan: { body, frame, leaf, charges, checks, dead, sealed, nans, positions },
        height,
        callBelowSlack,
      };
    },
  };
}

function feedsBranch({ op }: Instr): boolean {
  return op === WASM.brIf || op === WASM.if;
}

function blockArity(types: readonly FunctionType[], blockType: number): { params: number; results: number } {
  if (blockType === -64) return { params: 0, results: 0 };
  if (blockType < 0) return { params: 0, results: 1 };
  const type = types[blockType]!;
  return { params: type.params.length, results: type.results.length };
}
