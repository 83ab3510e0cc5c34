// docs/vm.md#lowering: blocks, loops and branches.
import { OP } from '../../protocol/isa.ts';
import type { FunctionType } from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import { FUNCTION_SCOPE, type FunctionDraft, popSource, type Scope, seeNans, startBlock } from './draft.ts';
import { emitMove, LOCAL, TEMP } from './operands.ts';

function destination(d: FunctionDraft, scope: Scope, i: number): number {
  return scope.kind === FUNCTION_SCOPE ? i : d.operands.slot(scope.base + i);
}

function arityOf(scope: Scope): number {
  return scope.kind === WASM.loop ? scope.params : scope.results;
}

function labelOf(d: FunctionDraft, label: number): Scope {
  return d.scopes[d.scopes.length - 1 - label]!;
}

/**
 * Moves the label's values to where it expects them. The stack stays as it is: the code may also go on after a branch.
 */
function moveToLabel(d: FunctionDraft, scope: Scope): void {
  const arity = arityOf(scope);
  const from = d.operands.height() - arity;
  seeNans(d, from);
  const moved = new Set<number>();
  if (scope.kind === FUNCTION_SCOPE && arity > 1) {
    for (let i = 0; i < arity; i++) {
      const operand = d.operands.at(from + i);
      if (operand.kind !== LOCAL || d.slotOfLocal(operand.low) >= arity) continue;
      d.emit(OP.mov, d.operands.slot(from + i), d.slotOfLocal(operand.low));
      moved.add(i);
    }
  }
  for (let i = 0; i < arity; i++) {
    const operand = moved.has(i) ? ({ kind: TEMP, low: 0, high: 0, producer: -1 } as const) : d.operands.at(from + i);
    const own = d.operands.slot(from + i);
    const target = destination(d, scope, i);
    const source = operand.kind === TEMP ? own : operand.kind === LOCAL ? d.slotOfLocal(operand.low) : -1;
    if (source !== target) emitMove(d.emit, target, operand, own, d.slotOfLocal);
  }
}

function jumpTo(d: FunctionDraft, scope: Scope, op: number, condition: number, refund?: number): void {
  scope.edges.push({ from: d.point, checked: d.checked, refund });
  if (scope.kind === WASM.loop) {
    d.emit(op, 0, condition, 0, 0, scope.head);
    d.checks[scope.point] = 1;
  } else {
    scope.jumps.push(d.code.length());
    d.emit(op, 0, condition);
  }
}

export function lowerBranch(d: FunctionDraft, label: number): void {
  const scope = labelOf(d, label);
  moveToLabel(d, scope);
  // The gas of `return` is taken at the function's common end.
  if (scope.kind === FUNCTION_SCOPE) d.code.emit(OP.return, 0, d.layout.record);
  else jumpTo(d, scope, OP.jump, 0);
  d.live = false;
}

export function lowerBranchIf(d: FunctionDraft, index: number, label: number): void {
  const when = d.inverted ? OP.br_if_zero : OP.br_if;
  const unless = d.inverted ? OP.br_if : OP.br_if_zero;
  d.inverted = false;
  const condition = popSource(d);
  const scope = labelOf(d, label);
  if (d.checked) scope.pinned = true;
  const skip = d.code.length();
  d.emit(unless, 0, condition);
  moveToLabel(d, scope);
  if (d.code.length() === skip + 1) {
    d.code.truncate(skip);
    d.charges[d.point]!--;
    jumpTo(d, scope, when, condition, index + 1);
    startBlock(d, index);
    return;
  }
  if (scope.kind === FUNCTION_SCOPE) d.code.emit(OP.return, 0, d.layout.record);
  else jumpTo(d, scope, OP.jump, 0, index + 1);
  d.code.patch(skip, d.code.length());
  // The gas is paid in advance, but after the last check, and given back if the branch is not taken.
  const taken = d.code.length() - skip - 1 - (scope.kind === FUNCTION_SCOPE ? 1 : 0);
  if (d.checked) {
    d.charges[d.point]! -= taken;
    d.prepaid[index] = taken;
  } else d.refundable[d.point]! += taken;
  startBlock(d, index);
  d.charges[d.point]! -= taken;
}

