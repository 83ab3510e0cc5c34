// docs/vm.md#code: the operand stack at lowering time. Locals and constants are not read before they are used.
import { IMMEDIATE_BIT, OP } from '../../protocol/isa.ts';

export const TEMP = 0;
export const LOCAL = 1;
export const CONST = 2;

/** An operand: in its own slot (TEMP), still in local `low` (LOCAL), or the bits `high ‖ low` (CONST). */
export type Operand = {
  readonly kind: typeof TEMP | typeof LOCAL | typeof CONST;
  readonly low: number;
  readonly high: number;
  /** Instruction whose NaN is not canonical yet, or -1. */
  readonly producer: number;
};

export type Emit = (op: number, a?: number, b?: number, c?: number, high?: number, low?: number) => void;

export type Operands = {
  height(): number;
  /** The largest height so far. */
  peak(): number;
  /** Makes sure that the frame has slots up to this height. */
  reserve(height: number): void;
  at(index: number): Operand;
  push(kind: Operand['kind'], low?: number, high?: number, producer?: number): void;
  pop(): Operand;
  /** Drops down to `height`, then pushes `count` operands that lie in their own slots. */
  reset(height: number, count: number): void;
  /** Own slot of the operand at this height. */
  slot(index: number): number;
  /** Slot where the operand can be read; a constant is moved to its own slot first. */
  source(index: number): number;
  /** Moves the operands from `from` on to their own slots. */
  settle(from: number): void;
  /** Moves operands that are still in locals to their own slots. */
  settleLocals(): void;
  /** Moves operands that are still in this local to their own slots, before it is written. */
  settleLocal(local: number): void;
};

export function createOperands(emit: Emit, firstSlot: number, slotOfLocal: (local: number) => number): Operands {
  const stack: Operand[] = [];
  // How many operands still lie in each local, and in all: a search is made only if there is something to find.
  const pending = new Map<number, number>();
  let pendingAll = 0;
  let peak = 0;
  const count = (local: number, by: number): void => {
    pending.set(local, (pending.get(local) ?? 0) + by);
    pendingAll += by;
  };
  const slot = (index: number): number => firstSlot + index;
  const settleAt = (index: number): void => {
    const operand = stack[index]!;
    if (operand.kind === TEMP) return;
    emitMove(emit, slot(index), operand, slot(index), slotOfLocal);
    if (operand.kind === LOCAL) count(operand.low, -1);
    stack[index] = { kind: TEMP, low: 0, high: 0, producer: -1 };
  };
  const pop = (): Operand => {
    const operand = stack.pop()!;
    if (operand.kind === LOCAL) count(operand.low, -1);
    return operand;
  };
  const push: Operands['push'] = (kind, low = 0, high = 0, producer = -1) => {
    stack.push({ kind, low, high, producer });
    if (kind === LOCAL) count(low, 1);
    if (stack.length > peak) peak = stack.length;
  };
  return {
    height: () => stack.length,
    peak: () => peak,
    reserve(height) {
      if (height > peak) peak = height;
    },
    at: (index) => stack[index]!,
    push,
    pop,
    reset(height, fresh) {
      while (stack.length > height) pop();
      for (let i = 0; i < fresh; i++) push(TEMP);
    },
    slot,
    source(index) {
      const operand = stack[index]!;
      if (operand.kind === LOCAL) return slotOfLocal(operand.low);
      settleAt(index);
      return slot(index);
    },
    settle(from) {
      for (let i = from; i < stack.length; i++) settleAt(i);
    },
    settleLocals() {
      for (let i = stack.length - 1; pendingAll > 0; i--) if (stack[i]!.kind === LOCAL) settleAt(i);
    },
    settleLocal(local) {
      for (let i = stack.length - 1; (pending.get(local) ?? 0) > 0; i--) {
        const operand = stack[i]!;
        if (operand.kind === LOCAL && operand.low === local) settleAt(i);
      }
    },
  };
}

/** Emits `mov target, operand`; the operand's own slot is `own`. */
export function emitMove(
  emit: Emit,
  target: number,
  operand: Operand,
  own: number,
  slotOfLocal: (local: number) => number,
): void {
  if (operand.kind === CONST) emit(OP.mov | IMMEDIATE_BIT, target, 0, 0, operand.high, operand.low);
  else emit(OP.mov, target, operand.kind === LOCAL ? slotOfLocal(operand.low) : own);
}
