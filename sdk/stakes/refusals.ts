// docs/staking.md: what the contracts would refuse is refused before anything is sent, with what would be taken.
import { MizuError } from '../../protocol/errors.ts';
import type { Address } from '../../protocol/hex.ts';
import type { Role } from '../../protocol/roles.ts';
import { formatMizu } from '../client/money.ts';
import type { Leaving } from './pools.ts';
import { typedRole } from './role-name.ts';
import type { RoleStanding, StakeLock } from './standing.ts';

/** As the contracts have it: a slash walks over all of them. */
const MAX_UNBONDINGS = 16;

export const formatTime = (seconds: bigint): string => new Date(Number(seconds) * 1000).toISOString();

export function formatPercent(basisPoints: number): string {
  return `${basisPoints / 100} %`;
}

export function formatLocks(locks: readonly StakeLock[]): string {
  return locks.map(({ by, amountWei }) => `${formatMizu(amountWei)} by ${by}`).join(', ');
}

/** @throws MizuError `sdk/bad-amount` */
export function assertAmount(amountWei: bigint): void {
  if (amountWei > 0n) return;
  throw new MizuError({
    code: 'sdk/bad-amount',
    message: 'The amount is zero.',
    expected: 'a number of MIZU above 0',
    actual: formatMizu(amountWei),
  });
}

/** @throws MizuError `sdk/below-minimum` */
export function assertMinimum({ role, minimumWei, activeWei }: RoleStanding, amountWei: bigint): void {
  if (activeWei + amountWei >= minimumWei) return;
  throw new MizuError({
    code: 'sdk/below-minimum',
    message: `The stake would be below the minimum of ${typedRole(role)}.`,
    expected: `at least ${formatMizu(minimumWei)} in all`,
    actual: `${formatMizu(activeWei)} are active, and ${formatMizu(amountWei)} would be added`,
    hint: `Stake ${formatMizu(minimumWei - activeWei)} or more, or delegate to one who is staked: mizu delegate --help`,
  });
}

/** @throws MizuError `sdk/not-free` */
export function assertFree({ role, activeWei, freeWei, locks }: RoleStanding, amountWei: bigint): void {
  if (amountWei > 0n && amountWei <= freeWei) return;
  const locked = formatLocks(locks);
  throw new MizuError({
    code: 'sdk/not-free',
    message: `So much of the account's own stake as ${typedRole(role)} cannot be unbonded.`,
    expected: freeWei === 0n ? 'a stake that nothing locks' : `at most ${formatMizu(freeWei)}`,
    actual:
      locked === ''
        ? `${formatMizu(activeWei)} are active`
        : `${formatMizu(activeWei)} are active, of which are locked: ${locked}`,
    hint:
      locked === ''
        ? 'mizu stakes shows what the account has. What was delegated is unbonded with --operator ADDRESS.'
        : 'A lock ends with the claim that it backs, or with the office: leave the rotation, committee or registry.',
  });
}

/** @throws MizuError `sdk/not-free` */
export function assertDelegated(operator: Address, role: Role, valueWei: bigint, amountWei: bigint): void {
  if (amountWei > 0n && amountWei <= valueWei) return;
  throw new MizuError({
    code: 'sdk/not-free',
    message: `So much is not delegated to ${operator} as ${typedRole(role)}.`,
    expected: valueWei === 0n ? 'a delegation' : `at most ${formatMizu(valueWei)}`,
    actual: valueWei === 0n ? 'none that is not on its way out' : formatMizu(amountWei),
    hint: 'mizu stakes shows what the account has delegated, and what is on its way out. `all` takes all of it.',
  });
}

/** @throws MizuError `sdk/too-many-unbondings` */
export function assertQueue(leaving: readonly Leaving[], now: bigint): void {
  if (leaving.length < MAX_UNBONDINGS) return;
  // In the order in which they were begun, so the first is due first.
  const next = leaving[0]!.releaseTime;
  throw new MizuError({
    code: 'sdk/too-many-unbondings',
    message: 'Too many parts of this stake are on their way out.',
    expected: `at most ${MAX_UNBONDINGS} at a time`,
    actual: `${leaving.length}`,
    hint: `Withdraw the first ${next <= now ? 'now' : `from ${formatTime(next)} on`} with mizu claim, then unbond.`,
  });
}

export function noPool(operator: Address, role: Role): MizuError {
  return new MizuError({
    code: 'sdk/no-pool',
    message: `${operator} has opened no pool for stake that is delegated to it as ${typedRole(role)}.`,
    expected: 'a pool',
    actual: 'none',
    hint: `The operator opens one: mizu stake --role ${typedRole(role)} --open-pool 10%`,
  });
}
