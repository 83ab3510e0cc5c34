// docs/vm.md#program: a program, made of a module.

import { MizuError } from '../protocol/errors.ts';
import { MEMORY_PAGES_MAX, SLOT_TREE_DEPTH } from '../protocol/isa.ts';
import { PROGRAM_VERSION, type ProgramHeader } from '../protocol/program.ts';
import { depthOf, LEAF_BYTES, objectRoot, treeRoot } from '../protocol/tree.ts';
import { type LoweredModule, lowerModule } from './lower/module.ts';
import type { Module } from './wasm/module.ts';

export const PAGE_BYTES = 65536;
export const SLOT_BYTES = 8;

/** All that the step machine needs of a program. */
export type Program = {
  readonly header: ProgramHeader;
  readonly code: Uint8Array;
  /** Initial linear memory, without its trailing zeros. */
  readonly memory: Uint8Array;
  /** Initial slots, big-endian u64 each. */
  readonly slots: Uint8Array;
  /** Concatenated passive data segments. */
  readonly data: Uint8Array;
};

/** The state that a program starts from instead of its module's own. It was taken after the start function had run. */
export type Image = {
  readonly memory: Uint8Array;
  /** Pages of memory at that moment. */
  readonly pages: number;
  /** Value of each mutable global, in the module's order, as the bits of a slot. */
  readonly globals: readonly bigint[];
};

export type ProgramSource = {
  readonly module: Module;
  readonly image?: Image | undefined;
  /** The exported function that is run; the default is `_start`. */
  readonly entry?: string | undefined;
};

/**
 * Lowers a module to a program. @@ @throws MizuError `vm/no-entry`, `vm/too-large`, `vm/table-out-of-bounds`,
 * `vm/data-out-of-bounds` or `vm/bad-image`
 */
export function createProgram({ module, image, entry = '_start' }: ProgramSource): Program {
  const lowered = lowerModule(module, { entry, callStart: image === undefined });
  return assembleProgram(module, lowered, image);
}

export function assembleProgram(module: Module, lowered: LoweredModule, image: Image | undefined): Program {
  const state = image === undefined ? initialState(module, lowered) : imageState(module, lowered, image);
  const pagesMax = maximumPages(module);
  const memory = trimZeros(state.memory);
  const slots = encodeSlots(state.slots);
  const header: ProgramHeader = {
    version: PROGRAM_VERSION,
    codeRoot: objectRoot(lowered.code),
    memoryRoot: treeRoot(memory, memoryDepth(pagesMax)),
    slotsRoot: treeRoot(slots, SLOT_TREE_DEPTH),
    dataRoot: objectRoot(lowered.data),
    pagesInitial: state.pages,
    pagesMax,
    entry: 0,
    globals: lowered.slots.length,
  };
  return { header, code: lowered.code, memory, slots, data: lowered.data };
}

/** Depth of the memory tree of a program of so many pages. */
export function memoryDepth(pagesMax: number): number {
  return depthOf(pagesMax * PAGE_BYTES);
}

/** Pages that the memory may grow to: the module's own maximum, but never above the version's. */
export function maximumPages(module: Module): number {
  return module.memory === undefined ? 0 : Math.min(module.memory.maximum ?? MEMORY_PAGES_MAX, MEMORY_PAGES_MAX);
}

/** The slots that a program starts with; all slots behind them are zero. */
export function viewSlots(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function initialState(module: Module, lowered: LoweredModule) {
  const pages = module.memory?.initial ?? 0;
  let size = 0;
  for (const { address, bytes } of module.data) {
    if (address === undefined) continue;
    const end = address + bytes.length;
    if (end > pages * PAGE_BYTES)
      throw new MizuError({
        code: 'vm/data-out-of-bounds',
        message: 'A data segment does not fit the initial memory.',
        expected: `at most ${pages * PAGE_BYTES} bytes`,
        actual: `${bytes.length} bytes at ${address}`,
        hint: 'Such a module cannot be instantiated.',
      });
    size = Math.max(size, end);
  }
  const memory = new Uint8Array(size);
  for (const { address, bytes } of module.data) if (address !== undefined) memory.set(bytes, address);
  return { memory, pages, slots: lowered.slots };
}

function imageState(module: Module, lowered: LoweredModule, image: Image) {
  const mutable = lowered.globalSlots.filter((slot) => slot !== undefined);
  const pagesMax = maximumPages(module);
  const fits =
    image.globals.length === mutable.length &&
    image.pages >= (module.memory?.initial ?? 0) &&
    image.pages <= pagesMax &&
    image.memory.length <= image.pages * PAGE_BYTES &&
    lowered.slots.length === mutable.length;
  if (!fits)
    throw new MizuError({
      code: 'vm/bad-image',
      message: 'The image does not fit the module.',
      expected: `${mutable.length} globals, at most ${pagesMax} pages, and code that names no data segment`,
      actual: `${image.globals.length} globals, ${image.pages} pages, ${image.memory.length} bytes`,
      hint: 'Take the image from an instance of the same module.',
    });
  return { memory: image.memory, pages: image.pages, slots: BigUint64Array.from(image.globals) };
}

// Cuts to whole leaves, so that the length of the image does not depend on its last zeros.
function trimZeros(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.slice(0, Math.min(bytes.length, Math.ceil(end / LEAF_BYTES) * LEAF_BYTES));
}

function encodeSlots(slots: BigUint64Array): Uint8Array {
  const bytes = new Uint8Array(slots.length * SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  slots.forEach((value, index) => {
    view.setBigUint64(index * SLOT_BYTES, value);
  });
  return bytes;
}
