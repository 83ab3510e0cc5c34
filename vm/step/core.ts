// docs/machine.md: an instance of the WebAssembly core with a program in it.
import { INSTRUCTION_BYTES, SLOT_COUNT } from '../../protocol/isa.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { type Program, viewSlots } from '../program.ts';
import { decodeTable } from './decode-table.ts';
import { STEP_CORE_BASE64 } from './generated/core-wasm.ts';

/** Addresses of vm/step/assembly/layout.ts. */
export const CORE = {
  out: 0x5000,
  random: 0x6000,
  inputCount: 0x6080,
  clock: 0x6088,
  appended: 0x6090,
  opTable: 0x8000,
  page: 0x20000,
  slots: 0x80000,
} as const;
/** Statuses of a core that stopped; negative ones are answers of the host function. */
export const STATUS = {
  running: 0,
  fault: 1,
  halt: 2,
  exit: 3,
  commit: 4,
  exec: 5,
  far: 6,
  noMemory: 7,
  repeat: -1,
} as const;

type CoreExports = {
  readonly memory: WebAssembly.Memory;
  readonly status: WebAssembly.Global;
  readonly fp: WebAssembly.Global;
  readonly farPc: WebAssembly.Global;
  /** Gas of the last instruction for which the steps of the run did not suffice. */
  readonly debt: WebAssembly.Global;
  readonly data: WebAssembly.Global;
  readonly dirty: WebAssembly.Global;
  readonly pageChanged: WebAssembly.Global;
  readonly memoryStart: WebAssembly.Global;
  start(): number;
  reserveCode(count: number): number;
  sentinels(raw: number, count: number): number;
  layOut(count: number, added: number, dataLength: number, pages: number, maximum: number): number;
  decodeCode(raw: number): void;
  setPc(pc: number, frame: number): void;
  getPc(): number;
  memorySize(): number;
  setPages(pages: number): number;
  run(steps: number): number;
  rehash(): void;
  slotSiblings(leaf: number, target: number): void;
  memorySiblings(leaf: number, target: number): void;
  markChangedPages(): void;
  restorePage(page: number, source: number): void;
};

export type Core = CoreExports & {
  readonly codeCount: number;
  /** The core's whole memory; the view is a new one after the memory has grown. */
  bytes(): Uint8Array;
  view(): DataView;
  /** Bytes of the guest's memory now. */
  size(): number;
  /** The guest's memory, or a part of it; it is not a copy. */
  guest(address: number, length: number): Uint8Array;
  /** Notes that the guest's leaf at this address was written. */
  mark(address: number): void;
};

let compiled: WebAssembly.Module | undefined;

/**
 * The core of a program that fits (vm/fit.ts). `host(op, slot)` executes a host instruction whose first argument is in
 * `slot`, and returns a status.
 */
export function createCore(program: Program, kernel: boolean, host: (op: number, slot: number) => number): Core {
  const { code, data, header } = program;
  const codeCount = code.length / INSTRUCTION_BYTES;
  compiled ??= new WebAssembly.Module(Uint8Array.from(atob(STEP_CORE_BASE64), (c) => c.charCodeAt(0)));
  const exports = new WebAssembly.Instance(compiled, { step: { host } }).exports as unknown as CoreExports;
  let whole = new Uint8Array(exports.memory.buffer);
  let view = new DataView(exports.memory.buffer);
  const renew = (): void => {
    // When the memory grows, its old views become empty.
    if (whole.length > 0) return;
    whole = new Uint8Array(exports.memory.buffer);
    view = new DataView(exports.memory.buffer);
  };
  let start = 0;
  let dirty = 0;
  const core: Core = {
    ...exports,
    codeCount,
    bytes() {
      renew();
      return whole;
    },
    view() {
      renew();
      return view;
    },
    size: exports.memorySize,
    guest: (address, length) => core.bytes().subarray(start + address, start + address + length),
    mark(address) {
      core.bytes()[dirty + Math.floor(address / LEAF_BYTES)] = 1;
    },
  };
  exports.start();
  decodeTable(kernel).forEach((entry, index) => {
    core.view().setUint32(CORE.opTable + index * 4, entry, true);
  });
  const scratch = allocated(exports.reserveCode(codeCount));
  core.bytes().set(code, scratch);
  const added = exports.sentinels(scratch, codeCount);
  const raw = allocated(exports.layOut(codeCount, added, data.length, header.pagesInitial, header.pagesMax));
  start = (exports.memoryStart.value as number) >>> 0;
  dirty = (exports.dirty.value as number) >>> 0;
  core.bytes().set(code, raw);
  exports.decodeCode(raw);
  core.bytes().set(data, (exports.data.value as number) >>> 0);
  setInitialState(core, program);
  return core;
}

function setInitialState(core: Core, { memory, slots }: Program): void {
  core.guest(0, memory.length).set(memory);
  for (let address = 0; address < memory.length; address += LEAF_BYTES) core.mark(address);
  const source = viewSlots(slots);
  for (let i = 0; i * 8 < source.byteLength && i < SLOT_COUNT; i++)
    core.view().setBigUint64(CORE.slots + i * 8, source.getBigUint64(i * 8), true);
}

function allocated(address: number): number {
  // Addresses are unsigned; 0 means that memory.grow was refused.
  if (address === 0) throw new Error('the host has no memory left for a step machine');
  return address >>> 0;
}
