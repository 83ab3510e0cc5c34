// docs/staking.md#show: `mizu stakes`, what an account has at stake and what it earns.
import { Command } from 'commander';
import pc from 'picocolors';
import type { Address } from '../protocol/hex.ts';
import type { Role } from '../protocol/roles.ts';
import { formatMizu } from '../sdk/client/money.ts';
import type { Delegation, Leaving } from '../sdk/stakes/pools.ts';
import { typedRole } from '../sdk/stakes/role-name.ts';
import type { AccountStanding, RoleStanding } from '../sdk/stakes/standing.ts';
import { parseAddress } from './options.ts';
import { createOutput, nextCommands, type Output } from './output.ts';
import { connectToStakes, parseRole, ROLE_LIST, type StakeFlags, withStakeOptions } from './stake-options.ts';

type ShowFlags = StakeFlags & { readonly account?: Address; readonly role?: Role; readonly operator?: Address };

export function stakesCommand(): Command {
  return withStakeOptions(new Command('stakes'))
    .description('show what an account has at stake, what locks it, when it comes back, and what it earns')
    .option('--account <address>', 'whose (default: that of the key)', parseAddress)
    .option('--role <role>', `one of ${ROLE_LIST} (default: all that it has a stake in)`, parseRole)
    .option('--operator <address>', 'look for delegated stake with this one alone', parseAddress)
    .addHelpText('after', `\nExample:\n  $ npx mizu stakes --account 0x${'5e'.repeat(20)}`)
    .action(show);
}

async function show(flags: ShowFlags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { requireSigner } = await import('../sdk/client/network.ts');
  const { readAccountStanding } = await import('../sdk/stakes/standing.ts');
  const texts = await import('../sdk/stakes/refusals.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const account = flags.account ?? requireSigner({ signer }).address;
  const standing = await readAccountStanding(stakes, account, flags.operator);
  const { now, unbondingSeconds, income } = standing;
  const hasRole = ({ role }: { readonly role: Role }) => flags.role === undefined || flags.role === role;
  const roles = standing.roles.filter((one) => hasRole(one) && (flags.role !== undefined || hasAny(one)));
  const delegations = standing.delegations.filter(hasRole);
  for (const role of roles) output.data({ event: 'role', ...role });
  for (const delegation of delegations) output.data({ event: 'delegation', ...delegation });
  output.data({ event: 'account', account, now, unbondingSeconds, ...income });
  output.say(account);
  for (const role of roles) sayRole(output, texts, role, standing);
  for (const delegation of delegations) sayDelegation(output, texts, delegation, now);
  if (roles.length + delegations.length === 0) output.say('  no stake, and nothing delegated');
  if (income.settledWei > 0n) output.say(line('rewards', `${formatMizu(income.settledWei)}, settled`));
  if (roles.length + delegations.length === 0)
    output.say(
      nextCommands([
        ['mizu stake --help', 'how to stake'],
        ['mizu delegate --help', 'how to delegate'],
      ]),
    );
}

type Texts = typeof import('../sdk/stakes/refusals.ts');

function hasAny({ activeWei, leaving, lockedWei, pool }: RoleStanding): boolean {
  return activeWei > 0n || lockedWei > 0n || leaving.length > 0 || pool !== undefined;
}

function sayRole(output: Output, texts: Texts, role: RoleStanding, { income, now }: AccountStanding): void {
  const { activeWei, minimumWei, weightWei, totalWeightWei, locks, freeWei, leaving, pool } = role;
  output.say(`\n${pc.bold(typedRole(role.role))}${activeWei < minimumWei ? pc.yellow('  not active') : ''}`);
  output.say(line('own', `${formatMizu(activeWei)}, minimum ${formatMizu(minimumWei)}`));
  const locked = locks.length === 0 ? 'nothing is locked' : `locked: ${texts.formatLocks(locks)}`;
  output.say(line('free', `${formatMizu(freeWei)}; ${locked}`));
  sayLeaving(output, texts, leaving, now);
  output.say(line('weight', `${formatMizu(weightWei)}${partOf(weightWei, totalWeightWei)}`));
  if (pool !== undefined) {
    const { current, next } = pool.commission;
    const raise =
      next === undefined ? '' : `, ${texts.formatPercent(next.basisPoints)} from ${texts.formatTime(next.from)} on`;
    output.say(line('pool', `${formatMizu(pool.assetsWei)} delegated, room for ${formatMizu(pool.roomWei)}`));
    output.say(
      line('', `a share is ${formatMizu(pool.sharePriceWei)}; commission ${texts.formatPercent(current)}${raise}`),
    );
  }
  const due = income.unsettled.find((one) => one.role === role.role);
  if (due !== undefined) output.say(line('yield', `${formatMizu(due.amountWei)} due`));
}

function sayDelegation(output: Output, texts: Texts, delegation: Delegation, now: bigint): void {
  const { role, operator, valueWei, shares, leaving } = delegation;
  output.say(`\n${pc.bold(`delegated as ${typedRole(role)}`)} to ${operator}`);
  output.say(line('worth', `${formatMizu(valueWei)}: ${formatMizu(shares).replace('MIZU', 'shares')}`));
  sayLeaving(output, texts, leaving, now);
}

function sayLeaving(output: Output, { formatTime }: Texts, leaving: readonly Leaving[], now: bigint): void {
  for (const { amountWei, releaseTime } of leaving)
    output.say(
      line(
        'leaving',
        `${formatMizu(amountWei)}, ${releaseTime <= now ? 'due now' : `due from ${formatTime(releaseTime)} on`}`,
      ),
    );
}

function partOf(weightWei: bigint, totalWei: bigint): string {
  return totalWei === 0n ? '' : `, ${Number((weightWei * 10_000n) / totalWei) / 100} % of the role's`;
}

function line(name: string, text: string): string {
  return `  ${name.padEnd(9)}${text}`;
}
