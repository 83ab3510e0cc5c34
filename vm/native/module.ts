// docs/vm.md#engines: assembles the rewritten module.
import {
  EXPORT_FUNCTION,
  F32,
  F64,
  type FunctionBody,
  type FunctionType,
  I32,
  I64,
  type Module,
  typeOfFunction,
  type ValueType,
} from '../decode/module.ts';
import { HOST_FUNCTIONS, type HostName } from '../host-functions.ts';
import { wrapHostFunctions } from '../lower/host-wrappers.ts';
import { type LoweredModule, type LowerOptions, lowerModule } from '../lower/module.ts';
import type { FunctionPlan } from '../lower/plan.ts';
import { maximumPages } from '../program.ts';
import { CODE, put } from './assemble.ts';
import { type ByteWriter, createByteWriter } from './byte-writer.ts';
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
import { putConstant, type RewritePart, rewriteFunction } from './rewrite.ts';
import { buildBulkShim, buildGrowShim, buildHostShim } from './shims.ts';

export type NativeModule = {
  readonly lowered: LoweredModule;
  /** The rewritten module. */
  readonly wasm: Uint8Array;
  /** True if a run can drop data segments: then an instance serves one run only. */
  readonly dropsData: boolean;
};

export type NativeOptions = Pick<LowerOptions, 'entry' | 'callStart' | 'maxInstructions'> & {
  /** Exports `f<index>` for each exported function, to be called by itself: for tests. A door can be a thousand times as long as the export. */
  readonly doors?: boolean | undefined;
  /** For measurements alone. */
  readonly without?: RewritePart | undefined;
};

/** Lowers and rewrites a module in one go. */
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
  const typeIndices = [...module.functions.map((f) => native(f.type)), ...extra.map((f) => types.indexOf(f.type))];
  const importTypes = layout.imports.map((i) => types.indexOf(i.type));
  const w = createByteWriter(1 << 16);
  w.byte(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);
  section(w, 1, (s) => vector(s, types.all(), putType));
  section(w, 2, (s) => putImports(s, layout, importTypes, maximumPages(module)));
  section(w, 3, (s) => vector(s, typeIndices, (t, index) => t.u32(index)));
  section(w, 4, (s) => vector(s, [lowered.table.length], (t, size) => putTable(t, size)));
  section(w, 6, (s) => putGlobals(s, module));
  section(w, 7, (s) => putExports(s, exported, layout, setters.length));
  section(w, 9, (s) => vector(s, tableRuns(lowered.table), (t, entries) => putElements(t, entries, layout)));
  const data = module.namedSegments.length > 0 ? module.data : [];
  if (data.length > 0) section(w, 12, (s) => s.u32(data.length));
  section(w, 10, (s) => vector(s, [...bodies, ...extra.map((f) => f.body)], (t, body) => t.sized(body)));
  // Active segments are part of the image; to the code they are dropped ones.
  if (data.length > 0)
    section(w, 11, (s) =>
      vector(s, data, (t, segment) => {
        t.byte(1);
        t.sized(segment.address === undefined ? segment.bytes : new Uint8Array(0));
      }),
    );
  return { lowered, wasm: w.finish(), dropsData: lowered.data.length > 0 };
}

function section(w: ByteWriter, id: number, fill: (section: ByteWriter) => void): void {
  const body = createByteWriter(4096);
  fill(body);
  w.byte(id);
  w.sized(body.finish());
}

function vector<T>(w: ByteWriter, items: readonly T[], putItem: (w: ByteWriter, item: T) => void): void {
  w.u32(items.length);
  for (const item of items) putItem(w, item);
}

/** The module's types in their order, so that indices in code stay, and new ones behind. */
function createTypes(own: readonly FunctionType[]) {
  const all = [...own];
  const key = (type: FunctionType): string => `${type.params.join()}>${type.results.join()}`;
  const known = new Map<string, number>();
  own.forEach((type, index) => {
    if (!known.has(key(type))) known.set(key(type), index);
  });
  return {
    all: () => all,
    indexOf(type: FunctionType): number {
      const found = known.get(key(type));
      if (found !== undefined) return found;
      known.set(key(type), all.length);
      return all.push(type) - 1;
    },
  };
}

