// docs/prover.md#programs: where the parts of every deployed program lie, by programId, and which module runs it natively.
import { createReader, createWriter } from '../protocol/bytes.ts';
import { type ProgramEntry, readProgram, writeProgram } from '../protocol/definition.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { hashProgramHeader } from '../protocol/program.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import type { Store } from '../service/storage/store.ts';

export type ProgramRegistry = {
  /**
   * Called when a Deploy message has been executed. `recorded`: what the state's record `P` then says of each program;
   * without it the entry that was registered first stays the first one. A module that did not fit may be tried once
   * more.
   */
  register(programs: readonly ProgramEntry[], recorded?: readonly ProgramEntry[]): Promise<void>;
  /** The entry that says how the program runs: that of the state. */
  find(programId: Hex): Promise<ProgramEntry | undefined>;
  /** That entry first, then others with the same programId, the latest first. */
  entries(programId: Hex): Promise<readonly ProgramEntry[]>;
  /**
   * The module to load next: the shortest that fits or was not tried yet. The result is undefined if no known module
   * fits.
   */
  module(programId: Hex): Promise<KnownModule | undefined>;
  /** Notes what came of loading that module. */
  judge(programId: Hex, root: Hex, verdict: ModuleVerdict): Promise<void>;
};

/** `fits`: the module is known to lower to the program. */
export type KnownModule = ObjectRef & { readonly fits: boolean };

/**
 * The module lowers to the program (`fits`) or does not (`unfit`), or nobody has it (`absent`), which is forgotten with
 * the process.
 */
export type ModuleVerdict = 'fits' | 'unfit' | 'absent';

/** What is kept over a restart. */
type Judged = { readonly fits?: Hex; readonly unfit: readonly Hex[] };

/** The most entries of one program beside that of the state. Each was deployed, and paid for. */
const OTHERS_MAX = 8;
const ABSENT_MAX = 65_536;
const NONE_JUDGED: Judged = { unfit: [] };

export function createProgramRegistry(store: Store): ProgramRegistry {
  const table = store.bytes('programs');
  const judgements = store.table<Judged>('modules');
  const absent = new Set<string>();
  // One change after another: each begins from what the one before has written.
  let last: Promise<void> = Promise.resolve();
  const inTurn = (change: () => Promise<void>): Promise<void> => {
    const turn = last.then(change);
    last = turn.catch(() => undefined);
    return turn;
  };
  const read = async (programId: Hex): Promise<ProgramEntry[]> => {
    const bytes = await table.get(programId);
    return bytes === undefined ? [] : decodeEntries(bytes);
  };
  const readJudged = async (programId: Hex): Promise<Judged> => (await judgements.get(programId)) ?? NONE_JUDGED;

  async function add(programs: readonly ProgramEntry[], recorded?: readonly ProgramEntry[]): Promise<void> {
    const changed = new Map<Hex, { entries: ProgramEntry[]; judged: Judged }>();
    for (const [i, entry] of programs.entries()) {
      const programId = hashProgramHeader(entry.header);
      const { entries: known, judged: before } = changed.get(programId) ?? {
        entries: await read(programId),
        judged: await readJudged(programId),
      };
      absent.delete(programId + entry.wasmRoot);
      const again = { ...before, unfit: before.unfit.filter((root) => root !== entry.wasmRoot) };
      const first = recorded?.[i] ?? known[0] ?? entry;
      const others = [entry, ...known].filter((other) => !isSame(other, first));
      const distinct = others.filter((other, at) => others.findIndex((earlier) => isSame(earlier, other)) === at);
      const entries = [first, ...bounded(distinct, again)];
      const unfit = again.unfit.filter((root) => entries.some(({ wasmRoot }) => wasmRoot === root));
      changed.set(programId, { entries, judged: { ...again, unfit } });
    }
    await store.write(
      [...changed].flatMap(([programId, { entries, judged }]) => [
        table.put(programId, encodeEntries(entries)),
        judgements.put(programId, judged),
      ]),
      { sync: false },
    );
  }

  return {
    register: (programs, recorded) => inTurn(() => add(programs, recorded)),
    find: async (programId) => (await read(programId))[0],
    entries: read,
    async module(programId) {
      const [entries, { fits, unfit }] = await Promise.all([read(programId), readJudged(programId)]);
      const open = entries.filter(({ wasmRoot }) => !unfit.includes(wasmRoot) && !absent.has(programId + wasmRoot));
      // Of two modules of one length the one that fits goes first: a later one of the same length is no better.
      const order = (entry: ProgramEntry) => entry.wasmLength - (entry.wasmRoot === fits ? 0.5 : 0);
      const [shortest] = open.sort((left, right) => order(left) - order(right));
      return shortest && { root: shortest.wasmRoot, length: shortest.wasmLength, fits: shortest.wasmRoot === fits };
    },
    judge: (programId, root, verdict) =>
      inTurn(async () => {
        if (verdict === 'absent') {
          absent.add(programId + root);
          if (absent.size > ABSENT_MAX) absent.delete(absent.values().next().value!);
          return;
        }
        const before = await readJudged(programId);
        // The same bytes always lower to the same program, so an earlier verdict stays.
        if (before.fits === root || before.unfit.includes(root)) return;
        const after = verdict === 'fits' ? { ...before, fits: root } : { ...before, unfit: [...before.unfit, root] };
        await store.write([judgements.put(programId, after)], { sync: false });
      }),
  };
}

// The entry whose module fits is always kept. Then come modules that were not tried, then those that did not fit, the
// latest first.
function bounded(others: readonly ProgramEntry[], { fits, unfit }: Judged): ProgramEntry[] {
  const rank = ({ wasmRoot }: ProgramEntry) => (wasmRoot === fits ? 0 : unfit.includes(wasmRoot) ? 2 : 1);
  const kept = new Set([...others].sort((left, right) => rank(left) - rank(right)).slice(0, OTHERS_MAX));
  return others.filter((other) => kept.has(other));
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
