// docs/staking.md#stake: own stake for a role, and the pool into which others delegate.
import { MizuError } from '../../protocol/errors.ts';
import type { Address } from '../../protocol/hex.ts';
import { ROLE, type Role } from '../../protocol/roles.ts';
import type { Stakes } from './connect.ts';
import { approval, assertTokens, GAS_AT_MOST, managerCall, type StakeCall } from './plan.ts';
import type { PoolStanding } from './pools.ts';
import { assertAmount, assertMinimum, formatPercent, noPool } from './refusals.ts';
import { typedRole } from './role-name.ts';
import type { RoleStanding } from './standing.ts';

export type StakeWish = {
  readonly role: Role;
  readonly amountWei?: bigint | undefined;
  /** Basis points, of a pool that is opened. */
  readonly openPool?: number | undefined;
  /** Basis points, of a pool that is open. */
  readonly commission?: number | undefined;
};

/** @throws MizuError `sdk/bad-amount`, `sdk/below-minimum`, `sdk/no-tokens`, `sdk/no-pool`, `sdk/pool-is-open` */
export async function planStake(
  stakes: Stakes,
  account: Address,
  { role, amountWei, openPool, commission }: StakeWish,
  standing: RoleStanding,
): Promise<StakeCall[]> {
  const calls: StakeCall[] = [];
  if (openPool !== undefined && standing.pool !== undefined) throw poolIsOpen(role, standing.pool, openPool);
  if (commission !== undefined && standing.pool === undefined) throw noPool(account, role);
  if (amountWei !== undefined) {
    assertAmount(amountWei);
    assertMinimum(standing, amountWei);
    await assertTokens(stakes, account, amountWei);
    const approve = await approval(stakes, account, stakes.manager, amountWei);
    const call = managerCall(stakes, 'stake', [account, ROLE[role], amountWei]);
    calls.push(...approve, { what: 'stake', call, ...(approve.length === 0 ? {} : { gasAtMost: GAS_AT_MOST.stake }) });
  }
  if (openPool !== undefined)
    calls.push({ what: 'open the pool', call: managerCall(stakes, 'openPool', [ROLE[role], openPool]) });
  if (commission !== undefined)
    calls.push({ what: 'set the commission', call: managerCall(stakes, 'setCommission', [ROLE[role], commission]) });
  return calls;
}

function poolIsOpen(role: Role, { pool, commission }: PoolStanding, wanted: number): MizuError {
  return new MizuError({
    code: 'sdk/pool-is-open',
    message: `The account's pool as ${typedRole(role)} is open already.`,
    expected: 'no pool',
    actual: `${pool}, with a commission of ${formatPercent(commission.current)}`,
    hint: `Leave --open-pool out; another commission is set with --commission ${wanted / 100}%`,
  });
}