function putType(w: ByteWriter, { params, results }: FunctionType): void {
  w.byte(0x60);
  vector(w, params, (t, type) => t.byte(type));
  vector(w, results, (t, type) => t.byte(type));
}

function putImports(w: ByteWriter, layout: NativeLayout, types: readonly number[], pagesMax: number): void {
  w.u32(layout.imports.length + 1);
  layout.imports.forEach(({ name }, index) => {
    w.name('mizu');
    w.name(name);
    w.byte(0);
    w.u32(types[index]!);
  });
  w.name('mizu');
  w.name('memory');
  // Shared: V8 grows others hundreds of times slower, because each growth makes and frees a buffer of the whole size.
  w.byte(2, 3);
  w.u32(0);
  w.u32(pagesMax);
}

function putTable(w: ByteWriter, size: number): void {
  w.byte(0x70, 1);
  w.u32(size);
  w.u32(size);
}

function putGlobals(w: ByteWriter, module: Module): void {
  const own = module.globals.filter((global) => global.mutable);
  w.u32(own.length + EXTRA_GLOBALS.length);
  const define = (type: ValueType): void => {
    w.byte(type, 1);
    putConstant(w, type, 0n);
    put.end(w);
  };
  for (const global of own) define(global.type);
  for (const name of EXTRA_GLOBALS) define(name === 'gas' ? I64 : I32);
}

function putExports(w: ByteWriter, exported: readonly number[], layout: NativeLayout, setters: number): void {
  const run = layout.afterShims + setters;
  const entries: [string, number, number][] = [
    ...EXTRA_GLOBALS.map((name): [string, number, number] => [name, 3, layout[name]]),
    ...Array.from({ length: setters }, (_, i): [string, number, number] => [`set${i}`, 0, layout.afterShims + i]),
    ...exported.map((index, i): [string, number, number] => [`f${index}`, 0, run + 1 + i]),
    ['run', 0, run],
  ];
  vector(w, entries, (t, [name, kind, index]) => {
    t.name(name);
    t.byte(kind);
    t.u32(index);
  });
}

function tableRuns(table: readonly (number | undefined)[]): { offset: number; functions: number[] }[] {
  const runs: { offset: number; functions: number[] }[] = [];
  table.forEach((index, position) => {
    if (index === undefined) return;
    const last = runs.at(-1);
    if (last !== undefined && last.offset + last.functions.length === position) last.functions.push(index);
    else runs.push({ offset: position, functions: [index] });
  });
  return runs;
}

function putElements(w: ByteWriter, entries: { offset: number; functions: number[] }, layout: NativeLayout): void {
  w.u32(0);
  put.i32Const(w, entries.offset);
  put.end(w);
  vector(w, entries.functions, (t, index) => t.u32(layout.functionIndex(index)));
}

function buildSetter(layout: NativeLayout, type: ValueType, index: number): Uint8Array {
  const w = createByteWriter(32);
  w.byte(0);
  put.localGet(w, 0);
  if (type === I32 || type === F32) w.byte(CODE.i32WrapI64);
  if (type === F32) w.byte(CODE.f32ReinterpretI32);
  if (type === F64) w.byte(CODE.f64ReinterpretI64);
  put.globalSet(w, layout.globalIndex(index));
  put.end(w);
  return w.finish();
}

// An exported function as the module declares it: gas and frame come from the globals.
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
  const target = lowered.module.exports.find((e) => e.name === entry && e.kind === 0)!.index;
  const charge = (): void => {
    put.globalGet(w, layout.gas);
    put.i64Const(w, 1n);
    w.byte(CODE.i64Sub);
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
