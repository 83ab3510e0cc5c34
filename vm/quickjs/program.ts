// docs/vm.md#quickjs: a DataVM program from a JavaScript bundle: boot QuickJS, evaluate the bundle once, keep the state as image.
import { MizuError } from '../../protocol/errors.ts';
import { encodeModule } from '../link/encode.ts';
import { mergeModules } from '../link/merge.ts';
import { bakeSnapshot } from '../link/snapshot.ts';
import { createBuildHost } from './build-host.ts';
import { type EngineExports, linkEngine } from './engine.ts';
import { PRELUDE } from './prelude.ts';
import { createValues, type Values } from './values.ts';

export type QuickJsOptions = {
  /** Name of the bundle in stack traces. */
  readonly fileName?: string;
};

const HOST_LETTERS = 'njtwocsrxlaedq';
/** Reference counting frees nearly everything; cycles are looked for only when a program has allocated this much. */
const GC_THRESHOLD_BYTES = 32 * 1024 * 1024;
/** Of QuickJS's 1 MiB C stack. */
const STACK_BYTES = 192 * 1024;

/**
 * The core module of a JavaScript program. The bundle (a script, for example esbuild's `iife`) sets `globalThis.__mizu_main` to a
 * function of one argument, the `io` of docs/vm.md#quickjs. Everything the bundle does at its top level happens here, once; a run
 * starts from the state it left. The same bundle gives the same bytes everywhere.
 * @throws MizuError `vm/bundle` if the bundle throws, sets no function, or asks for the clock at its top level.
 */
export async function createQuickJsProgram(bundle: string, options: QuickJsOptions = {}): Promise<Uint8Array> {
  const engine = await linkEngine();
  const host = createBuildHost();
  const { instance } = await WebAssembly.instantiate(encodeModule(engine) as Uint8Array<ArrayBuffer>, host.imports);
  const exports = instance.exports as unknown as EngineExports;
  host.bind(exports.memory);
  const values = createValues(exports);
  boot(exports, values);
  const [take, ...entries] = installPrelude(exports, values);
  host.refuseClock();
  evaluateBundle(values, bundle, options.fileName ?? 'bundle.js', host.log);
  if (!values.toBoolean(values.call(take))) throw noMain(host.log());
  settle(exports, values, host.log);
  exports.install(...(entries as [number, number, number]));
  exports.qjs_run_gc();
  exports.qjs_set_gc_threshold(GC_THRESHOLD_BYTES);
  const memory = new Uint8Array(exports.memory.buffer).slice();
  const baked = bakeSnapshot(engine, clearDeadStack(memory, instance), instance);
  const kept = baked.exports.filter((entry) => entry.name === '_start' || entry.name === 'memory');
  return encodeModule(mergeModules(baked, [], kept));
}

function boot(exports: EngineExports, values: Values): void {
  exports._initialize();
  if (exports.qjs_init() !== 0) throw new Error('QuickJS did not start');
  exports.qjs_set_max_stack_size(STACK_BYTES);
  exports.qjs_set_promise_rejection_handler(1);
  for (const letter of HOST_LETTERS) {
    const name = values.newText(letter);
    values.setGlobal(`mizu:${letter}`, exports.qjs_new_host_function(name.pointer, name.length, 0));
    values.release(name);
  }
}

function installPrelude(exports: EngineExports, values: Values): [number, number, number, number] {
  const list = values.evaluate(PRELUDE, 'mizu:prelude');
  if (values.isException(list)) throw new Error(`the prelude failed: ${values.takeError()}`);
  return [0, 1, 2, 3].map((index) => exports.qjs_get_prop_uint32(list, index)) as [number, number, number, number];
}

function evaluateBundle(values: Values, bundle: string, fileName: string, log: () => string): void {
  const result = values.evaluate(bundle, fileName);
  if (values.isException(result)) {
    throw bundleError('The bundle failed while it was evaluated.', values.takeError(), log());
  }
  values.free(result);
}

/** Runs the promise jobs that the top level left behind. */
function settle(exports: EngineExports, values: Values, log: () => string): void {
  while (exports.qjs_is_job_pending() !== 0) {
    if (exports.qjs_execute_pending_job() < 0) {
      throw bundleError('A promise of the bundle failed while it was evaluated.', values.takeError(), log());
    }
  }
}

/** What lies below the stack pointer is left over from the building: without it the image is smaller. */
function clearDeadStack(memory: Uint8Array, instance: WebAssembly.Instance): Uint8Array {
  // quickjs-wasi has one global of its own, the stack pointer, and its stack lies at the bottom of the memory.
  const stackPointer = (instance.exports['mizu:global:0'] as WebAssembly.Global).value as number;
  return memory.fill(0, 0, stackPointer);
}

function noMain(log: string): MizuError {
  return bundleError('The bundle sets no entry function.', `globalThis.__mizu_main is not a function`, log);
}

function bundleError(message: string, actual: string, log: string): MizuError {
  return new MizuError({
    code: 'vm/bundle',
    message,
    expected: 'a script that sets globalThis.__mizu_main to a function (io) => void or a promise',
    actual: log === '' ? actual : `${actual}\n${log}`,
    hint: 'Top-level code runs once, when the program is built: read inputs, clock and parameters inside the function.',
  });
}
