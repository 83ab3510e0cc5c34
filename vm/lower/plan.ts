// docs/vm.md#engines: what the lowering of a function tells the native rewrite, by index of its WebAssembly
// instructions.
import type { Body } from '../decode/body.ts';

export type FunctionPlan = {
  readonly body: Body;
  /** Slots of the frame: the operand of `enter`. */
  readonly frame: number;
  /** True if the function calls no other function; host calls do not count. */
  readonly leaf: boolean;
  /** Gas to take before an instruction; negative where a branch that was paid in advance has not been taken. */
  readonly charges: Int32Array;
  /** Gas to take before a `br_if` in any case, though only the branch costs it. No check lies between them. */
  readonly prepaid: Int32Array;
  /** 1 where the gas must be checked after the charge: heads of loops that are branched to. */
  readonly checks: Uint8Array;
  /** 1 for instructions that cannot be reached. */
  readonly dead: Uint8Array;
  /** 1 for an `end` after which the code cannot be reached. */
  readonly sealed: Uint8Array;
  /** 4 or 8 if the NaN of the result must be made canonical: the bytes of the float. */
  readonly nans: Uint8Array;
  /** For calls: slots from the caller's frame to the callee's. */
  readonly positions: Int32Array;
};
