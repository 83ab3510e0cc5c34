// docs/edge.md#queue: the leases that workers hold now: their numbers, their seals, and whose they are.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Address } from '../../protocol/hex.ts';
import type { HeldLease } from '../frames.ts';
import type { Audit } from './audit.ts';
import { createShares, type Holder } from './shares.ts';

export type Lease = HeldLease & { readonly worker: Address; readonly audit?: Audit };

export type LeasesOptions = {
  /** Rises with every start of the gateway: a lease number is never used twice. */
  readonly epoch: number;
  /** Key of the leases' seals, kept over restarts. */
  readonly secret: Uint8Array;
  readonly leaseSeconds: number;
  /** Unix milliseconds. */
  readonly now: () => number;
};

/** What is leased: rows of a task, whose owner and run are the holder. */
export type LeasedRows = {
  readonly task: string;
  readonly holder: Holder;
  readonly places: readonly number[];
  readonly audit?: Audit | undefined;
};

export type Leases = {
  grant(rows: LeasedRows, worker: Address): Lease;
  /** The worker holds again what an earlier start of the gateway has granted to it. */
  resume(held: HeldLease, worker: Address, holder: Holder): void;
  /** True if this gateway has granted the lease to this worker, now or in an earlier start. */
  isSealed(held: HeldLease, worker: Address): boolean;
  get(lease: number): Lease | undefined;
  /** False if it was released before. */
  release(lease: Lease): boolean;
  /** While the answer of a lease is judged and stored, the lease is answered by nothing else and does not expire. */
  settle<T>(lease: Lease, work: () => Promise<T>): Promise<T>;
  isSettling(lease: number): boolean;
  /** Leases of this worker that are not being settled. */
  of(worker: Address): Lease[];
  /** Leases past their deadline that are not being settled. */
  late(): Lease[];
  /** Below 0 if `a` comes before `b`: its owner has fewer rows at workers, or has as many and its run has fewer. */
  compare(a: Holder, b: Holder): number;
  /** Rows at workers. */
  rows(): number;
};

const LEASES_PER_EPOCH = 2 ** 30;

export function createLeases({ epoch, secret, leaseSeconds, now }: LeasesOptions): Leases {
  /** The holder is kept beside the lease, whose task may end before it. */
  const leases = new Map<number, { readonly lease: Lease; readonly holder: Holder }>();
  const byWorker = new Map<Address, Set<Lease>>();
  const settling = new Set<number>();
  const shares = createShares();
  let last = 0;

  const hold = (lease: Lease, holder: Holder) => {
    leases.set(lease.lease, { lease, holder });
    shares.add(holder, lease.places.length);
    const held = byWorker.get(lease.worker);
    if (held === undefined) byWorker.set(lease.worker, new Set([lease]));
    else held.add(lease);
  };

  const sealOf = (held: Omit<HeldLease, 'seal'>, worker: Address): string =>
    createHmac('sha256', secret)
      .update(JSON.stringify([held.lease, worker, held.task, held.places, held.deadline]))
      .digest('base64url');

  const isFree = (lease: Lease) => !settling.has(lease.lease);

  return {
    grant: ({ task, holder, places, audit }, worker) => {
      last += 1;
      const held = { lease: epoch * LEASES_PER_EPOCH + last, task, places, deadline: now() + leaseSeconds * 1000 };
      const lease: Lease = { ...held, seal: sealOf(held, worker), worker, ...(audit === undefined ? {} : { audit }) };
      hold(lease, holder);
      return lease;
    },
    resume: (held, worker, holder) => hold({ ...held, worker }, holder),
    isSealed: (held, worker) => {
      const expected = Buffer.from(sealOf(held, worker));
      const given = Buffer.from(held.seal);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
    get: (number) => leases.get(number)?.lease,
    release: (lease) => {
      const known = leases.get(lease.lease);
      if (known === undefined) return false;
      leases.delete(lease.lease);
      shares.add(known.holder, -lease.places.length);
      const held = byWorker.get(lease.worker);
      held?.delete(known.lease);
      if (held?.size === 0) byWorker.delete(lease.worker);
      return true;
    },
    settle: async ({ lease }, work) => {
      settling.add(lease);
      try {
        return await work();
      } finally {
        settling.delete(lease);
      }
    },
    isSettling: (number) => settling.has(number),
    of: (worker) => [...(byWorker.get(worker) ?? [])].filter(isFree),
    late: () =>
      [...leases.values()].map(({ lease }) => lease).filter((lease) => lease.deadline <= now() && isFree(lease)),
    compare: shares.compare,
    rows: () => {
      let rows = 0;
      for (const { lease } of leases.values()) rows += lease.places.length;
      return rows;
    },
  };
}
