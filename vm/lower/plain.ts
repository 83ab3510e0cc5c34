// docs/vm.md#lowering: instructions that compute, load, store and move.
import { IMMEDIATE_BIT, OP } from '../../protocol/isa.ts';
import type { Instr } from '../decode/body.ts';
import type { Plain } from '../decode/plain.ts';
import { type FunctionDraft, pushResult, seeNan, seeNans } from './draft.ts';
import { CONST, emitMove, LOCAL, type Operand } from './operands.ts';

export function lowerPlain(d: FunctionDraft, index: number, { b }: Instr, plain: Plain): number {
  const top = d.operands.height() - 1;
  const last = d.operands.at(top);
  if (plain.kind === 'same') {
    seeNan(d, last);
    return index;
  }
  const producer = plain.nanBytes === 0 ? -1 : index;
  switch (plain.kind) {
    case 'unary':
      if (!plain.nanBlind) seeNan(d, last);
      d.operands.pop();
      if (last.kind === CONST)
        return pushResult(d, index, producer, (slot) =>
          d.emit(plain.op | IMMEDIATE_BIT, slot, 0, 0, last.high, last.low),
        );
      return lowerUnary(d, index, plain.op, producer, last, top);
    case 'binary': {
      const left = d.operands.at(top - 1);
      if (!plain.nanBlind) {
        seeNan(d, last);
        seeNan(d, left);
      }
      return lowerBinary(d, index, plain, producer, left, last, top);
    }
    case 'load': {
      d.operands.pop();
      if (last.kind === CONST) {
        const address = (last.low >>> 0) + b;
        return pushResult(d, index, -1, (slot) =>
          d.emit(plain.op | IMMEDIATE_BIT, slot, 0, 0, Math.floor(address / 2 ** 32), address >>> 0),
        );
      }
      const base = last.kind === LOCAL ? d.slotOfLocal(last.low) : d.operands.slot(top);
      return pushResult(d, index, -1, (slot) => d.emit(plain.op, slot, base, 0, 0, b));
    }
    case 'store': {
      seeNan(d, last);
      const base = d.operands.source(top - 1);
      const folds = last.kind === CONST && (plain.op !== OP.store64 || last.high === last.low >> 31);
      if (folds) d.emit(plain.op | IMMEDIATE_BIT, 0, base, 0, b, last.low);
      else d.emit(plain.op, 0, base, d.operands.source(top), 0, b);
      d.operands.pop();
      d.operands.pop();
      return index;
    }
  }
}

function lowerUnary(
  d: FunctionDraft,
  index: number,
  op: number,
  producer: number,
  operand: Operand,
  at: number,
): number {
  const source = operand.kind === LOCAL ? d.slotOfLocal(operand.low) : d.operands.slot(at);
  return pushResult(d, index, producer, (slot) => d.emit(op, slot, source));
}

function lowerBinary(
  d: FunctionDraft,
  index: number,
  plain: Plain,
  producer: number,
  left: Operand,
  right: Operand,
  top: number,
): number {
  const swaps = left.kind === CONST && right.kind !== CONST && plain.swapped !== 0;
  const folded = swaps ? left : right;
  if (folded.kind === CONST) {
    const source = d.operands.source(swaps ? top : top - 1);
    d.operands.pop();
    d.operands.pop();
    const op = (swaps ? plain.swapped : plain.op) | IMMEDIATE_BIT;
    return pushResult(d, index, producer, (slot) => d.emit(op, slot, source, 0, folded.high, folded.low));
  }
  const b = d.operands.source(top - 1);
  const c = d.operands.source(top);
  d.operands.pop();
  d.operands.pop();
  return pushResult(d, index, producer, (slot) => d.emit(plain.op, slot, b, c));
}

export function lowerSelect(d: FunctionDraft, index: number): number {
  const top = d.operands.height() - 1;
  seeNans(d, top - 2);
  const b = d.operands.source(top - 2);
  const c = d.operands.source(top - 1);
  const condition = d.operands.source(top);
  d.operands.reset(top - 2, 0);
  return pushResult(d, index, -1, (slot) => d.emit(OP.select, slot, b, c, 0, condition));
}

export function lowerLocalSet(d: FunctionDraft, local: number, tee: boolean): void {
  const operand = d.operands.pop();
  const own = d.operands.slot(d.operands.height());
  seeNan(d, operand);
  if (operand.kind !== LOCAL || operand.low !== local) {
    d.operands.settleLocal(local);
    emitMove(d.emit, d.slotOfLocal(local), operand, own, d.slotOfLocal);
  }
  if (tee) d.operands.push(LOCAL, local);
}

export function lowerGlobalGet(d: FunctionDraft, index: number, global: number): number {
  const slot = d.context.globalSlots[global];
  if (slot !== undefined) return pushResult(d, index, -1, (result) => d.emit(OP.global_get, result, slot));
  const { value } = d.module.globals[global]!;
  d.operands.push(CONST, Number(value & 0xffffffffn), Number(value >> 32n));
  return index;
}

export function lowerGlobalSet(d: FunctionDraft, global: number): void {
  const top = d.operands.height() - 1;
  const operand = d.operands.at(top);
  const slot = d.context.globalSlots[global]!;
  seeNan(d, operand);
  if (operand.kind === CONST) d.emit(OP.global_set | IMMEDIATE_BIT, slot, 0, 0, operand.high, operand.low);
  else d.emit(OP.global_set, slot, d.operands.source(top));
  d.operands.pop();
}

export function lowerBulk(d: FunctionDraft, op: number, high = 0, low = 0): void {
  d.checked = true;
  const first = d.operands.height() - 3;
  d.operands.settle(first);
  d.emit(op, d.operands.slot(first), 0, 0, high, low);
  d.operands.reset(first, 0);
}

export function lowerMemoryGrow(d: FunctionDraft, index: number): number {
  d.checked = true;
  const top = d.operands.height() - 1;
  const operand = d.operands.pop();
  if (operand.kind === CONST)
    return pushResult(d, index, -1, (slot) => d.emit(OP.memory_grow | IMMEDIATE_BIT, slot, 0, 0, 0, operand.low));
  return lowerUnary(d, index, OP.memory_grow, -1, operand, top);
}
