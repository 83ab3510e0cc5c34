// docs/da.md#quotas: how many bytes are kept for whom, and how many may be.
import { MizuError } from '../protocol/errors.ts';
import type { Address } from '../protocol/hex.ts';
import type { Class, Standing } from './standing.ts';

export type QuotaOptions = {
  readonly capacityBytes: number;
  /** Of each account that has nothing. */
  readonly freeBytes: number;
  /** Of an account with tokens on the network, for each whole token. */
  readonly bytesPerToken: number;
  /** By the operator: these count as staked. */
  readonly grants: ReadonlyMap<Address, number>;
};

export type Owner = { readonly account: Address; readonly class: Class };

/** What a request adds to its account, and to its account's class. */
export type Cost = { readonly account: number; readonly class: number };

export type Quotas = {
  add(owner: Owner, bytes: number): void;
  remove(owner: Owner, bytes: number): void;
  /** @throws MizuError `da/over-quota`, `da/no-room` */
  assertRoom(account: Address, standing: Standing, cost: Cost): void;
  bytesOf(kind: Class): number;
};

/** Of the capacity. What strangers fill leaves the rest to those who have something to lose. */
const SHARE: Readonly<Record<Class, number>> = { staked: 1, paying: 1 / 2, free: 1 / 16 };
const STAKED_SHARE = 1 / 4;
const TOKEN_WEI = 10n ** 18n;
const BLOCK_BYTES = 4_096;

/** A file takes whole blocks, and an entry in the index: many small objects are not free. */
export function keptBytes(length: number): number {
  return Math.ceil(length / BLOCK_BYTES + 1) * BLOCK_BYTES;
}

export function createQuotas({ capacityBytes, freeBytes, bytesPerToken, grants }: QuotaOptions): Quotas {
  const byAccount = new Map<Address, number>();
  const byClass: Record<Class, number> = { staked: 0, paying: 0, free: 0 };

  const change = ({ account, class: kind }: Owner, bytes: number) => {
    const sum = (byAccount.get(account) ?? 0) + bytes;
    if (sum > 0) byAccount.set(account, sum);
    else byAccount.delete(account);
    byClass[kind] += bytes;
  };

  const quotaOf = (account: Address, standing: Standing): number => {
    if (standing.class === 'free') return freeBytes;
    if (standing.class === 'staked') return grants.get(account) ?? Math.floor(capacityBytes * STAKED_SHARE);
    const bought = (standing.balanceWei * BigInt(bytesPerToken)) / TOKEN_WEI;
    return Math.min(capacityBytes, freeBytes + Number(bought));
  };

  return {
    add: (owner, bytes) => change(owner, bytes),
    remove: (owner, bytes) => change(owner, -bytes),
    assertRoom: (account, standing, cost) => {
      const quota = quotaOf(account, standing);
      const used = byAccount.get(account) ?? 0;
      if (cost.account > 0 && used + cost.account > quota) throw overQuota(standing.class, quota, used, cost.account);
      const share = Math.floor(capacityBytes * SHARE[standing.class]);
      const shared = byClass[standing.class];
      if (cost.class > 0 && shared + cost.class > share) throw noRoom(standing.class, share, shared, cost.class);
    },
    bytesOf: (kind) => byClass[kind],
  };
}

function overQuota(kind: Class, quota: number, used: number, more: number): MizuError {
  return new MizuError({
    code: 'da/over-quota',
    message: `The account would have more kept than its quota (${kind}).`,
    expected: `at most ${quota} bytes, a file counted in blocks of ${BLOCK_BYTES}`,
    actual: `${used} bytes kept, ${more} more asked for`,
    hint: 'Deposit more tokens to the account, stake, or wait until promises end: docs/da.md#quotas.',
  });
}

function noRoom(kind: Class, share: number, used: number, more: number): MizuError {
  return new MizuError({
    code: 'da/no-room',
    message: `The part of this member that accounts of the class ${kind} share is full.`,
    expected: `at most ${share} bytes`,
    actual: `${used} bytes kept, ${more} more asked for`,
    hint: kind === 'free' ? 'Deposit tokens to the account: docs/da.md#quotas.' : 'Try again later, or another member.',
  });
}
