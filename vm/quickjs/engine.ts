// docs/vm.md#quickjs: QuickJS with its glue and the WASI adapter as one module that imports only the DataVM's
// primitives.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { decodeModule } from '../decode/sections.ts';
import { type Library, type LibraryExport, mergeModules } from '../link/merge.ts';
import { padFrames } from '../link/pad-frames.ts';
import { withGlobalExports } from '../link/snapshot.ts';
import { WASI_MODULE, wasiLibrary } from '../wasi/link.ts';
import type { Export, ModuleSections } from '../wasm/module.ts';
import { QUICKJS_GLUE_BASE64 } from './generated/glue-wasm.ts';

/** quickjs-wasi imports its host callbacks from `env`. */
const GLUE_MODULE = 'env';
/** 256 MiB: an allocation beyond is an "out of memory" error in JavaScript. */
const MAX_PAGES = 4096;

/** The exports that the building of a program calls, by address; see quickjs-wasi. */
export type EngineExports = {
  memory: WebAssembly.Memory;
  _initialize(): void;
  install(start: number, finish: number, fail: number): number;
  qjs_init(): number;
  qjs_eval(code: number, length: number, fileName: number, flags: number): number;
  qjs_call(callee: number, receiver: number, count: number, values: number): number;
  qjs_new_host_function(name: number, length: number, argumentCount: number): number;
  qjs_get_global(): number;
  qjs_get_undefined(): number;
  qjs_get_prop_uint32(value: number, index: number): number;
  qjs_set_prop_string(target: number, name: number, value: number): void;
  qjs_get_prop_string(value: number, name: number): number;
  qjs_get_bool(value: number): number;
  qjs_is_exception(value: number): number;
  qjs_get_exception(): number;
  qjs_get_string_len(value: number, lengthResult: number): number;
  qjs_free_cstring(pointer: number): void;
  qjs_free_value(value: number): void;
  qjs_is_job_pending(): number;
  qjs_execute_pending_job(): number;
  qjs_run_gc(): void;
  qjs_set_gc_threshold(bytes: number): void;
  qjs_set_max_stack_size(bytes: number): void;
  qjs_set_memory_limit(bytes: number): void;
  qjs_set_interrupt_handler(enabled: number): void;
  qjs_set_promise_rejection_handler(enabled: number): void;
  wasm_malloc(bytes: number): number;
  wasm_free(pointer: number): void;
};

const FROM_QUICKJS: readonly (keyof EngineExports)[] = [
  'memory',
  '_initialize',
  'qjs_init',
  'qjs_eval',
  'qjs_call',
  'qjs_new_host_function',
  'qjs_get_global',
  'qjs_get_undefined',
  'qjs_get_prop_uint32',
  'qjs_set_prop_string',
  'qjs_get_prop_string',
  'qjs_get_bool',
  'qjs_is_exception',
  'qjs_get_exception',
  'qjs_get_string_len',
  'qjs_free_cstring',
  'qjs_free_value',
  'qjs_is_job_pending',
  'qjs_execute_pending_job',
  'qjs_run_gc',
  'qjs_set_gc_threshold',
  'qjs_set_max_stack_size',
  'qjs_set_memory_limit',
  'qjs_set_interrupt_handler',
  'qjs_set_promise_rejection_handler',
  'wasm_malloc',
  'wasm_free',
];
const FROM_GLUE: readonly LibraryExport[] = [
  { library: GLUE_MODULE, name: '_start' },
  { library: GLUE_MODULE, name: 'install' },
];
/**
 * Functions of quickjs-wasi 3.6.2 that recurse with many slots but little of the C stack, which is all that QuickJS
 * checks: readers and writers of JSON, parsers of expressions, functions and regular expressions, `flat`, `join`,
 * proxies, bound functions. With the padding a RangeError comes before the slots are used up.
 */
const PADDING: ReadonlyMap<number, number> = new Map([
  [940, 128],
  [933, 128],
  [1086, 192],
  [1085, 96],
  [1000, 256],
  [954, 128],
  [1286, 128],
  [916, 128],
  [558, 128],
  [840, 192],
]);
const QUICKJS_SHA256 = 'd4c9375f2b1ca4dc95f72c8aa2982a7a9951ac8011490d79c6582df732b4bbd9';
const STACK_POINTER = 0;

let linked: Promise<ModuleSections> | undefined;

/** The engine, linked once per process, with an export for each mutable global, so that its state can be taken. */
export function linkEngine(): Promise<ModuleSections> {
  linked ??= link();
  return linked;
}

async function link(): Promise<ModuleSections> {
  const file = createRequire(import.meta.url).resolve('quickjs-wasi/quickjs.wasm');
  const bytes = await readFile(file);
  if (createHash('sha256').update(bytes).digest('hex') !== QUICKJS_SHA256) {
    throw new Error('quickjs-wasi is not the version that the padding was measured for');
  }
  const main = padFrames(decodeModule(bytes), STACK_POINTER, PADDING);
  const glue: Library = {
    provides: GLUE_MODULE,
    module: decodeModule(Uint8Array.from(Buffer.from(QUICKJS_GLUE_BASE64, 'base64')), { library: true }),
  };
  const exports = FROM_QUICKJS.map((name): Export => {
    const entry = main.exports.find((candidate) => candidate.name === name);
    if (entry === undefined) throw new Error(`quickjs-wasi does not export ${name}`);
    return entry;
  });
  const merged = mergeModules(main, [glue, { ...wasiLibrary, provides: WASI_MODULE }], exports, FROM_GLUE);
  return withGlobalExports({
    ...merged,
    memory: merged.memory && { initial: merged.memory.initial, maximum: MAX_PAGES },
  });
}
