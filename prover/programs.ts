// docs/prover.md#programs: where the parts of every deployed program lie, by programId.
import { createReader, createWriter } from '../protocol/bytes.ts';
import { hashHeader, type ProgramEntry, readProgram, writeProgram } from '../protocol/definition.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import type { Store } from '../service/store.ts';

export type ProgramRegistry = {
  /**
   * Filled when a Deploy message has been executed. `recorded`: what the state's record `P` then says of each; without it the entry that was
   * registered first stays the first one.
   */
  register(programs: readonly ProgramEntry[], recorded?: readonly ProgramEntry[]): Promise<void>;
  /** The entry that says how the program runs: that of the state. */
  find(programId: Hex): Promise<ProgramEntry | undefined>;
  /** That entry first, then others with the same programId, the latest first. */
  entries(programId: Hex): Promise<readonly ProgramEntry[]>;
};

/** Entries of one program beside that of the state: each was deployed, and paid for. */
const OTHERS_MAX = 8;

export function createProgramRegistry(store: Store): ProgramRegistry {
  const table = store.bytes('programs');
  const read = async (programId: Hex): Promise<ProgramEntry[]> => {
    const bytes = await table.get(programId);
    return bytes === undefined ? [] : decodeEntries(bytes);
  };
  return {
    async register(programs, recorded) {
      const changed = new Map<Hex, ProgramEntry[]>();
      for (const [i, entry] of programs.entries()) {
        const programId = hashHeader(entry.header);
        const known = changed.get(programId) ?? (await read(programId));
        const first = recorded?.[i] ?? known[0] ?? entry;
        const others = [entry, ...known].filter((other) => !isSame(other, first));
        const distinct = others.filter((other, at) => others.findIndex((earlier) => isSame(earlier, other)) === at);
        changed.set(programId, [first, ...distinct.slice(0, OTHERS_MAX)]);
      }
      await store.write(
        [...changed].map(([programId, entries]) => table.put(programId, encodeEntries(entries))),
        { sync: false },
      );
    },
    find: async (programId) => (await read(programId))[0],
    entries: read,
  };
}

function isSame(left: ProgramEntry, right: ProgramEntry): boolean {
  return bytesToHex(encodeEntries([left])) === bytesToHex(encodeEntries([right]));
}

function encodeEntries(entries: readonly ProgramEntry[]): Uint8Array {
  const writer = createWriter();
  for (const entry of entries) writeProgram(writer, entry);
  return writer.finish();
}

function decodeEntries(bytes: Uint8Array): ProgramEntry[] {
  const reader = createReader(bytes, 'program entries');
  const entries: ProgramEntry[] = [];
  while (reader.remaining() > 0) entries.push(readProgram(reader));
  return entries;
}
