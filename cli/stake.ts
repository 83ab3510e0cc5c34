// docs/staking.md: `mizu stake` and `mizu delegate`.
import { Command } from 'commander';
import { MizuError } from '../protocol/errors.ts';
import type { Address } from '../protocol/hex.ts';
import type { Role } from '../protocol/roles.ts';
import { formatMizu, parseMizu } from '../sdk/client/money.ts';
import { typedRole } from '../sdk/stakes/role-name.ts';
import { parseAddress } from './options.ts';
import { createOutput, nextCommands } from './output.ts';
import {
  connectToStakes,
  parsePercent,
  parseRole,
  ROLE_LIST,
  type SendFlags,
  withSendOptions,
} from './stake-options.ts';

type StakeCommandFlags = SendFlags & { readonly role: Role; readonly openPool?: number; readonly commission?: number };
type DelegateFlags = SendFlags & { readonly role: Role; readonly operator: Address };

export function stakeCommand(): Command {
  return withSendOptions(new Command('stake'))
    .description('put own stake behind a role, and open a pool into which others delegate')
    .argument('[amount]', 'MIZU from the L1, such as 1500 or 0.5')
    .requiredOption('--role <role>', ROLE_LIST, parseRole)
    .option('--open-pool <percent>', 'take delegated stake, for this part of its yield', parsePercent)
    .option(
      '--commission <percent>',
      'of an open pool: less holds at once, more after the unbonding period',
      parsePercent,
    )
    .addHelpText('after', '\nExample:\n  $ npx mizu stake 1500 --role executor --open-pool 10%')
    .action(stake);
}

export function delegateCommand(): Command {
  return withSendOptions(new Command('delegate'))
    .description('put stake behind an operator, and share what it earns and loses')
    .argument('<amount>', 'MIZU from the L1, such as 1500 or 0.5')
    .requiredOption('--role <role>', ROLE_LIST, parseRole)
    .requiredOption('--operator <address>', 'whose pool', parseAddress)
    .addHelpText('after', `\nExample:\n  $ npx mizu delegate 200 --role executor --operator 0x${'5e'.repeat(20)}`)
    .action(delegate);
}

async function stake(amount: string | undefined, flags: StakeCommandFlags): Promise<void> {
  const { role, openPool, commission } = flags;
  const amountWei = amount === undefined ? undefined : parseMizu(amount);
  if (amountWei === undefined && openPool === undefined && commission === undefined) throw nothingAsked();
  if (openPool !== undefined && commission !== undefined) throw bothAsked();
  const output = createOutput(flags.json ?? false);
  const { requireSigner } = await import('../sdk/client/network.ts');
  const { planStake } = await import('../sdk/stakes/stake.ts');
  const { readRole } = await import('../sdk/stakes/standing.ts');
  const { formatPercent } = await import('../sdk/stakes/refusals.ts');
  const { argOf, stakeLine, sayRisk, sayWait, sendAndSay } = await import('./stake-text.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const account = requireSigner({ signer }).address;
  const standing = await readRole(stakes, account, role);
  const calls = await planStake(stakes, account, { role, amountWei, openPool, commission }, standing);
  const { minimumWei, activeWei, pool, slashers } = standing;
  if (amountWei !== undefined) {
    output.say(stakeLine('stake', `${formatMizu(amountWei)} as ${typedRole(role)}, of ${account}`));
    output.say(stakeLine('active', `${formatMizu(activeWei + amountWei)} then, minimum ${formatMizu(minimumWei)}`));
    sayRisk(output, standing, 'own stake comes first: it');
    sayWait(output, stakes);
  }
  if (openPool !== undefined)
    output.say(stakeLine('pool', `opened; ${formatPercent(openPool)} of the yield of what is delegated is yours`));
  if (commission !== undefined && pool !== undefined)
    output.say(stakeLine('commission', changeOf(pool.commission.current)));
  const sent = await sendAndSay(
    { stakes, signer, flags, output, calls },
    {
      account,
      role,
      amountWei,
      openPool,
      commission,
      minimumWei,
      activeWei,
      unbondingSeconds: stakes.unbondingSeconds,
      slashers: slashers.map(({ name }) => name),
    },
  );
  if (sent === undefined) return;
  const active = argOf(sent, 'Staked', 'active');
  const from = argOf(sent, 'CommissionSet', 'from');
  output.data({ event: 'staked', account, role, activeWei: active ?? activeWei, commissionFrom: from });
  if (active !== undefined) output.say(`\n${formatMizu(active)} are staked as ${typedRole(role)}.`);
  output.say(nextCommands([['mizu stakes', 'what the account has, and what it earns']]));

  function changeOf(current: number): string {
    const wanted = commission as number;
    const when = wanted > current ? 'after the unbonding period' : 'at once';
    return `${formatPercent(wanted)} instead of ${formatPercent(current)}, ${when}`;
  }
}

async function delegate(amount: string, flags: DelegateFlags): Promise<void> {
  const { role, operator } = flags;
  const amountWei = parseMizu(amount);
  const output = createOutput(flags.json ?? false);
  const { requireSigner } = await import('../sdk/client/network.ts');
  const { planDelegate } = await import('../sdk/stakes/delegate.ts');
  const { readRole } = await import('../sdk/stakes/standing.ts');
  const { formatPercent } = await import('../sdk/stakes/refusals.ts');
  const { argOf, stakeLine, sayRisk, sayWait, sendAndSay } = await import('./stake-text.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const account = requireSigner({ signer }).address;
  const standing = await readRole(stakes, operator, role);
  const calls = await planDelegate(stakes, account, operator, amountWei, standing);
  const { pool, activeWei, slashers } = standing;
  output.say(stakeLine('delegate', `${formatMizu(amountWei)} of ${account} to ${operator} as ${typedRole(role)}`));
  const { current, next } = pool!.commission;
  const raise = next === undefined ? '' : `, ${formatPercent(next.basisPoints)} later (mizu stakes shows when)`;
  output.say(
    stakeLine('pool', `commission ${formatPercent(current)} of the yield${raise}; room ${formatMizu(pool!.roomWei)}`),
  );
  sayRisk(output, standing, `the operator's own ${formatMizu(activeWei)} lose first, then what is delegated; it`);
  sayWait(output, stakes);
  const { unbondingSeconds } = stakes;
  const sent = await sendAndSay(
    { stakes, signer, flags, output, calls },
    {
      account,
      role,
      operator,
      amountWei,
      pool: pool!.pool,
      commission: pool!.commission,
      roomWei: pool!.roomWei,
      operatorActiveWei: activeWei,
      unbondingSeconds,
      slashers: slashers.map(({ name }) => name),
    },
  );
  if (sent === undefined) return;
  const shares = argOf(sent, 'Deposit', 'shares');
  output.data({ event: 'delegated', account, role, operator, amountWei, shares });
  output.say(`\n${formatMizu(amountWei)} are delegated to ${operator} as ${typedRole(role)}.`);
  output.say(nextCommands([['mizu stakes', 'what it is worth, and what is on its way out']]));
}

function nothingAsked(): MizuError {
  return new MizuError({
    code: 'cli/bad-option',
    message: 'It is not said what to do.',
    expected: 'an amount, --open-pool PERCENT or --commission PERCENT',
    actual: 'none of them',
    hint: 'mizu stakes shows what an account has.',
  });
}

function bothAsked(): MizuError {
  return new MizuError({
    code: 'cli/bad-option',
    message: 'A pool is either opened or has its commission changed.',
    expected: '--open-pool or --commission',
    actual: 'both',
  });
}
