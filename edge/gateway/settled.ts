// docs/edge.md#worker-accounts: what the network has paid of workers' accounts, as the sequencer tells; for displays.
import type { Address } from '../../protocol/hex.ts';
import type { Logger } from '../../service/process/log.ts';

export type SettledAmounts = {
  /** Wei that were paid to the worker, as last read; 0 before that. */
  of(worker: Address): bigint;
  total(): bigint;
  /** Reads anew what one of these workers was paid, each in its turn, unless a read runs. */
  readNext(workers: readonly Address[]): void;
};

export function createSettledAmounts(read: (worker: Address) => Promise<bigint>, log: Logger): SettledAmounts {
  const paid = new Map<Address, bigint>();
  let turn = 0;
  let isReading = false;
  return {
    of: (worker) => paid.get(worker) ?? 0n,
    total: () => [...paid.values()].reduce((sum, wei) => sum + wei, 0n),
    readNext: (workers) => {
      const worker = workers[turn % Math.max(1, workers.length)];
      if (isReading || worker === undefined) return;
      turn += 1;
      isReading = true;
      read(worker)
        .then((wei) => void paid.set(worker, wei))
        .catch((err: unknown) => log.debug({ err, worker }, 'what a worker was paid cannot be read'))
        .finally(() => {
          isReading = false;
        });
    },
  };
}
