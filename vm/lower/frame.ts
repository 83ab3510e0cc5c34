// docs/vm.md#code: where a function's slots lie: parameters and results, return record, reserve, locals, operands.
import type { FunctionType } from '../wasm/module.ts';

/**
 * Unused slots of each frame. There is also one for each parameter and result, which V8 keeps twice. They bound the
 * number and size of frames, so that V8's stack (984 KiB by default) never runs out before the slot region does:
 * vm/native/stack.test.ts.
 */
export const FRAME_RESERVE = 12;
/** A callee's frame starts at most this many slots before the end of its caller's frame. */
export const CALL_SLACK = 4;

export type FrameLayout = {
  readonly params: number;
  readonly results: number;
  /** Slot of the return record. */
  readonly record: number;
  /** Slot of the first local that is not a parameter. */
  readonly locals: number;
  /** Slot of the first operand. */
  readonly operands: number;
};

export function layoutFrame(type: FunctionType, localCount: number): FrameLayout {
  const record = recordSlot(type);
  const params = type.params.length;
  const results = type.results.length;
  const locals = record + 1 + FRAME_RESERVE + params + results;
  return { params, results, record, locals, operands: locals + localCount };
}

export function recordSlot(type: FunctionType): number {
  return Math.max(type.params.length, type.results.length);
}

export function localSlot(layout: FrameLayout, local: number): number {
  return local < layout.params ? local : layout.locals + local - layout.params;
}
