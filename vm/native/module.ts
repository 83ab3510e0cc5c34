// docs/vm.md#engines: assembles the rewritten module.
import { HOST_FUNCTIONS, HOST_MODULE, type HostName } from '../host-functions.ts';
import { wrapHostFunctions } from '../lower/host-wrappers.ts';
import { type LoweredModule, type LowerOptions, lowerModule } from '../lower/module.ts';
import type { FunctionPlan } from '../lower/plan.ts';
import { maximumPages } from '../program.ts';
import { encodeModule } from '../wasm/encode.ts';
import {
  type ElementSegment,
  EXPORT_FUNCTION,
  EXPORT_GLOBAL,
  type Export,
  F32,
  F64,
  type FunctionBody,
  type FunctionType,
  type Global,
  I32,
  I64,
  type Module,
  type ModuleSections,
  typeKey,
  typeOfFunction,
  type ValueType,
} from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import { createByteWriter, put } from '../wasm/write.ts';
import {
  bulkType,
  EXTRA_GLOBALS,
  layoutNative,
  type NativeLayout,
  SHIM_COPY,
  SHIM_FILL,
  SHIM_GROW,
  SHIM_INIT,
} from './layout.ts';
import { type RewritePart, rewriteFunction } from './rewrite.ts';
import { buildBulkShim, buildGrowShim, buildHostShim } from './shims.ts';

export type NativeModule = {
  readonly lowered: LoweredModule;
  /** The rewritten module. */
  readonly wasm: Uint8Array;
  /** True if a run can drop data segments: then an instance serves one run only. */
  readonly dropsData: boolean;
};

export type NativeOptions = Pick<LowerOptions, 'entry' | 'callStart' | 'maxInstructions'> & {
  /**
   * Exports `f<index>` for each exported function, so that tests can call it by itself. The code of such an export may
   * be a thousand times as long as its entry in the module.
   */
  readonly doors?: boolean | undefined;
  /** A part of the rewrite that is left out, for measurements alone. */
  readonly without?: RewritePart | undefined;
};

/** Lowers and rewrites a module in one pass. */
export function buildNativeModule(source: Module, options: NativeOptions): NativeModule {
  const module = wrapHostFunctions(source);
  const bulk = [SHIM_FILL, SHIM_COPY, SHIM_GROW, ...module.namedSegments.map((index) => SHIM_INIT + index)];
  const layout = layoutNative(module, bulk);
  const types = createTypes(module.types);
  const natives = module.types.map(({ params, results }) =>
    types.indexOf({ params: [...params, I64, I32], results: [...results, I64] }),
  );
  const native = (type: number): number => natives[type]!;
  const blocks = new Map<number, number>();
  const blockOf = (type: number): number => {
    const known = blocks.get(type) ?? types.indexOf({ params: [], results: module.types[type]!.results });
    blocks.set(type, known);
    return known;
  };
  const bodies: Uint8Array[] = [];
  const onFunction = (func: FunctionBody, plan: FunctionPlan): void => {
    bodies.push(rewriteFunction(module, layout, func, plan, { results: blockOf(func.type), native }, options.without));
  };
  const lowered = lowerModule(module, { ...options, onFunction });
  const start = options.callStart ? module.start : undefined;
  const shimNames = [...layout.shims.keys()];
  const hosts = shimNames.length - bulk.length;
  const dataOffsets = new Map([...lowered.segments].map(([index, { offset }]) => [SHIM_INIT + index, offset]));
  const shims = shimNames.map((name, index) =>
    index < hosts
      ? { type: HOST_FUNCTIONS.get(name)! as FunctionType, body: buildHostShim(name as HostName, layout) }
      : {
          type: bulkType(name),
          body:
            name === SHIM_GROW
              ? buildGrowShim(layout, maximumPages(module))
              : buildBulkShim(name, layout, dataOffsets.get(name) ?? 0),
        },
  );
  const setters = module.globals.flatMap((global, index) =>
    global.mutable
      ? [{ type: { params: [I64], results: [] } as FunctionType, body: buildSetter(layout, global.type, index) }]
      : [],
  );
  const run = {
    type: { params: [], results: [] } as FunctionType,
    body: buildRun(lowered, layout, start, options.entry),
  };
  const doorsTo = options.doors === true ? module.exports.filter((e) => e.kind === EXPORT_FUNCTION) : [];
  const exported = [...new Set(doorsTo.map(({ index }) => index))];
  const doors = exported.map((index) => {
    const type = typeOfFunction(module, index);
    return { type, body: buildDoor(layout, type, index) };
  });
  const extra = [...shims, ...setters, run, ...doors];
  // Active segments are part of the image; for the code they are dropped ones.
  const data = (module.namedSegments.length > 0 ? module.data : []).map(({ address, bytes }) => ({
    address: undefined,
    bytes: address === undefined ? bytes : new Uint8Array(0),
  }));
  const functions = [
    ...module.functions.map(({ type }, index) => bodyOf(native(type), bodies[index]!)),
    ...extra.map(({ type, body }) => bodyOf(types.indexOf(type), body)),
  ];
  const imports = layout.imports.map(({ name, type }) => ({ module: HOST_MODULE, name, type: types.indexOf(type) }));
  const sections: ModuleSections = {
    types: types.all(),
    imports,
    functions,
    table: { initial: lowered.table.length, maximum: lowered.table.length },
    memory: undefined,
    globals: nativeGlobals(module),
    exports: nativeExports(exported, layout, setters.length),
    start: undefined,
    elements: tableRuns(lowered.table, layout),
    data,
    dataCount: data.length > 0 ? data.length : undefined,
  };
  const memory = { module: HOST_MODULE, name: 'memory', pagesMax: maximumPages(module) };
  return { lowered, wasm: encodeModule(sections, memory), dropsData: lowered.data.length > 0 };
}

