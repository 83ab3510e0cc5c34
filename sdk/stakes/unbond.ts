// docs/staking.md#unbond: stake on its way out, own or delegated; it is paid by a claim when its time has come.
import { ROLE } from '../../protocol/roles.ts';
import type { Stakes } from './connect.ts';
import { managerCall, poolCall, type StakeCall } from './plan.ts';
import { type Delegation, poolRead } from './pools.ts';
import { readTogether } from './read.ts';
import { assertDelegated, assertFree, assertQueue } from './refusals.ts';
import type { RoleStanding } from './standing.ts';

/** `all` is what is free, or all that is delegated. */
export type UnbondAmount = bigint | 'all';

export type UnbondPlan = { readonly amountWei: bigint; readonly calls: readonly StakeCall[] };

/** @throws MizuError `sdk/not-free`, `sdk/too-many-unbondings` */
export function planUnbond(stakes: Stakes, amount: UnbondAmount, standing: RoleStanding, now: bigint): UnbondPlan {
  const amountWei = amount === 'all' ? standing.freeWei : amount;
  assertFree(standing, amountWei);
  assertQueue(standing.leaving, now);
  const call = managerCall(stakes, 'unbond', [ROLE[standing.role], amountWei]);
  return { amountWei, calls: [{ what: 'unbond', call }] };
}

/** @throws MizuError `sdk/not-free`, `sdk/too-many-unbondings` */
export async function planUnbondDelegated(
  stakes: Stakes,
  amount: UnbondAmount,
  delegation: Delegation,
  now: bigint,
): Promise<UnbondPlan> {
  const { pool, operator, role, shares: held, valueWei, leaving } = delegation;
  const amountWei = amount === 'all' ? valueWei : amount;
  assertDelegated(operator, role, valueWei, amountWei);
  assertQueue(leaving, now);
  const [needed] = (await readTogether(stakes, [poolRead(pool, 'previewWithdraw', [amountWei])])) as [bigint];
  // Rounded up to whole shares, of which the account has no more than these.
  const shares = amount === 'all' || needed > held ? held : needed;
  return { amountWei, calls: [{ what: 'unbond', call: poolCall(pool, 'unbond', [shares]) }] };
}
