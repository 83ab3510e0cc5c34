// docs/vm.md#engines: rewrites a function: gas per block, bound of the slot region, canonical NaN.
import { frameGas, SLOT_COUNT } from '../../protocol/isa.ts';
import type { FunctionPlan } from '../lower/plan.ts';
import { F32, F64, type FunctionBody, type FunctionType, I32, type Module, type ValueType } from '../wasm/module.ts';
import { BLOCK_VOID, WASM } from '../wasm/opcodes.ts';
import { type ByteWriter, createByteWriter, put, putConstant } from '../wasm/write.ts';
import { putFaultIf } from './fault.ts';
import {
  FAULT_OUT_OF_GAS,
  FAULT_SLOTS,
  type NativeLayout,
  SHIM_COPY,
  SHIM_FILL,
  SHIM_GROW,
  SHIM_INIT,
} from './layout.ts';

const NAN_F32 = 0x7fc00000;
const NAN_F64 = 0x7ff8000000000000n;

type Locals = {
  readonly gas: number;
  readonly fp: number;
  readonly f32: number;
  readonly f64: number;
  /** Holds the selector of an indirect call while gas and frame are pushed. */
  readonly selector: number;
  /** Where a local of the module's function lies. */
  place(local: number): number;
};

/**
 * The parts of what the rewrite adds, each of which can be left out to measure what it costs: taking gas, comparing it
 * with zero, comparing the frame with the slot region, making NaN canonical. No engine runs a module without them.
 */
export const REWRITE_PARTS = ['gas', 'gasChecks', 'frameChecks', 'canonicalNans'] as const;
export type RewritePart = (typeof REWRITE_PARTS)[number];

/** Indices of types that the rewritten function needs. */
export type RewriteTypes = {
  /** The type () -> results of the block that the function becomes. */
  readonly results: number;
  /** The type of the rewritten functions of one of the module's types. */
  native(type: number): number;
};

/**
 * Body of the rewritten function, locals included. It takes gas and frame as parameters behind its own, and returns the
 * gas behind its own results: V8 passes them in registers.
 */
export function rewriteFunction(
  module: Module,
  layout: NativeLayout,
  func: FunctionBody,
  plan: FunctionPlan,
  types: RewriteTypes,
  without?: RewritePart,
): Uint8Array {
  const type = module.types[func.type]!;
  const w = createByteWriter((func.end - func.start) * 2 + 128);
  const locals = declareLocals(w, type, plan);
  w.byte(WASM.block);
  if (type.results.length === 0) w.byte(BLOCK_VOID);
  else w.s32(types.results);
  const kept = without === undefined ? plan : planWithout(plan, without);
  putEntry(w, layout, locals, kept, without);
  putInstructions(w, module, layout, func, kept, locals, types);
  put.end(w);
  put.localGet(w, locals.gas);
  put.i64Const(w, 1n);
  w.byte(WASM.i64Sub);
  put.end(w);
  return w.finish();
}

function declareLocals(w: ByteWriter, type: FunctionType, plan: FunctionPlan): Locals {
  const nan32 = plan.nans.includes(4);
  const nan64 = plan.nans.includes(8);
  const groups: { type: ValueType; count: number }[] = [];
  const declare = (valueType: ValueType): void => {
    const last = groups.at(-1);
    if (last?.type === valueType) last.count++;
    else groups.push({ type: valueType, count: 1 });
  };
  // The two new parameters take the places of the first two locals, which move behind the others; all others stay where
  // they are.
  const own = plan.body.locals;
  const gas = type.params.length;
  const fp = gas + 1;
  for (const local of [...own.slice(2), ...own.slice(0, 2)]) declare(local);
  const displaced = gas + Math.max(own.length, 2);
  const place = (local: number): number => (local === gas || local === fp ? displaced + local - gas : local);
  const f32 = gas + own.length + 2;
  if (nan32) declare(F32);
  const f64 = f32 + (nan32 ? 1 : 0);
  if (nan64) declare(F64);
  const selector = f64 + (nan64 ? 1 : 0);
  if (plan.body.instructions.some(({ op }) => op === WASM.callIndirect)) declare(I32);
  w.u32(groups.length);
  for (const group of groups) {
    w.u32(group.count);
    w.byte(group.type);
  }
  return { gas, fp, f32, f64, selector, place };
}

/** Where gas is not taken it is not compared either. */
function planWithout(plan: FunctionPlan, part: RewritePart): FunctionPlan {
  const { length } = plan.charges;
  const none = new Uint8Array(length);
  if (part === 'canonicalNans') return { ...plan, nans: none };
  if (part === 'frameChecks') return plan;
  const unchecked = { ...plan, checks: none };
  return part === 'gasChecks'
    ? unchecked
    : { ...unchecked, charges: new Int32Array(length), prepaid: new Int32Array(length) };
}

function putEntry(
  w: ByteWriter,
  layout: NativeLayout,
  locals: Locals,
  plan: FunctionPlan,
  without: RewritePart | undefined,
): void {
  if (without !== 'frameChecks') {
    put.localGet(w, locals.fp);
    put.i32Const(w, SLOT_COUNT - plan.frame);
    w.byte(WASM.i32GtU);
    putFaultIf(w, layout.fault, FAULT_SLOTS);
  }
  if (without === 'gas') return;
  put.localGet(w, locals.gas);
  put.i64Const(w, BigInt(plan.charges[0]! + frameGas(plan.frame)));
  w.byte(WASM.i64Sub);
  if (without === 'gasChecks') put.localSet(w, locals.gas);
  else putChecked(w, layout, locals);
}

