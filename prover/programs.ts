// docs/prover.md#programs: where the parts of every deployed program lie, by programId.
import { createReader, createWriter } from '../protocol/bytes.ts';
import { hashHeader, PROGRAM_HEADER_BYTES, type ProgramEntry } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';
import type { Store } from '../service/store.ts';

export type ProgramRegistry = {
  /** Filled when a Deploy message is executed. Names are content addresses: nothing is ever taken out. */
  register(programs: readonly ProgramEntry[]): Promise<void>;
  find(programId: Hex): Promise<ProgramEntry | undefined>;
};

export function createProgramRegistry(store: Store): ProgramRegistry {
  const table = store.bytes('programs');
  return {
    register: (programs) =>
      store.write(
        programs.map((entry) => table.put(hashHeader(entry.header), encodeEntry(entry))),
        { sync: false },
      ),
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
