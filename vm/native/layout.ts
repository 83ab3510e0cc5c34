// docs/vm.md#engines: indices in the rewritten module.
import { HOST_FUNCTIONS, type HostName } from '../host-functions.ts';
import { F64, type FunctionType, I32, type Module } from '../wasm/module.ts';

/**
 * What a rewritten module imports from the engine. Offsets and sizes are f64 there: converting a bigint costs more than
 * the call.
 */
export type NativeImport = { readonly name: string; readonly type: FunctionType };

/** Import that reports that the host has no memory for a growth to which the program is entitled. */
export const MEMORY_REFUSED = 'memory_refused';

/** Globals behind the module's own ones. */
export const EXTRA_GLOBALS = ['gas', 'fp', 'outputLength', 'fault'] as const;
export const FAULT_OUT_OF_GAS = 1;
export const FAULT_SLOTS = 2;
export const FAULT_OUTPUT = 3;

/** The host function that the rewritten module computes by itself. */
const COMPUTED: HostName = 'dot_i8';

export type NativeLayout = {
  readonly imports: readonly NativeImport[];
  /** Native index of each host import's shim, by name. */
  readonly shims: ReadonlyMap<string, number>;
  /** Native index of a function of the lowered module. */
  functionIndex(index: number): number;
  /** Native index of a mutable global. */
  globalIndex(index: number): number;
  readonly gas: number;
  readonly fp: number;
  readonly outputLength: number;
  readonly fault: number;
  /** Native index of the first function after the shims. */
  readonly afterShims: number;
};

/** `module` has its host functions wrapped; `bulk` names the bulk shims that the code needs, in order. */
export function layoutNative(module: Module, bulk: readonly string[]): NativeLayout {
  const names = [...new Set(module.imports.map((i) => i.name))].sort();
  const imports: NativeImport[] = names
    .filter((name) => name !== COMPUTED)
    .map((name) => ({ name, type: nativeType(name as HostName) }));
  imports.push({ name: MEMORY_REFUSED, type: { params: [], results: [] } });
  const importCount = module.imports.length;
  const first = imports.length + module.functions.length;
  const shims = new Map([...names, ...bulk].map((name, index) => [name, first + index]));
  const mutable = module.globals.flatMap((global, index) => (global.mutable ? [index] : []));
  const globals = new Map(mutable.map((index, position) => [index, position]));
  return {
    imports,
    shims,
    functionIndex(index) {
      const imported = module.imports[index];
      return imported === undefined ? index - importCount + imports.length : shims.get(imported.name)!;
    },
    globalIndex: (index) => globals.get(index)!,
    gas: mutable.length,
    fp: mutable.length + 1,
    outputLength: mutable.length + 2,
    fault: mutable.length + 3,
    afterShims: first + shims.size,
  };
}

function nativeType(name: HostName): FunctionType {
  if (name === 'input_read') return { params: [I32, I32, F64, I32], results: [] };
  if (name === 'input_size') return { params: [I32], results: [F64] };
  const { params, results } = HOST_FUNCTIONS.get(name)!;
  return { params, results };
}

export const SHIM_FILL = 'memory_fill';
export const SHIM_COPY = 'memory_copy';
export const SHIM_GROW = 'memory_grow';
export const SHIM_INIT = 'memory_init:';

/** The type of a bulk shim. */
export function bulkType(name: string): FunctionType {
  return name === SHIM_GROW ? { params: [I32], results: [I32] } : { params: [I32, I32, I32], results: [] };
}
