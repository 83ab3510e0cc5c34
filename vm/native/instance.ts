// docs/vm.md#engines: one instance of a rewritten module; between two runs the pages that a run has changed are set
// back to the program's image.

import type { Host } from '../host.ts';
import { HOST_MODULE } from '../host-functions.ts';
import { PAGE_BYTES, type Program } from '../program.ts';
import { type EXTRA_GLOBALS, MEMORY_REFUSED } from './layout.ts';
import { haveSameBytes } from './same-bytes.ts';

export type NativeInstance = {
  /** Sets image, globals and gas as they are at the start of a run. */
  reset(gasLimit: bigint): void;
  /** Runs the entry stub; `thrown` is the error that ended it early. */
  run(host: Host): { readonly thrown: unknown };
  memory(): Uint8Array;
  gas(): bigint;
  fault(): number;
  /**
   * False if the memory has grown, or has so many zero pages that a new one may cost less than setting back those that
   * were changed.
   */
  reusable(): boolean;
  readonly exports: WebAssembly.Exports;
};

export type InstanceParts = {
  readonly compiled: WebAssembly.Module;
  /** Absolute slot of each mutable global. */
  readonly globalSlots: readonly (number | undefined)[];
};

/** The host has no memory for a growth to which the program is entitled. */
export class MemoryRefused extends Error {}

type Extra = Record<(typeof EXTRA_GLOBALS)[number], WebAssembly.Global>;

/**
 * Above so many zero pages, and more than the image has others, a new memory, zero until it is touched, may cost less:
 * a run may have written into each page, and then all are written back.
 */
const ZERO_PAGES_MAX = 256;
const ZERO_PAGE = new Uint8Array(PAGE_BYTES);

/** `pages` is the most pages that the host gives, at most the program's own maximum. */
export function createInstance(
  native: InstanceParts,
  program: Pick<Program, 'header' | 'memory' | 'slots'>,
  pages = program.header.pagesMax,
): NativeInstance {
  const { pagesInitial } = program.header;
  const memory = new WebAssembly.Memory({
    initial: pagesInitial,
    maximum: Math.max(pages, pagesInitial),
    shared: true,
  });
  weigh(pagesInitial);
  let host: Host | undefined;
  const imports = createImports(() => host!);
  const { exports } = new WebAssembly.Instance(native.compiled, { [HOST_MODULE]: { ...imports, memory } });
  const extra = exports as unknown as Extra;
  const slots = new DataView(program.slots.buffer, program.slots.byteOffset, program.slots.byteLength);
  const mutable = native.globalSlots.filter((slot) => slot !== undefined);
  let view = new Uint8Array(memory.buffer);
  /** Pages that the image is not zero in; undefined before the first run. */
  let imagePages: number | undefined;
  // Growing a memory, even by nothing, detaches its buffer.
  const bytes = (): Uint8Array => {
    if (view.buffer !== memory.buffer) view = new Uint8Array(memory.buffer);
    return view;
  };
  return {
    reset(gasLimit) {
      const written = restoreImage(bytes(), program.memory, imagePages === undefined);
      imagePages ??= written;
      mutable.forEach((slot, index) => {
        (exports[`set${index}`] as (bits: bigint) => void)(slots.getBigInt64(slot * 8));
      });
      extra.gas.value = gasLimit;
      extra.fp.value = program.header.globals;
      extra.outputLength.value = 0;
      extra.fault.value = 0;
    },
    run(current) {
      host = current;
      try {
        (exports.run as () => void)();
        return { thrown: undefined };
      } catch (thrown) {
        return { thrown };
      } finally {
        host = undefined;
        const grown = memory.buffer.byteLength / PAGE_BYTES;
        if (grown > pagesInitial) weigh(grown);
      }
    },
    memory: bytes,
    gas: () => extra.gas.value as bigint,
    fault: () => extra.fault.value as number,
    reusable() {
      if (memory.buffer.byteLength !== pagesInitial * PAGE_BYTES) return false;
      const written = imagePages ?? 0;
      return pagesInitial - written <= Math.max(ZERO_PAGES_MAX, written);
    },
    exports,
  };
}

// V8 does not count shared memories, and would collect garbage too late. It counts this buffer of the same size, which
// is never touched and lives until the next one.
const weight: { buffer: ArrayBuffer } = { buffer: new ArrayBuffer(0) };
const HEAVY_PAGES = 4096;

function weigh(pages: number): void {
  weight.buffer = new ArrayBuffer(Math.min(pages, HEAVY_PAGES) * PAGE_BYTES);
}

// Only pages that differ are written: in a new memory those that are not zero, in a used one those that the run has
// changed. Gives their number.
function restoreImage(memory: Uint8Array, image: Uint8Array, fresh: boolean): number {
  let written = 0;
  const end = fresh ? image.length : memory.length;
  for (let at = 0; at < end; at += PAGE_BYTES) {
    const page = memory.subarray(at, at + PAGE_BYTES);
    const wanted = at + PAGE_BYTES <= image.length ? image.subarray(at, at + PAGE_BYTES) : lastPage(image, at);
    if (haveSameBytes(wanted, fresh ? ZERO_PAGE : page)) continue;
    page.set(wanted);
    written++;
  }
  return written;
}

function lastPage(image: Uint8Array, at: number): Uint8Array {
  if (at >= image.length) return ZERO_PAGE;
  const page = new Uint8Array(PAGE_BYTES);
  page.set(image.subarray(at));
  return page;
}

function createImports(host: () => Host) {
  return {
    input_count: () => host().input_count(),
    input_size: (index: number) => host().input_size(index),
    input_read: (dst: number, index: number, offset: number, length: number) =>
      host().input_read(dst, index, offset, length),
    output_write: (src: number, length: number) => host().output_write(src, length),
    clock: () => host().clock(),
    random: (counter: bigint) => host().random(counter),
    log: (src: number, length: number) => host().log(src, length),
    exit: (code: number) => host().exit(code),
    preimage: (hash: number, dst: number) => host().preimage(hash, dst),
    exec: (request: number, result: number) => host().exec(request, result),
    ecrecover: (src: number, dst: number) => host().ecrecover(src, dst),
    commit: (src: number) => host().commit(src),
    [MEMORY_REFUSED]: () => {
      throw new MemoryRefused('the host has no memory left for a program that is entitled to it');
    },
  };
}
