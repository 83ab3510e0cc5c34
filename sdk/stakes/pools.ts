// docs/staking.md#delegate: pools of delegated stake, and what an account has in them.
import { type Abi, getContractAddress, zeroAddress } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import { delegationPoolAbi } from '../../protocol/generated/abi.ts';
import { type Address, isSameAddress } from '../../protocol/hex.ts';
import { ROLE, ROLES, type Role } from '../../protocol/roles.ts';
import type { Stakes } from './connect.ts';
import { managerRead, type Read, readTogether } from './read.ts';

/** A part of a stake on its way out. */
export type Leaving = {
  /** What it is worth now: a slash may still lower it. */
  readonly amountWei: bigint;
  /** Unix seconds on L1. */
  readonly releaseTime: bigint;
};

export type PoolStanding = {
  readonly pool: Address;
  /** With the yield that is not settled. */
  readonly assetsWei: bigint;
  readonly shares: bigint;
  /** Wei for 10^18 shares. */
  readonly sharePriceWei: bigint;
  /** What may still be delegated. */
  readonly roomWei: bigint;
  readonly commission: Commission;
};

/** In basis points of the yield of what is delegated. */
export type Commission = {
  readonly current: number;
  /** Announced: holds from that time on, unix seconds. */
  readonly next?: { readonly basisPoints: number; readonly from: bigint };
};

/** What an account has in a pool. */
export type Delegation = {
  readonly pool: Address;
  readonly operator: Address;
  readonly role: Role;
  readonly shares: bigint;
  readonly valueWei: bigint;
  readonly leaving: readonly Leaving[];
};

/** Pools that are looked through for delegations of an account. */
const MAX_POOLS = 1_024;
const POOLS_AT_ONCE = 64;
const SHARE = 10n ** 18n;

export function poolRead(pool: Address, functionName: string, args: readonly unknown[] = []): Read {
  return { address: pool, abi: delegationPoolAbi as Abi, functionName, args };
}

/** Undefined if the operator has opened none. */
export async function findPool(stakes: Stakes, operator: Address, role: Role): Promise<Address | undefined> {
  const [pool] = (await readTogether(stakes, [managerRead(stakes, 'poolOf', [operator, ROLE[role]])])) as [Address];
  return pool === zeroAddress ? undefined : pool;
}

export async function readPool(stakes: Stakes, operator: Address, role: Role, pool: Address): Promise<PoolStanding> {
  const [assetsWei, shares, sharePriceWei, roomWei, [current, next, nextFrom]] = (await readTogether(stakes, [
    poolRead(pool, 'totalAssets'),
    poolRead(pool, 'totalSupply'),
    poolRead(pool, 'convertToAssets', [SHARE]),
    poolRead(pool, 'maxDeposit', [operator]),
    managerRead(stakes, 'commissionOf', [operator, ROLE[role]]),
  ])) as [bigint, bigint, bigint, bigint, [number, number, bigint]];
  const announced = nextFrom === 0n ? {} : { next: { basisPoints: next, from: nextFrom } };
  return { pool, assetsWei, shares, sharePriceWei, roomWei, commission: { current, ...announced } };
}

/** In the pools of one operator, or in all. @throws MizuError `sdk/too-many-pools` */
export async function findDelegations(stakes: Stakes, account: Address, operator?: Address): Promise<Delegation[]> {
  const pools = operator === undefined ? await allPools(stakes) : await poolsOf(stakes, operator);
  const found: Delegation[] = [];
  for (let at = 0; at < pools.length; at += POOLS_AT_ONCE)
    found.push(...(await delegationsIn(stakes, account, pools.slice(at, at + POOLS_AT_ONCE))));
  return found;
}

/** The account's part of a pool that is one of the network. */
export async function readDelegation(
  stakes: Stakes,
  account: Address,
  place: Pick<Delegation, 'pool' | 'operator' | 'role'>,
): Promise<Delegation> {
  const { pool } = place;
  const [shares, [amounts, times]] = (await readTogether(stakes, [
    poolRead(pool, 'balanceOf', [account]),
    poolRead(pool, 'unbondingsOf', [account]),
  ])) as [bigint, [bigint[], bigint[]]];
  const [valueWei] = (await readTogether(stakes, [poolRead(pool, 'convertToAssets', [shares])])) as [bigint];
  const leaving = amounts.map((amountWei, i) => ({ amountWei, releaseTime: times[i]! }));
  return { ...place, shares, valueWei, leaving };
}

async function delegationsIn(stakes: Stakes, account: Address, pools: readonly Address[]): Promise<Delegation[]> {
  const reads = pools.flatMap((pool) => [
    poolRead(pool, 'balanceOf', [account]),
    poolRead(pool, 'unbondingsOf', [account]),
    poolRead(pool, 'operator'),
    poolRead(pool, 'role'),
    poolRead(pool, 'stakes'),
  ]);
  const answers = await readTogether(stakes, reads);
  const found: Delegation[] = [];
  for (const [i, pool] of pools.entries()) {
    const [shares, [amounts], operator, role, owner] = answers.slice(5 * i, 5 * i + 5) as PoolAnswers;
    // Anyone may have pools made; those of others are none of this network.
    if ((shares === 0n && amounts.length === 0) || !isSameAddress(owner, stakes.manager)) continue;
    found.push(await readDelegation(stakes, account, { pool, operator, role: ROLES[role]! }));
  }
  return found;
}

type PoolAnswers = [bigint, [bigint[], bigint[]], Address, number, Address];

async function poolsOf(stakes: Stakes, operator: Address): Promise<Address[]> {
  const reads = ROLES.map((role) => managerRead(stakes, 'poolOf', [operator, ROLE[role]]));
  return ((await readTogether(stakes, reads)) as Address[]).filter((pool) => pool !== zeroAddress);
}

/** The address of a contract that a contract makes follows from how many it has made (EIP-161: from 1). */
async function allPools({ l1, pools: from }: Stakes): Promise<Address[]> {
  const next = await l1.client.getTransactionCount({ address: from });
  if (next - 1 > MAX_POOLS) throw tooManyPools(next - 1);
  return Array.from({ length: next - 1 }, (_, i) => getContractAddress({ from, nonce: BigInt(i + 1) }));
}

function tooManyPools(count: number): MizuError {
  return new MizuError({
    code: 'sdk/too-many-pools',
    message: 'The network has too many pools to look through for what is delegated.',
    expected: `at most ${MAX_POOLS}`,
    actual: `${count}`,
    hint: 'Name whom you have delegated to: --operator ADDRESS.',
  });
}
