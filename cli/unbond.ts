// docs/staking.md#unbond, docs/staking.md#claim: `mizu unbond` and `mizu claim`.
import { Command } from 'commander';
import type { Address } from '../protocol/hex.ts';
import type { Role } from '../protocol/roles.ts';
import { formatMizu, parseMizu } from '../sdk/client/money.ts';
import type { Signer } from '../sdk/client/signer.ts';
import type { Stakes } from '../sdk/stakes/connect.ts';
import { typedRole } from '../sdk/stakes/role-name.ts';
import type { UnbondAmount } from '../sdk/stakes/unbond.ts';
import { parseAddress } from './options.ts';
import { createOutput, nextCommands, type Output } from './output.ts';
import { connectToStakes, parseRole, ROLE_LIST, type SendFlags, withSendOptions } from './stake-options.ts';

type UnbondFlags = SendFlags & { readonly role: Role; readonly operator?: Address };
type ClaimFlags = SendFlags & { readonly operator?: Address };

export function unbondCommand(): Command {
  return withSendOptions(new Command('unbond'))
    .description('start to take out stake, own or delegated')
    .argument('<amount>', 'MIZU, or `all` for what is free')
    .requiredOption('--role <role>', ROLE_LIST, parseRole)
    .option('--operator <address>', 'of what is delegated to it (default: own stake)', parseAddress)
    .addHelpText('after', '\nExample:\n  $ npx mizu unbond all --role executor')
    .action(unbond);
}

export function claimCommand(): Command {
  return withSendOptions(new Command('claim'))
    .description('withdraw all that is due: stake whose unbonding is over, yield, rewards')
    .option('--operator <address>', 'look for delegated stake with this one alone', parseAddress)
    .addHelpText('after', '\nExample:\n  $ npx mizu claim')
    .action(claim);
}

async function unbond(amount: string, flags: UnbondFlags): Promise<void> {
  const { role, operator } = flags;
  const wanted: UnbondAmount = amount === 'all' ? 'all' : parseMizu(amount);
  const output = createOutput(flags.json ?? false);
  const { requireSigner } = await import('../sdk/client/network.ts');
  const { formatTime } = await import('../sdk/stakes/refusals.ts');
  const { argOf, stakeLine, sendAndSay } = await import('./stake-text.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const account = requireSigner({ signer }).address;
  const { timestamp: now } = await stakes.l1.client.getBlock();
  const place = { output, stakes, signer, role, wanted, now };
  const { amountWei, calls } =
    operator === undefined ? await planOwn(place, account) : await planDelegated(place, account, operator);
  const due = formatTime(now + stakes.unbondingSeconds);
  output.say(stakeLine('until', `${due} or somewhat later it can still be slashed, and earns nothing`));
  const { unbondingSeconds } = stakes;
  const sent = await sendAndSay(
    { stakes, signer, flags, output, calls },
    { account, role, operator, amountWei, unbondingSeconds },
  );
  if (sent === undefined) return;
  const released = argOf(sent, 'UnbondingStarted', 'releaseTime') as bigint;
  const exact = argOf(sent, 'UnbondingStarted', 'amount') as bigint;
  output.data({ event: 'unbonding', account, role, operator, amountWei: exact, releaseTime: released });
  output.say(`\n${formatMizu(exact)} are on their way out, due from ${formatTime(released)} on.`);
  output.say(nextCommands([['mizu claim', 'from then on: it is paid']]));
}

type Place = {
  readonly output: Output;
  readonly stakes: Stakes;
  readonly signer: Signer | undefined;
  readonly role: Role;
  readonly wanted: UnbondAmount;
  readonly now: bigint;
};

async function planOwn({ output, stakes, role, wanted, now }: Place, account: Address) {
  const { readRole } = await import('../sdk/stakes/standing.ts');
  const { planUnbond } = await import('../sdk/stakes/unbond.ts');
  const { formatLocks } = await import('../sdk/stakes/refusals.ts');
  const { stakeLine } = await import('./stake-text.ts');
  const standing = await readRole(stakes, account, role);
  const plan = planUnbond(stakes, wanted, standing, now);
  const { activeWei, minimumWei, locks } = standing;
  const left = activeWei - plan.amountWei;
  output.say(stakeLine('unbond', `${formatMizu(plan.amountWei)} of own stake as ${typedRole(role)}, of ${account}`));
  const below =
    left < minimumWei ? `, below the minimum of ${formatMizu(minimumWei)}: the role is not held any more` : '';
  output.say(stakeLine('stays', `${formatMizu(left)}${below}`));
  if (locks.length > 0) output.say(stakeLine('locked', formatLocks(locks)));
  return plan;
}

async function planDelegated({ output, stakes, role, wanted, now }: Place, account: Address, operator: Address) {
  const { findPool, readDelegation } = await import('../sdk/stakes/pools.ts');
  const { planUnbondDelegated } = await import('../sdk/stakes/unbond.ts');
  const { noPool } = await import('../sdk/stakes/refusals.ts');
  const { stakeLine } = await import('./stake-text.ts');
  const pool = await findPool(stakes, operator, role);
  if (pool === undefined) throw noPool(operator, role);
  const delegation = await readDelegation(stakes, account, { pool, operator, role });
  const plan = await planUnbondDelegated(stakes, wanted, delegation, now);
  output.say(
    stakeLine(
      'unbond',
      `${formatMizu(plan.amountWei)} that ${account} has delegated to ${operator} as ${typedRole(role)}`,
    ),
  );
  output.say(stakeLine('stays', formatMizu(delegation.valueWei - plan.amountWei)));
  return plan;
}

async function claim(flags: ClaimFlags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { requireSigner } = await import('../sdk/client/network.ts');
  const { planClaim } = await import('../sdk/stakes/claim.ts');
  const { readAccountStanding } = await import('../sdk/stakes/standing.ts');
  const { formatTime } = await import('../sdk/stakes/refusals.ts');
  const { stakeLine, sendAndSay } = await import('./stake-text.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const account = requireSigner({ signer }).address;
  const standing = await readAccountStanding(stakes, account, flags.operator);
  const { calls, amountWei, next } = planClaim(stakes, standing);
  output.say(stakeLine('claim', `${formatMizu(amountWei)} for ${account}`));
  const sent = await sendAndSay({ stakes, signer, flags, output, calls }, { account, amountWei, next });
  if (sent === undefined) return;
  const paid = sent.flatMap(({ events }) => events).filter(({ name }) => PAYMENTS.includes(name));
  const paidWei = paid.reduce((sum, { args }) => sum + (args.amount as bigint), 0n);
  output.data({ event: 'claimed', account, amountWei: paidWei, next });
  output.say(`\n${formatMizu(paidWei)} are paid to ${account} on L1.`);
  if (next !== undefined)
    output.say(`The next part, ${formatMizu(next.amountWei)}, is due from ${formatTime(next.releaseTime)} on.`);
}

const PAYMENTS = ['Unstaked', 'RewardClaimed'];
