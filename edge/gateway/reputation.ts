// docs/edge.md#reputation: 100 points at first; what a worker does wrong costs some, what it does right gives them
// back.
import type { Address } from '../../protocol/hex.ts';
import type { Store } from '../../service/storage/store.ts';

export const FAULT_POINTS = { liar: 50, signature: 50, frame: 20, timeout: 10 } as const;

export type WorkerFault = keyof typeof FAULT_POINTS;

export type Reputation = {
  /** At 0 a worker gets no leases, until its entry is removed from the data folder. */
  isBanned(worker: Address): boolean;
  points(worker: Address): number;
  succeeded(worker: Address): void;
  /** Puts on the disk what workers have won back since the last call. */
  save(): Promise<void>;
  /** Durable when the promise resolves. */
  failed(worker: Address, fault: WorkerFault): Promise<void>;
};

const FULL_POINTS = 100;

export async function openReputation(store: Store): Promise<Reputation> {
  const table = store.table<number>('reputation');
  const points = new Map<Address, number>();
  for await (const [worker, value] of table.entries()) points.set(worker as Address, value);
  const unsaved = new Set<Address>();
  const pointsOf = (worker: Address) => points.get(worker) ?? FULL_POINTS;
  return {
    isBanned: (worker) => pointsOf(worker) <= 0,
    points: pointsOf,
    succeeded: (worker) => {
      const current = points.get(worker);
      if (current === undefined || current <= 0 || current >= FULL_POINTS) return;
      points.set(worker, current + 1);
      unsaved.add(worker);
    },
    save: async () => {
      const workers = [...unsaved];
      unsaved.clear();
      await store.write(workers.map((worker) => table.put(worker, pointsOf(worker))));
    },
    failed: async (worker, fault) => {
      const left = Math.max(0, pointsOf(worker) - FAULT_POINTS[fault]);
      points.set(worker, left);
      await store.write([table.put(worker, left)]);
    },
  };
}
