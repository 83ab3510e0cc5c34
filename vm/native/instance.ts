// docs/vm.md#engines: one instance of a rewritten module; between runs its memory goes back to the program's image.

import type { Host } from '../host.ts';
import { HOST_MODULE } from '../host-functions.ts';
import { PAGE_BYTES, type Program } from '../program.ts';
import { type EXTRA_GLOBALS, MEMORY_REFUSED } from './layout.ts';
import type { NativeModule } from './module.ts';

export type NativeInstance = {
  /** Image, globals and gas as at the start of a run. */
  reset(gasLimit: bigint): void;
  /** Runs the entry stub; `thrown` is what ended it early. */
  run(host: Host): { readonly thrown: unknown };
  memory(): Uint8Array;
  gas(): bigint;
  fault(): number;
  /** False if the memory has grown. */
  reusable(): boolean;
  readonly exports: WebAssembly.Exports;
};

type Extra = Record<(typeof EXTRA_GLOBALS)[number], WebAssembly.Global>;

export function createInstance(
  native: NativeModule & { readonly compiled: WebAssembly.Module },
  program: Program,
): NativeInstance {
  const { pagesInitial, pagesMax } = program.header;
  const memory = new WebAssembly.Memory({ initial: pagesInitial, maximum: pagesMax });
  let host: Host | undefined;
  const imports = createImports(() => host!);
  const { exports } = new WebAssembly.Instance(native.compiled, { [HOST_MODULE]: { ...imports, memory } });
  const extra = exports as unknown as Extra;
  const slots = new DataView(program.slots.buffer, program.slots.byteOffset, program.slots.byteLength);
  const mutable = native.lowered.globalSlots.filter((slot) => slot !== undefined);
  let view = new Uint8Array(memory.buffer);
  let fresh = true;
  // Growing a memory, even by nothing, detaches its buffer.
  const bytes = (): Uint8Array => {
    if (view.buffer !== memory.buffer) view = new Uint8Array(memory.buffer);
    return view;
  };
  return {
    reset(gasLimit) {
      // A new memory is zero already.
      if (!fresh) bytes().fill(0, program.memory.length);
      fresh = false;
      bytes().set(program.memory);
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
      }
    },
    memory: bytes,
    gas: () => extra.gas.value as bigint,
    fault: () => extra.fault.value as number,
    reusable: () => memory.buffer.byteLength === pagesInitial * PAGE_BYTES,
    exports,
  };
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
      throw new Error('the host has no memory left for a program that is entitled to it');
    },
  };
}