function bodyOf(type: number, bytes: Uint8Array): FunctionBody {
  return { type, bytes, start: 0, end: bytes.length };
}

/** The module's types in their order, so that indices in code stay, with new types behind them. */
function createTypes(own: readonly FunctionType[]) {
  const all = [...own];
  const known = new Map<string, number>();
  own.forEach((type, index) => {
    if (!known.has(typeKey(type))) known.set(typeKey(type), index);
  });
  return {
    all: () => all,
    indexOf(type: FunctionType): number {
      const found = known.get(typeKey(type));
      if (found !== undefined) return found;
      known.set(typeKey(type), all.length);
      return all.push(type) - 1;
    },
  };
}

function nativeGlobals(module: Module): Global[] {
  const own = module.globals.filter((global) => global.mutable).map(({ type }) => type);
  const extra = EXTRA_GLOBALS.map((name) => (name === 'gas' ? I64 : I32));
  return [...own, ...extra].map((type) => ({ type, mutable: true, value: 0n }));
}

function nativeExports(exported: readonly number[], layout: NativeLayout, setters: number): Export[] {
  const run = layout.afterShims + setters;
  const call = (name: string, index: number): Export => ({ name, kind: EXPORT_FUNCTION, index });
  return [
    ...EXTRA_GLOBALS.map((name): Export => ({ name, kind: EXPORT_GLOBAL, index: layout[name] })),
    ...Array.from({ length: setters }, (_, i) => call(`set${i}`, layout.afterShims + i)),
    ...exported.map((index, i) => call(`f${index}`, run + 1 + i)),
    call('run', run),
  ];
}

/** A segment for each stretch of the table without empty entries. */
function tableRuns(table: readonly (number | undefined)[], layout: NativeLayout): ElementSegment[] {
  const runs: { offset: number; functions: number[] }[] = [];
  table.forEach((index, position) => {
    if (index === undefined) return;
    const native = layout.functionIndex(index);
    const last = runs.at(-1);
    if (last !== undefined && last.offset + last.functions.length === position) last.functions.push(native);
    else runs.push({ offset: position, functions: [native] });
  });
  return runs;
}

function buildSetter(layout: NativeLayout, type: ValueType, index: number): Uint8Array {
  const w = createByteWriter(32);
  w.byte(0);
  put.localGet(w, 0);
  if (type === I32 || type === F32) w.byte(WASM.i32WrapI64);
  if (type === F32) w.byte(WASM.f32ReinterpretI32);
  if (type === F64) w.byte(WASM.f64ReinterpretI64);
  put.globalSet(w, layout.globalIndex(index));
  put.end(w);
  return w.finish();
}

// An exported function with the type that the module declares: gas and frame come from the globals.
function buildDoor(layout: NativeLayout, { params }: FunctionType, index: number): Uint8Array {
  const w = createByteWriter(64);
  w.byte(0);
  params.forEach((_, param) => {
    put.localGet(w, param);
  });
  put.globalGet(w, layout.gas);
  put.globalGet(w, layout.fp);
  put.call(w, layout.functionIndex(index));
  put.globalSet(w, layout.gas);
  put.end(w);
  return w.finish();
}

// The entry stub of the lowered code: calls and halt cost one gas each.
function buildRun(lowered: LoweredModule, layout: NativeLayout, start: number | undefined, entry: string): Uint8Array {
  const w = createByteWriter(64);
  const target = lowered.module.exports.find((e) => e.name === entry && e.kind === EXPORT_FUNCTION)!.index;
  const charge = (): void => {
    put.globalGet(w, layout.gas);
    put.i64Const(w, 1n);
    w.byte(WASM.i64Sub);
    put.globalSet(w, layout.gas);
  };
  w.byte(0);
  for (const index of start === undefined ? [target] : [start, target]) {
    charge();
    put.globalGet(w, layout.gas);
    put.i32Const(w, lowered.slots.length);
    put.call(w, layout.functionIndex(index));
    put.globalSet(w, layout.gas);
  }
  charge();
  put.end(w);
  return w.finish();
}