export function lowerBranchTable(d: FunctionDraft, targets: readonly number[]): void {
  const index = popSource(d);
  const arity = arityOf(labelOf(d, targets[0]!));
  const from = d.operands.height() - arity;
  seeNans(d, from);
  d.operands.settle(from);
  d.emit(OP.br_table, 0, index, 0, 0, targets.length - 1);
  const table = d.code.length();
  // Every path costs the same: the table's jump, and with values one move for each and a second jump.
  d.charges[d.point]! += 1 + (arity === 0 ? 0 : arity + 1);
  for (const label of targets) {
    const scope = labelOf(d, label);
    scope.pinned = true;
    if (arity === 0) jumpUncounted(d, scope);
    else d.code.emit(OP.jump);
  }
  if (arity > 0) {
    targets.forEach((label, i) => {
      d.code.patch(table + i, d.code.length());
      const scope = labelOf(d, label);
      for (let value = 0; value < arity; value++)
        d.code.emit(OP.mov, destination(d, scope, value), d.operands.slot(from + value));
      jumpUncounted(d, scope);
    });
  }
  d.live = false;
}

function jumpUncounted(d: FunctionDraft, scope: Scope): void {
  jumpTo(d, scope, OP.jump, 0);
  d.charges[d.point]!--;
}

export function openScope(d: FunctionDraft, index: number, op: number, blockType: number): void {
  const condition = op === WASM.if ? popSource(d) : 0;
  const { params, results } = blockArity(d.module.types, blockType);
  d.operands.settleLocals();
  const base = d.operands.height() - params;
  if (op !== WASM.block) {
    seeNans(d, base);
    d.operands.settle(base);
  }
  let elseJump = -1;
  const edges = op === WASM.loop ? [{ from: d.point, checked: d.checked, refund: undefined }] : [];
  const elseEdge = d.checked ? undefined : { from: d.point, checked: false, refund: index + 1 };
  if (op === WASM.if) {
    elseJump = d.code.length();
    d.emit(d.inverted ? OP.br_if : OP.br_if_zero, 0, condition);
    d.inverted = false;
  }
  if (op !== WASM.block) startBlock(d, index);
  if (op === WASM.loop) d.checked = true;
  d.scopes.push({
    kind: op,
    base,
    params,
    results,
    jumps: [],
    head: d.code.length(),
    point: d.point,
    elseJump,
    elseEdge,
    edges,
    pinned: false,
  });
}

export function lowerElse(d: FunctionDraft, index: number): void {
  const scope = d.scopes.at(-1)!;
  if (d.live) {
    moveToLabel(d, scope);
    jumpTo(d, scope, OP.jump, 0);
  }
  d.code.patch(scope.elseJump, d.code.length());
  scope.elseJump = -1;
  d.operands.reset(scope.base, scope.params);
  d.live = true;
  startBlock(d, index);
}

export function closeScope(d: FunctionDraft, index: number): void {
  const scope = d.scopes.pop()!;
  const merges = scope.jumps.length > 0 || scope.elseJump >= 0;
  if (scope.kind === FUNCTION_SCOPE) {
    if (d.live) moveToLabel(d, scope);
    for (const jump of scope.jumps) d.code.patch(jump, d.code.length());
    if (d.live || merges) d.code.emit(OP.return, 0, d.layout.record);
    return;
  }
  if (!merges) {
    if (scope.kind === WASM.loop && !scope.pinned) d.merges.push({ point: scope.point, edges: scope.edges });
    if (!d.live) {
      d.operands.reset(scope.base, 0);
      d.sealed[index] = 1;
    }
    return;
  }
  if (d.live) {
    moveToLabel(d, scope);
    scope.edges.push({ from: d.point, checked: d.checked, refund: undefined });
  }
  if (scope.elseJump >= 0) {
    if (scope.elseEdge === undefined) scope.pinned = true;
    else scope.edges.push(scope.elseEdge);
  }
  if (scope.elseJump >= 0) d.code.patch(scope.elseJump, d.code.length());
  for (const jump of scope.jumps) d.code.patch(jump, d.code.length());
  d.operands.reset(scope.base, scope.results);
  d.live = true;
  startBlock(d, index);
  if (!scope.pinned) d.merges.push({ point: d.point, edges: scope.edges });
}

function blockArity(types: readonly FunctionType[], blockType: number): { params: number; results: number } {
  if (blockType === -64) return { params: 0, results: 0 };
  if (blockType < 0) return { params: 0, results: 1 };
  const type = types[blockType]!;
  return { params: type.params.length, results: type.results.length };
}