/** Stores the gas on the stack to its local and faults if it is below zero. */
function putChecked(w: ByteWriter, layout: NativeLayout, locals: Locals): void {
  put.localTee(w, locals.gas);
  put.i64Const(w, 0n);
  w.byte(WASM.i64LtS);
  putFaultIf(w, layout.fault, FAULT_OUT_OF_GAS);
}

function putInstructions(
  w: ByteWriter,
  module: Module,
  layout: NativeLayout,
  func: FunctionBody,
  plan: FunctionPlan,
  locals: Locals,
  types: RewriteTypes,
): void {
  const { instructions } = plan.body;
  const last = instructions.length - 1;
  let depth = 0;
  const passFrame = (position: number): void => {
    put.localGet(w, locals.gas);
    put.localGet(w, locals.fp);
    put.i32Const(w, position);
    w.byte(WASM.i32Add);
  };
  const shim = (name: string): void => {
    put.localGet(w, locals.gas);
    put.globalSet(w, layout.gas);
    put.call(w, layout.shims.get(name)!);
    put.globalGet(w, layout.gas);
    put.localSet(w, locals.gas);
  };
  for (let i = 0; i < last; i++) {
    if (plan.dead[i] === 1) continue;
    const { op, at, a } = instructions[i]!;
    if (i > 0) putCharge(w, layout, plan, locals, i);
    if (plan.prepaid[i] !== 0) putPrepaid(w, locals, plan.prepaid[i]!);
    switch (op) {
      case WASM.return:
        put.br(w, depth);
        break;
      case WASM.call: {
        const imported = module.imports[a];
        if (imported !== undefined) {
          shim(imported.name);
          break;
        }
        passFrame(plan.positions[i]!);
        put.call(w, layout.functionIndex(a));
        put.localSet(w, locals.gas);
        break;
      }
      case WASM.callIndirect:
        // The selector is above the arguments.
        put.localSet(w, locals.selector);
        passFrame(plan.positions[i]!);
        put.localGet(w, locals.selector);
        put.callIndirect(w, types.native(a));
        put.localSet(w, locals.gas);
        break;
      case WASM.localGet:
        put.localGet(w, locals.place(a));
        break;
      case WASM.localSet:
        put.localSet(w, locals.place(a));
        break;
      case WASM.localTee:
        put.localTee(w, locals.place(a));
        break;
      case WASM.globalGet:
        putGlobalGet(w, module, layout, a);
        break;
      case WASM.globalSet:
        put.globalSet(w, layout.globalIndex(a));
        break;
      case WASM.memoryFill:
        shim(SHIM_FILL);
        break;
      case WASM.memoryCopy:
        shim(SHIM_COPY);
        break;
      case WASM.memoryInit:
        shim(SHIM_INIT + a);
        break;
      case WASM.memoryGrow:
        shim(SHIM_GROW);
        break;
      default:
        if (op === WASM.block || op === WASM.loop || op === WASM.if) depth++;
        else if (op === WASM.end) depth--;
        w.copy(func.bytes, at, instructions[i + 1]!.at);
    }
    if (plan.nans[i] !== 0) putCanonicalNan(w, plan.nans[i]!, locals);
    if (plan.sealed[i] === 1) put.unreachable(w);
  }
  if (last > 0) putCharge(w, layout, plan, locals, last);
}

function putCharge(w: ByteWriter, layout: NativeLayout, plan: FunctionPlan, locals: Locals, index: number): void {
  const charge = plan.charges[index]!;
  if (charge === 0 && plan.checks[index] === 0) return;
  put.localGet(w, locals.gas);
  if (charge !== 0) {
    put.i64Const(w, BigInt(charge));
    w.byte(WASM.i64Sub);
  }
  if (plan.checks[index] === 1) putChecked(w, layout, locals);
  else put.localSet(w, locals.gas);
}

function putPrepaid(w: ByteWriter, locals: Locals, gas: number): void {
  put.localGet(w, locals.gas);
  put.i64Const(w, BigInt(gas));
  w.byte(WASM.i64Sub);
  put.localSet(w, locals.gas);
}

function putGlobalGet(w: ByteWriter, module: Module, layout: NativeLayout, index: number): void {
  const global = module.globals[index]!;
  if (global.mutable) put.globalGet(w, layout.globalIndex(index));
  else putConstant(w, global.type, global.value);
}

function putCanonicalNan(w: ByteWriter, bytes: number, locals: Locals): void {
  const local = bytes === 4 ? locals.f32 : locals.f64;
  put.localTee(w, local);
  if (bytes === 4) put.f32Bits(w, NAN_F32);
  else put.f64Bits(w, NAN_F64);
  put.localGet(w, local);
  put.localGet(w, local);
  w.byte(bytes === 4 ? WASM.f32Eq : WASM.f64Eq);
  put.select(w);
  // The local has the same value everywhere else: V8 then carries no copy of it around loops (QuickJS: 10% of the
  // time).
  if (bytes === 4) put.f32Bits(w, 0);
  else put.f64Bits(w, 0n);
  put.localSet(w, local);
}
