// docs/prover.md#guard: programs that were being run natively for the first time when the process ended. V8 ends a whole process when it cannot get memory for its compilers, and no thread of it hears of that.
import type { Hex } from '../../protocol/hex.ts';
import type { Store } from '../../service/storage/store.ts';

export type NativeGuard = {
  /** False for a program during whose native run the process has ended twice. */
  allows(programId: Hex): boolean;
  /**
   * Notes that the program is run natively. The note is written before the promise resolves, so it outlives the
   * process.
   */
  begin(programId: Hex): Promise<void>;
  /** Takes the note back: the process has survived the run. */
  end(programId: Hex): Promise<void>;
};

/** One end may be chance: somebody may have stopped the process. */
const STRIKES = 2;

/** Call it once for a store, before anything runs. */
export async function openNativeGuard(store: Store): Promise<NativeGuard> {
  const table = store.table<number>('native');
  const strikes = new Map<Hex, number>();
  for await (const [programId, before] of table.entries()) strikes.set(programId as Hex, before + 1);
  await store.write([...strikes].map(([programId, count]) => table.put(programId, count)));
  return {
    allows: (programId) => (strikes.get(programId) ?? 0) < STRIKES,
    begin: (programId) => store.write([table.put(programId, strikes.get(programId) ?? 0)], { sync: false }),
    async end(programId) {
      strikes.delete(programId);
      await store.write([table.delete(programId)], { sync: false });
    },
  };
}
