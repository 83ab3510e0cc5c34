// docs/vm.md#quickjs: a DataVM program from a JavaScript bundle: boot QuickJS, evaluate the bundle once, keep the state
// as image.
import { MizuError } from '../../protocol/errors.ts';
import { mergeModules } from '../link/merge.ts';
import { bakeImage, takeImage, withoutState } from '../link/snapshot.ts';
import type { Image } from '../program.ts';
import { encodeModule } from '../wasm/encode.ts';
import type { ModuleSections } from '../wasm/module.ts';
import { createBuildHost } from './build-host.ts';
import { type EngineExports, linkEngine } from './engine.ts';
import { PRELUDE } from './prelude.ts';
import { createValues, type Values } from './values.ts';

export type QuickJsOptions = {
  /** Name of the bundle in stack traces. */
  readonly fileName?: string;
};

const HOST_LETTERS = 'njtwocsrxlaedgqhkpfbmyzvJiuV';
/**
 * Reference counting frees nearly everything; QuickJS looks for cycles only after a program has allocated so many
 * bytes.
 */
const GC_THRESHOLD_BYTES = 32 * 1024 * 1024;
/** The most bytes that a program uses of QuickJS's 1 MiB C stack. */
const STACK_BYTES = 96 * 1024;
/**
 * The most bytes that QuickJS allocates of the 256 MiB that the module may have. It keeps 64 KiB of them for the error
 * that says so: when the machine itself had no more memory, the error could not be made either, and the program saw
 * `null` thrown.
 */
const MEMORY_BYTES = 240 * 1024 * 1024;

export type QuickJsProgram = {
  /** The same for all bundles: QuickJS with its glue, without state. */
  readonly wasm: Uint8Array;
  /** What the evaluated bundle left in memory and globals. */
  readonly image: Image;
};

/**
 * A JavaScript program. The bundle (a script, for example esbuild's `iife`) sets `globalThis.__mizu_main` to a function
 * of one argument, the `io` of docs/vm.md#quickjs. Everything that the bundle does at its top level happens here, once;
 * a run starts from the state that this leaves. The same bundle gives the same bytes everywhere. @@ @throws MizuError
 * `vm/bundle` if the bundle throws, sets no function, or asks for the clock at its top level
 */
export async function createQuickJsImage(bundle: string, options: QuickJsOptions = {}): Promise<QuickJsProgram> {
  const engine = await linkEngine();
  const image = await evaluate(engine, bundle, options.fileName ?? 'bundle.js');
  return { wasm: await quickJsModule(), image };
}

let encoded: Promise<Uint8Array> | undefined;

/** The module of every program that `createQuickJsImage` makes. It is built once per process. */
export function quickJsModule(): Promise<Uint8Array> {
  encoded ??= linkEngine().then((engine) => encodeModule(prune(withoutState(engine))));
  return encoded;
}

/** The same program as one module that carries its image itself: it is larger, and bundles share nothing of it. */
export async function createQuickJsProgram(bundle: string, options: QuickJsOptions = {}): Promise<Uint8Array> {
  const engine = await linkEngine();
  return encodeModule(prune(bakeImage(engine, await evaluate(engine, bundle, options.fileName ?? 'bundle.js'))));
}

function prune(module: ModuleSections): ModuleSections {
  return mergeModules(
    module,
    [],
    module.exports.filter((entry) => entry.name === '_start' || entry.name === 'memory'),
  );
}

async function evaluate(engine: ModuleSections, bundle: string, fileName: string): Promise<Image> {
  const host = createBuildHost();
  const { instance } = await WebAssembly.instantiate(encodeModule(engine) as Uint8Array<ArrayBuffer>, host.imports);
  const exports = instance.exports as unknown as EngineExports;
  host.bind(exports.memory);
  const values = createValues(exports);
  boot(exports, values);
  const [take, ...entries] = installPrelude(exports, values);
  host.refuseClock();
  evaluateBundle(values, bundle, fileName, host.log);
  if (!values.toBoolean(values.call(take))) throw noMain(host.log());
  settle(exports, values, host.log);
  const reason = exports.install(...(entries as [number, number, number]));
  if (reason !== 0) throw bundleError('A promise of the bundle was rejected.', values.describe(reason), host.log());
  exports.qjs_run_gc();
  exports.qjs_set_gc_threshold(GC_THRESHOLD_BYTES);
  const image = takeImage(engine, exports.memory, instance);
  // The stack lies at the bottom of quickjs-wasi's memory, and its pointer is the module's only own global. The bytes
  // below the pointer are left over from the building: without them the image is smaller.
  image.memory.fill(0, 0, Number(image.globals[0]));
  return image;
}

function boot(exports: EngineExports, values: Values): void {
  exports._initialize();
  if (exports.qjs_init() !== 0) throw new Error('QuickJS did not start');
  exports.qjs_set_max_stack_size(STACK_BYTES);
  exports.qjs_set_memory_limit(MEMORY_BYTES);
  exports.qjs_set_interrupt_handler(1);
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
