// docs/prover.md#programs: where the parts of every deployed program lie, by programId.
import { createReader, createWriter } from '../protocol/bytes.ts';
import { hashHeader, type ProgramEntry, readProgram, writeProgram } from '../protocol/definition.ts';
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
  const writer = createWriter();
  writeProgram(writer, entry);
  return writer.finish();
}

function decodeEntry(bytes: Uint8Array): ProgramEntry {
  return readProgram(createReader(bytes, 'program entry'));
}
