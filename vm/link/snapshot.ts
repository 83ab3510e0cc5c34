// docs/vm.md#quickjs: turns the state of a running instance into the initial state of a module.
import type { Image } from '../program.ts';
import { encodeSigned } from './bytes.ts';
import type { ExportEntry, GlobalEntry, LinkModule } from './module.ts';
import { segmentsOf } from './segments.ts';

/** Zeros shorter than this between two non-zero bytes cost less than the head of another data segment. */
const MIN_GAP_BYTES = 32;
const PAGE_BYTES = 65536;
const I32 = 0x7f;
const I64 = 0x7e;

const GLOBAL_PREFIX = 'mizu:global:';

/** Adds an export for each mutable global, so that a snapshot can read them. */
export function withGlobalExports(module: LinkModule): LinkModule {
  const exports = module.globals.flatMap((global, index): ExportEntry[] =>
    global.mutable ? [{ name: GLOBAL_PREFIX + index, kind: 'global', index }] : [],
  );
  return { ...module, exports: [...module.exports, ...exports] };
}

/** The state of an instance of `withGlobalExports(module)`; its memory is copied. */
export function takeImage(module: LinkModule, memory: WebAssembly.Memory, instance: WebAssembly.Instance): Image {
  const globals = module.globals.flatMap((global, index): bigint[] => {
    if (!global.mutable) return [];
    const { value } = instance.exports[GLOBAL_PREFIX + index] as WebAssembly.Global;
    if (global.valueType === I32) return [BigInt.asUintN(32, BigInt(value as number))];
    if (global.valueType === I64) return [BigInt.asUintN(64, value as bigint)];
    throw new Error('a mutable float global cannot be part of an image');
  });
  const bytes = new Uint8Array(memory.buffer).slice();
  return { memory: bytes, pages: bytes.length / PAGE_BYTES, globals };
}

/** The module without what an image replaces: its data segments, its start function, the exports of its globals. */
export function withoutState(module: LinkModule): LinkModule {
  if (module.datas.some((data) => data.offset === undefined))
    throw new Error('passive data segments are no part of an image');
  return {
    ...module,
    exports: module.exports.filter((entry) => !entry.name.startsWith(GLOBAL_PREFIX)),
    start: undefined,
    datas: [],
    dataCount: false,
  };
}

/** A module that starts from the image by itself. */
export function bakeImage(module: LinkModule, image: Image): LinkModule {
  const bits = [...image.globals];
  const globals = module.globals.map((global): GlobalEntry => {
    return global.mutable ? { ...global, init: constant(global.valueType, bits.shift() as bigint) } : global;
  });
  const memories = module.memories.map((limits) => ({ ...limits, min: image.pages }));
  return { ...withoutState(module), globals, memories, datas: segmentsOf(image.memory, MIN_GAP_BYTES) };
}

function constant(valueType: number, bits: bigint): Uint8Array {
  const code =
    valueType === I32
      ? [0x41, ...encodeSigned(BigInt.asIntN(32, bits))]
      : [0x42, ...encodeSigned(BigInt.asIntN(64, bits))];
  return Uint8Array.from([...code, 0x0b]);
}
