// docs/prover.md#memory: bytes that a job takes and the time that it may take, from what is known before it starts.
import { loadGasOf } from '../../kernel/fees.ts';
import { INPUT_BYTE_GAS, MAX_OUTPUT_BYTES, SLOWEST_NS_PER_GAS } from '../../protocol/constants.ts';
import { decodeProgramHeader } from '../../protocol/program.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { PAGE_BYTES } from '../../vm/program.ts';
import type { ProgramParts } from './exec-job.ts';

export type JobEngine = 'native' | 'step';

/**
 * The bytes of a job's program parts, and of its inputs, where each object counts once; and the pages of its memory.
 */
export type JobSize = {
  readonly code: number;
  readonly image: number;
  readonly slots: number;
  readonly data: number;
  readonly wasm: number;
  /** The bytes of the module that a task pays for at least: another definition of the program may name a longer one. */
  readonly paidWasm: number;
  readonly pagesInitial: number;
  readonly pagesMax: number;
  readonly inputs: number;
};

export const MIB = 1024 * 1024;
/** What a thread without a program takes: V8's heap, our modules, the load hook. */
export const THREAD_BYTES = 48 * MIB;
/** V8's heap for lowering and rewriting, in MB. A program that needs more has no native form. */
export const NATIVE_HEAP_MB = 512;
/** In MB. The memory of the step machine is outside of V8's heap. */
export const STEP_HEAP_MB = 256;

/** Pages that a native run gets beyond its first ones before it must ask for all that it may have: 64 MiB. */
const GROWTH_PAGES = 1024;
/**
 * For lowering, rewriting and machine code: the most bytes for a byte of the module that were measured
 * (docs/prover.md#memory).
 */
const NATIVE_BYTES_PER_WASM_BYTE = 40;
/** For the instructions, raw and decoded: bytes for a byte of code. */
const STEP_BYTES_PER_CODE_BYTE = 3;
/** For slots, tables and trees of a step machine. */
const STEP_BASE_BYTES = 8 * MIB;
/** Time beside what the gas pays for, because a machine may have other work while it loads a module. */
const GRACE_MS = 30_000;
/**
 * A run is dear if it takes longer than this and `DEAR_FACTOR` times what its gas pays for together: a busy machine
 * makes everything slower.
 */
const DEAR_MS = 250;
const DEAR_FACTOR = 3;

export function sizeOfJob(
  parts: Pick<ProgramParts, 'header'> & PartLengths,
  inputs: number,
  paidWasm: number = parts.wasm,
): JobSize {
  const { pagesInitial, pagesMax } = decodeProgramHeader(parts.header);
  const { code, image, slots, data, wasm } = parts;
  return { code, image, slots, data, wasm, paidWasm, pagesInitial, pagesMax, inputs };
}

export type PartLengths = Pick<JobSize, 'code' | 'image' | 'slots' | 'data' | 'wasm'>;

export function partLengths({ code, image, slots, data, wasm }: ProgramParts): PartLengths {
  return { code: code.length, image: image.length, slots: slots.length, data: data.length, wasm: wasm.length };
}

/**
 * The most pages of an attempt. Few programs grow by much, but nearly all may: `full` is for those that have done so.
 */
export function pagesOf({ pagesInitial, pagesMax }: JobSize, full: boolean): number {
  return full ? pagesMax : Math.min(pagesMax, pagesInitial + GROWTH_PAGES);
}

/**
 * The bytes that a job takes beside those of the thread. Inputs and parts count twice: as the store gave them, and in
 * the thread.
 */
export function bytesOfJob(engine: JobEngine, size: JobSize, pages: number, gasLimit: bigint): number {
  const { code, image, slots, data, wasm, inputs } = size;
  // A buffer is doubled when it is full, and each leaf of output costs gas.
  const output = Math.min(MAX_OUTPUT_BYTES, Number(gasLimit) * LEAF_BYTES) * 2;
  const parts = 2 * (code + image + slots + data);
  const own =
    engine === 'native' ? wasm * NATIVE_BYTES_PER_WASM_BYTE : code * STEP_BYTES_PER_CODE_BYTE + STEP_BASE_BYTES;
  return 2 * inputs + parts + own + output + pages * PAGE_BYTES;
}

/** Bytes outside of V8's heap that a thread may still have when the job is done, until V8 looks for garbage. */
export function leftBytes({ code, image, slots, data, inputs }: JobSize, pages: number): number {
  return inputs + code + image + slots + data + pages * PAGE_BYTES;
}

/**
 * Milliseconds in which a native thread must have loaded the program, and run it: what the gas pays for, and some
 * grace.
 */
export function nativeLimits(size: JobSize, gasLimit: bigint): { readonly loadMs: number; readonly runMs: number } {
  return { loadMs: GRACE_MS + paidMs(jobLoadGas(size)), runMs: GRACE_MS + paidMs(gasLimit) };
}

/**
 * True if a native run that had to load the program took far longer than its gas pays for. Such loading is not
 * repeated: when no thread holds the program any more, the program runs on the step machine.
 */
export function isDear(size: JobSize, gasUsed: bigint, ms: number): boolean {
  return ms > DEAR_MS + DEAR_FACTOR * paidMs(jobLoadGas({ ...size, wasm: size.paidWasm }) + gasUsed);
}

/** The gas that the kernel takes for loading (docs/kernel.md#loading). Inputs are counted by their bytes. */
export function jobLoadGas(size: JobSize): bigint {
  return loadGasOf(size) + BigInt(size.inputs) * INPUT_BYTE_GAS;
}

function paidMs(gas: bigint): number {
  return Number(gas * SLOWEST_NS_PER_GAS) / 1e6;
}
