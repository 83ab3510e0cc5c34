// docs/vm.md#header: the header of a program, its encoding and the name that is its hash.
import { createReader, createWriter, malformed } from './bytes.ts';
import { TAG } from './constants.ts';
import { concatBytes, type Hex } from './hex.ts';
import { keccakHex } from './tree.ts';

/** The version of the lowering and of docs/vm.md. */
export const PROGRAM_VERSION = 1n;
export const PROGRAM_HEADER_BYTES = 152;

export type ProgramHeader = {
  readonly version: bigint;
  readonly codeRoot: Hex;
  /** Root of the initial linear memory, at the depth of `pagesMax` pages. */
  readonly memoryRoot: Hex;
  readonly slotsRoot: Hex;
  readonly dataRoot: Hex;
  readonly pagesInitial: number;
  readonly pagesMax: number;
  /** Index of the first instruction. */
  readonly entry: number;
  /** Slots before the first frame. */
  readonly globals: number;
};

/** 152 bytes. */
export function encodeProgramHeader(header: ProgramHeader): Uint8Array {
  return createWriter()
    .u64(header.version)
    .hex(header.codeRoot, 32)
    .hex(header.memoryRoot, 32)
    .hex(header.slotsRoot, 32)
    .hex(header.dataRoot, 32)
    .u32(header.pagesInitial)
    .u32(header.pagesMax)
    .u32(header.entry)
    .u32(header.globals)
    .finish();
}

/** @throws MizuError `protocol/malformed` if the bytes are no header of this version */
export function decodeProgramHeader(bytes: Uint8Array): ProgramHeader {
  const reader = createReader(bytes, 'program header');
  const header = {
    version: reader.u64('version'),
    codeRoot: reader.hex(32, 'codeRoot'),
    memoryRoot: reader.hex(32, 'memoryRoot'),
    slotsRoot: reader.hex(32, 'slotsRoot'),
    dataRoot: reader.hex(32, 'dataRoot'),
    pagesInitial: reader.u32('pagesInitial'),
    pagesMax: reader.u32('pagesMax'),
    entry: reader.u32('entry'),
    globals: reader.u32('globals'),
  };
  reader.end();
  return header;
}

/** The programId. */
export function hashProgram(header: ProgramHeader): Hex {
  return hashProgramHeader(encodeProgramHeader(header));
}

/**
 * The programId of an encoded header.
 * @throws MizuError `protocol/malformed`
 */
export function hashProgramHeader(header: Uint8Array): Hex {
  if (header.length !== PROGRAM_HEADER_BYTES)
    throw malformed('program header', `${PROGRAM_HEADER_BYTES} bytes`, `${header.length} bytes`);
  return keccakHex(concatBytes([Uint8Array.of(TAG.program), header]));
}
