// docs/staking.md#claim: all that is due to an account, at once.
import { MizuError } from '../../protocol/errors.ts';
import { ROLE, type Role } from '../../protocol/roles.ts';
import { formatMizu } from '../client/money.ts';
import type { Stakes } from './connect.ts';
import { GAS_AT_MOST, managerCall, poolCall, type StakeCall } from './plan.ts';
import type { Leaving } from './pools.ts';
import { formatTime } from './refusals.ts';
import { typedRole } from './role-name.ts';
import type { AccountStanding } from './standing.ts';

/** A part that is on its way out, and whose. */
export type LeavingPart = Leaving & { readonly role: Role; readonly operator?: string };

export type ClaimPlan = {
  readonly calls: readonly StakeCall[];
  /** What the calls pay, as of now. */
  readonly amountWei: bigint;
  /** The part whose time comes next. */
  readonly next: LeavingPart | undefined;
};

/** @throws MizuError `sdk/nothing-to-claim` (retryable), with the time from which something is due */
export function planClaim(stakes: Stakes, standing: AccountStanding): ClaimPlan {
  const { now, roles, delegations, income } = standing;
  const calls: StakeCall[] = [];
  let amountWei = 0n;
  for (const { role, leaving } of roles) {
    const due = leaving.filter((part) => part.releaseTime <= now);
    if (due.length === 0) continue;
    amountWei += sumOf(due);
    calls.push({
      what: `withdraw own stake as ${typedRole(role)}`,
      call: managerCall(stakes, 'withdraw', [ROLE[role]]),
    });
  }
  for (const { role, operator, pool, leaving } of delegations) {
    const due = leaving.filter((part) => part.releaseTime <= now);
    // A part that slashes have left nothing of is taken out, too: it holds one of 16 places.
    if (due.length === 0) continue;
    amountWei += sumOf(due);
    calls.push({
      what: `withdraw stake that was delegated to ${operator} as ${typedRole(role)}`,
      call: poolCall(pool, 'withdrawUnbonded'),
    });
  }
  for (const { role } of income.unsettled)
    calls.push({
      what: `settle the yield as ${typedRole(role)}`,
      call: managerCall(stakes, 'settle', [standing.account, ROLE[role]]),
    });
  const incomeWei = income.settledWei + sumOf(income.unsettled);
  if (incomeWei > 0n)
    calls.push({
      what: 'withdraw yield and rewards',
      call: managerCall(stakes, 'claimReward', []),
      ...(income.settledWei > 0n ? {} : { gasAtMost: GAS_AT_MOST.claimReward }),
    });
  const next = nextOf(standing);
  if (calls.length === 0) throw nothingToClaim(standing, next);
  return { calls, amountWei: amountWei + incomeWei, next };
}

export function nextOf({ now, roles, delegations }: AccountStanding): LeavingPart | undefined {
  const parts: LeavingPart[] = [
    ...roles.flatMap(({ role, leaving }) => leaving.map((part) => ({ ...part, role }))),
    ...delegations.flatMap(({ role, operator, leaving }) => leaving.map((part) => ({ ...part, role, operator }))),
  ];
  const later = parts.filter(({ releaseTime }) => releaseTime > now);
  return later.sort((a, b) => (a.releaseTime < b.releaseTime ? -1 : 1))[0];
}

function sumOf(parts: readonly { readonly amountWei: bigint }[]): bigint {
  return parts.reduce((sum, { amountWei }) => sum + amountWei, 0n);
}

function nothingToClaim({ account, roles, delegations }: AccountStanding, next: LeavingPart | undefined): MizuError {
  const hasStake = delegations.length > 0 || roles.some(({ activeWei }) => activeWei > 0n);
  const hint = hasStake
    ? 'Yield is due as soon as someone funds a role. Stake is due after the unbonding period: mizu unbond --help'
    : 'The account has no stake and has delegated nothing: mizu stake --help, mizu delegate --help';
  return new MizuError({
    code: 'sdk/nothing-to-claim',
    message: `Nothing is due to ${account}.`,
    expected: 'stake whose unbonding is over, yield, or a reward',
    actual:
      next === undefined
        ? 'nothing, and nothing on its way out'
        : `the next part, ${formatMizu(next.amountWei)} as ${typedRole(next.role)}, is due from ${formatTime(next.releaseTime)} on`,
    hint: next === undefined ? hint : 'Come back then: until that time a slash can still take it.',
    retryable: true,
  });
}
