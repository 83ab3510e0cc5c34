// docs/vm.md#quickjs: turns the state of a running instance into the initial state of a module.
import type { Image } from '../program.ts';
import { EXPORT_GLOBAL, type Export, type Global, I32, I64, type ModuleSections } from '../wasm/module.ts';
import { segmentsOf } from './segments.ts';

/** Fewer zeros between two non-zero bytes cost less than the head of another data segment. */
const MIN_GAP_BYTES = 32;
const PAGE_BYTES = 65536;

const GLOBAL_PREFIX = 'mizu:global:';

/** Adds an export for each mutable global, so that a snapshot can read them. */
export function withGlobalExports(module: ModuleSections): ModuleSections {
  const exports = module.globals.flatMap((global, index): Export[] =>
    global.mutable ? [{ name: GLOBAL_PREFIX + index, kind: EXPORT_GLOBAL, index }] : [],
  );
  return { ...module, exports: [...module.exports, ...exports] };
}

/** The state of an instance of `withGlobalExports(module)`; its memory is copied. */
export function takeImage(module: ModuleSections, memory: WebAssembly.Memory, instance: WebAssembly.Instance): Image {
  const globals = module.globals.flatMap((global, index): bigint[] => {
    if (!global.mutable) return [];
    const { value } = instance.exports[GLOBAL_PREFIX + index] as WebAssembly.Global;
    if (global.type === I32) return [BigInt.asUintN(32, BigInt(value as number))];
    if (global.type === I64) return [BigInt.asUintN(64, value as bigint)];
    throw new Error('a mutable float global cannot be part of an image');
  });
  const bytes = new Uint8Array(memory.buffer).slice();
  return { memory: bytes, pages: bytes.length / PAGE_BYTES, globals };
}

/** The module without what an image replaces: its data segments, its start function, and the exports of its globals. */
export function withoutState(module: ModuleSections): ModuleSections {
  if (module.data.some(({ address }) => address === undefined))
    throw new Error('passive data segments are no part of an image');
  return {
    ...module,
    exports: module.exports.filter((entry) => !entry.name.startsWith(GLOBAL_PREFIX)),
    start: undefined,
    data: [],
    dataCount: undefined,
  };
}

/** The module that carries the image itself. */
export function bakeImage(module: ModuleSections, image: Image): ModuleSections {
  const bits = [...image.globals];
  const globals = module.globals.map((global): Global => {
    return global.mutable ? { ...global, value: bits.shift()! } : global;
  });
  const memory = module.memory && { ...module.memory, initial: image.pages };
  return { ...withoutState(module), globals, memory, data: segmentsOf(image.memory, MIN_GAP_BYTES) };
}
