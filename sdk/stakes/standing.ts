// docs/staking.md#show: what an account has in each role, and who holds it.
import { zeroAddress } from 'viem';
import { POWER } from '../../protocol/generated/enums.ts';
import type { Address } from '../../protocol/hex.ts';
import { ROLE, ROLES, type Role } from '../../protocol/roles.ts';
import type { StakeAuthority, Stakes } from './connect.ts';
import { type Delegation, findDelegations, type Leaving, type PoolStanding, readPool } from './pools.ts';
import { type DueIncome, managerRead, readIncome, readTogether } from './read.ts';

export type StakeLock = { readonly by: string; readonly amountWei: bigint };

export type RoleStanding = {
  readonly role: Role;
  readonly minimumWei: bigint;
  /** Own stake that is not on its way out. */
  readonly activeWei: bigint;
  readonly leaving: readonly Leaving[];
  readonly lockedWei: bigint;
  readonly locks: readonly StakeLock[];
  /** Own stake that can be unbonded. */
  readonly freeWei: bigint;
  /** Own stake and what counts of the delegated. */
  readonly weightWei: bigint;
  /** Of all accounts in the role. */
  readonly totalWeightWei: bigint;
  /** Contracts of the network that may slash stakes of the role. */
  readonly slashers: readonly StakeAuthority[];
  readonly pool: PoolStanding | undefined;
};

export type AccountStanding = {
  readonly account: Address;
  /** Of L1's head, unix seconds. */
  readonly now: bigint;
  readonly unbondingSeconds: bigint;
  readonly roles: readonly RoleStanding[];
  readonly delegations: readonly Delegation[];
  readonly income: DueIncome;
};

type Unbondings = readonly { readonly amount: bigint; readonly releaseTime: bigint }[];

/** @throws MizuError `sdk/too-many-pools` */
export async function readAccountStanding(
  stakes: Stakes,
  account: Address,
  operator?: Address,
): Promise<AccountStanding> {
  const [{ timestamp: now }, roles, delegations, income] = await Promise.all([
    stakes.l1.client.getBlock(),
    Promise.all(ROLES.map((role) => readRole(stakes, account, role))),
    findDelegations(stakes, account, operator),
    readIncome(stakes, account),
  ]);
  return { account, now, unbondingSeconds: stakes.unbondingSeconds, roles, delegations, income };
}

export async function readRole(stakes: Stakes, account: Address, role: Role): Promise<RoleStanding> {
  const { authorities } = stakes;
  const of = (functionName: string, ...args: unknown[]) => managerRead(stakes, functionName, [...args, ROLE[role]]);
  const [minimumWei, activeWei, unbondings, lockedWei, weightWei, totalWeightWei, poolAddress, ...held] =
    (await readTogether(stakes, [
      of('minimumOf'),
      of('activeOf', account),
      of('unbondingsOf', account),
      of('lockedOf', account),
      of('weightOf', account),
      of('totalWeightOf'),
      of('poolOf', account),
      ...authorities.map(({ address }) => of('lockedBy', address, account)),
      ...authorities.map(({ address }) => of('powerOf', address)),
    ])) as [bigint, bigint, Unbondings, bigint, bigint, bigint, Address, ...unknown[]];
  const locks = authorities.map(({ name }, i) => ({ by: name, amountWei: held[i] as bigint }));
  const others = lockedWei - locks.reduce((sum, { amountWei }) => sum + amountWei, 0n);
  return {
    role,
    minimumWei,
    activeWei,
    leaving: unbondings.map(({ amount, releaseTime }) => ({ amountWei: amount, releaseTime })),
    lockedWei,
    locks: [...locks, { by: 'another contract', amountWei: others }].filter(({ amountWei }) => amountWei > 0n),
    freeWei: activeWei > lockedWei ? activeWei - lockedWei : 0n,
    weightWei,
    totalWeightWei,
    slashers: authorities.filter((_, i) => held[authorities.length + i] === POWER.slash),
    pool: poolAddress === zeroAddress ? undefined : await readPool(stakes, account, role, poolAddress),
  };
}
