// docs/vm.md#quickjs: turns the state of a running instance into the initial state of a module.
import { concat, encodeSigned } from './bytes.ts';
import type { DataSegment, ExportEntry, GlobalEntry, LinkModule } from './module.ts';

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

/**
 * The module with the memory and the mutable globals of an instance of `withGlobalExports(module)` as its initial ones. The start
 * function is gone: it has run.
 */
export function bakeSnapshot(module: LinkModule, memory: Uint8Array, instance: WebAssembly.Instance): LinkModule {
  if (module.datas.some((data) => data.offset === undefined)) throw new Error('passive data segments cannot be baked');
  const globals = module.globals.map((global, index): GlobalEntry => {
    if (!global.mutable) return global;
    return { ...global, init: constant(global, instance.exports[GLOBAL_PREFIX + index] as WebAssembly.Global) };
  });
  const limits = module.memories[0];
  if (limits === undefined) throw new Error('a module without memory has no snapshot');
  return {
    ...module,
    globals,
    memories: [{ ...limits, min: memory.length / PAGE_BYTES }],
    exports: module.exports.filter((entry) => !entry.name.startsWith(GLOBAL_PREFIX)),
    start: undefined,
    datas: segments(memory),
    dataCount: false,
  };
}

function constant(global: GlobalEntry, value: WebAssembly.Global): Uint8Array {
  if (global.valueType === I32) return Uint8Array.from([0x41, ...encodeSigned(BigInt(value.value as number)), 0x0b]);
  if (global.valueType === I64) return Uint8Array.from([0x42, ...encodeSigned(value.value as bigint), 0x0b]);
  throw new Error('a mutable float global cannot be baked');
}

/** The non-zero stretches of the memory as active data segments. */
function segments(memory: Uint8Array): DataSegment[] {
  const result: DataSegment[] = [];
  let start = nextNonZero(memory, 0);
  while (start < memory.length) {
    let end = start;
    let next = start;
    while (next < memory.length && next - end < MIN_GAP_BYTES) {
      if (memory[next] !== 0) end = next + 1;
      next++;
    }
    const offset = concat([Uint8Array.of(0x41), Uint8Array.from(encodeSigned(BigInt(start | 0))), Uint8Array.of(0x0b)]);
    result.push({ offset, bytes: memory.slice(start, end) });
    start = nextNonZero(memory, next);
  }
  return result;
}

function nextNonZero(memory: Uint8Array, from: number): number {
  let at = from;
  while (at < memory.length && memory[at] === 0) at++;
  return at;
}
