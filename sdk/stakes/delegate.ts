// docs/staking.md#delegate: stake that is put behind an operator, into its pool.
import { MizuError } from '../../protocol/errors.ts';
import type { Address } from '../../protocol/hex.ts';
import { formatMizu } from '../client/money.ts';
import type { Stakes } from './connect.ts';
import { approval, assertTokens, GAS_AT_MOST, poolCall, type StakeCall } from './plan.ts';
import { type PoolStanding, poolRead } from './pools.ts';
import { readTogether } from './read.ts';
import { assertAmount, noPool } from './refusals.ts';
import { typedRole } from './role-name.ts';
import type { RoleStanding } from './standing.ts';

/** Times its own active stake, what may be delegated to an operator (DELEGATION_CAP of the contract). */
const CAP = 9n;

/**
 * @param operator's standing in the role
 * @throws MizuError `sdk/bad-amount`, `sdk/no-pool`, `sdk/pool-full`, `sdk/no-tokens`
 */
export async function planDelegate(
  stakes: Stakes,
  account: Address,
  operator: Address,
  amountWei: bigint,
  standing: RoleStanding,
): Promise<StakeCall[]> {
  assertAmount(amountWei);
  const { pool, role } = standing;
  if (pool === undefined) throw noPool(operator, role);
  if (amountWei > pool.roomWei) throw poolFull(standing, pool, amountWei);
  const [shares] = (await readTogether(stakes, [poolRead(pool.pool, 'previewDeposit', [amountWei])])) as [bigint];
  if (shares === 0n) throw lessThanShare(pool, amountWei);
  await assertTokens(stakes, account, amountWei);
  const approve = await approval(stakes, account, pool.pool, amountWei);
  const call = poolCall(pool.pool, 'deposit', [amountWei, account]);
  return [...approve, { what: 'delegate', call, ...(approve.length === 0 ? {} : { gasAtMost: GAS_AT_MOST.delegate }) }];
}

function poolFull({ activeWei, minimumWei, role }: RoleStanding, pool: PoolStanding, amountWei: bigint): MizuError {
  const held = `${formatMizu(pool.assetsWei)} are delegated`;
  const isActive = activeWei >= minimumWei;
  const why = isActive
    ? `${held}, and ${CAP} times the operator's own ${formatMizu(activeWei)} may be`
    : `the operator's own stake, ${formatMizu(activeWei)}, is below the minimum of ${typedRole(role)}, ${formatMizu(minimumWei)}`;
  // Slashes have left so little of the pool that it takes no more, whatever the operator stakes.
  const isSpent = isActive && pool.roomWei === 0n && pool.assetsWei < activeWei * CAP;
  return new MizuError({
    code: 'sdk/pool-full',
    message: 'The pool does not take so much.',
    expected: pool.roomWei === 0n ? 'a pool that has room' : `at most ${formatMizu(pool.roomWei)}`,
    actual: `${formatMizu(amountWei)}: ${isSpent ? 'slashes have left next to nothing of the pool' : why}`,
    hint: 'Delegate less, or to another operator. The room grows when the operator stakes more of its own.',
  });
}

function lessThanShare({ sharePriceWei }: PoolStanding, amountWei: bigint): MizuError {
  return new MizuError({
    code: 'sdk/bad-amount',
    message: 'The amount is less than the smallest share of the pool.',
    expected: `more: a share costs ${formatMizu(sharePriceWei)}, and its smallest part a 10^18th of that`,
    actual: `${amountWei} wei`,
  });
}
