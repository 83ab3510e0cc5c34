// docs/prover.md#programs: where the parts of every deployed program lie, by programId.
import { createReader, createWriter } from '../protocol/bytes.ts';
import { hashHeader, PROGRAM_HEADER_BYTES, type ProgramEntry } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';

type ProgramWrite = { readonly type: 'put'; readonly key: string; readonly value: Uint8Array };

/** The part of a level (or sublevel) with string keys and `view` values that is used here. */
export type ProgramTable = {
  get(key: string): Promise<Uint8Array | undefined>;
  batch(writes: ProgramWrite[]): Promise<void>;
};

export type ProgramRegistry = {
  /** Filled when a Deploy message is executed. Names are content addresses: nothing is ever taken out. */
  register(programs: readonly ProgramEntry[]): Promise<void>;
  find(programId: Hex): Promise<ProgramEntry | undefined>;
};

export function createProgramRegistry(table: ProgramTable): ProgramRegistry {
  return {
    async register(programs) {
      const writes = programs.map((entry): ProgramWrite => {
        return { type: 'put', key: hashHeader(entry.header), value: encodeEntry(entry) };
      });
      if (writes.length > 0) await table.batch(writes);
    },
    async find(programId) {
      const bytes = await table.get(programId);
      return bytes === undefined ? undefined : decodeEntry(bytes);
    },
  };
}

function encodeEntry(entry: ProgramEntry): Uint8Array {
  return createWriter()
    .bytes(entry.header)
    .u64(entry.codeLength)
    .hex(entry.imageTreeRoot, 32)
    .u64(entry.imageLength)
    .hex(entry.slotsTreeRoot, 32)
    .u64(entry.slotsLength)
    .u64(entry.dataLength)
    .hex(entry.wasmRoot, 32)
    .u64(entry.wasmLength)
    .finish();
}

function decodeEntry(bytes: Uint8Array): ProgramEntry {
  const reader = createReader(bytes, 'program entry');
  return {
    header: reader.bytes(PROGRAM_HEADER_BYTES, 'header'),
    codeLength: reader.size('codeLength'),
    imageTreeRoot: reader.hex(32, 'imageTreeRoot'),
    imageLength: reader.size('imageLength'),
    slotsTreeRoot: reader.hex(32, 'slotsTreeRoot'),
    slotsLength: reader.size('slotsLength'),
    dataLength: reader.size('dataLength'),
    wasmRoot: reader.hex(32, 'wasmRoot'),
    wasmLength: reader.size('wasmLength'),
  };
}
