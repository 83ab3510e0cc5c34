// docs/edge.md#worker-accounts: what each worker has earned since ever, as the gateway has signed or will sign it.
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Domain } from '../../protocol/typed-data.ts';
import { createMutex } from '../../service/process/mutex.ts';
import type { Operation, Store } from '../../service/storage/store.ts';
import type { WorkerAccountFrame } from '../frames.ts';
import { hashWorkerAccount, type ResultSigner, verifySignature } from '../signing.ts';
import { splitPayment, type WorkerShare } from './split.ts';

/** What the kernel paid for a task's item, in wei, and the workers whose rows are in it. */
export type PaidItem = { readonly paidWei: bigint; readonly shares: readonly WorkerShare[] };

export type Accounts = {
  /** Wei since ever. */
  earned(worker: Address): bigint;
  /** The gateway's signature over what the worker has earned; undefined if that is nothing. */
  sign(worker: Address): WorkerAccountFrame | undefined;
  /**
   * Divides what was paid for the items of a batch among the workers. `write` puts the operations on the disk together
   * with the end of the batch, so that each item is divided once, whatever happens.
   */
  pay(items: readonly PaidItem[], write: (operations: readonly Operation[]) => Promise<void>): Promise<void>;
  /**
   * Takes over what the worker shows: after a loss of the data folder it may be more than is known. Nothing but this
   * gateway's own signature counts.
   */
  adopt(worker: Address, shown: WorkerAccountFrame): Promise<void>;
  /** Wei of all workers since ever. */
  total(): bigint;
};

export type AccountsOptions = {
  readonly store: Store;
  readonly signer: ResultSigner;
  readonly domain: Domain;
  /** The workers' part of what the kernel pays for tokens. */
  readonly basisPoints: number;
  /** The workers have earned more. */
  readonly onPaid: (workers: readonly Address[]) => void;
};

export async function openAccounts(options: AccountsOptions): Promise<Accounts> {
  const { store, signer, domain, basisPoints } = options;
  const table = store.table<bigint>('worker-account');
  const totals = new Map<Address, bigint>();
  /** The last that was signed for each worker: anyone may ask for it. */
  const signed = new Map<Address, WorkerAccountFrame>();
  // Two changes at once could each start from the same total.
  const inTurn = createMutex();
  for await (const [worker, total] of table.entries()) totals.set(worker as Address, total);
  const earned = (worker: Address) => totals.get(worker) ?? 0n;
  const hashOf = (worker: Address, total: bigint): Hex =>
    hashWorkerAccount(domain, { gateway: signer.address, worker, total });

  return {
    earned,
    sign: (worker) => {
      const total = earned(worker);
      if (total === 0n) return undefined;
      const known = signed.get(worker);
      if (known !== undefined && known.total === String(total)) return known;
      const account = { total: String(total), signature: signer.sign(hashOf(worker, total)) };
      signed.set(worker, account);
      return account;
    },
    pay: (items, write) =>
      inTurn(async () => {
        const next = new Map<Address, bigint>();
        for (const { paidWei, shares } of items)
          for (const { worker, wei } of splitPayment(paidWei, basisPoints, shares))
            if (wei > 0n) next.set(worker, (next.get(worker) ?? earned(worker)) + wei);
        await write([...next].map(([worker, total]) => table.put(worker, total)));
        for (const [worker, total] of next) totals.set(worker, total);
        options.onPaid([...next.keys()]);
      }),
    adopt: (worker, { total, signature }) =>
      inTurn(async () => {
        const shown = BigInt(total);
        if (shown <= earned(worker) || !verifySignature(hashOf(worker, shown), signature, signer.publicKey)) return;
        await store.write([table.put(worker, shown)]);
        totals.set(worker, shown);
      }),
    total: () => [...totals.values()].reduce((sum, total) => sum + total, 0n),
  };
}
