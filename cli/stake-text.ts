// docs/staking.md#cost: what the commands about stakes say before they send anything, and what they did.
import pc from 'picocolors';
import { formatCount, formatEther, formatMizu } from '../sdk/client/money.ts';
import type { Signer } from '../sdk/client/signer.ts';
import { payerOf, type Stakes } from '../sdk/stakes/connect.ts';
import { priceCalls, type SentCall, type StakeCall, sendPlan } from '../sdk/stakes/plan.ts';
import { typedRole } from '../sdk/stakes/role-name.ts';
import type { RoleStanding } from '../sdk/stakes/standing.ts';
import { formatDuration, type Output } from './output.ts';
import type { SendFlags } from './stake-options.ts';

const WIDTH = 10;

/** For what the contracts of the network slash. */
const FAULTS: Readonly<Record<string, string>> = {
  Rollup: 'an assertion that loses its dispute',
  Inbox: 'a promise about the order of messages that is broken',
  GatewayRegistry: 'two batches signed with one nonce',
  DAChallenges: 'promised bytes that nobody shows when they are asked for on L1',
  Attestations: 'an attestation that a confirmed assertion proves false',
  Samples: 'an attestation of which it cannot open what it is asked for',
  InferenceCourt: 'an item that it finds wrong, or a vote that is missed',
};

export function stakeLine(name: string, text: string): string {
  return `${name.padEnd(WIDTH)}${text}`;
}

export function sayRisk(output: Output, { role, slashers }: RoleStanding, who: string): void {
  const known = slashers.map(({ name }) => `the ${name} for ${FAULTS[name] ?? 'a fault'}`);
  const by = known.length === 0 ? 'no contract today' : known.join(', and by ');
  output.say(stakeLine('at risk', `${who} can be slashed as ${typedRole(role)} by ${by}`));
}

export function sayWait(output: Output, { unbondingSeconds }: Stakes): void {
  const time = formatDuration(Number(unbondingSeconds));
  output.say(
    stakeLine('back', `${time} after mizu unbond, by mizu claim; until then it can be slashed and earns nothing`),
  );
}

export type Sending = {
  readonly stakes: Stakes;
  readonly signer: Signer | undefined;
  readonly flags: SendFlags;
  readonly output: Output;
  readonly calls: readonly StakeCall[];
};

/** Says what the calls cost, and sends them unless it is a dry run: then the result is undefined. */
export async function sendAndSay(
  { stakes, signer, flags, output, calls }: Sending,
  about: Record<string, unknown>,
): Promise<SentCall[] | undefined> {
  const { maxFeeGwei, maxPriorityFeeGwei, dryRun = false } = flags;
  const payer = payerOf(stakes, signer, { maxFeeGwei, maxPriorityFeeGwei });
  const plan = await priceCalls(payer, calls);
  const { gas, costWei } = plan;
  output.data({ event: 'plan', ...about, calls: calls.map(({ what }) => what), gas, costWei, dryRun });
  const count = `${calls.length} ${calls.length === 1 ? 'transaction' : 'transactions'}`;
  output.say(stakeLine('cost', `${count}, at most ${formatCount(gas)} gas, ${formatEther(costWei)}`));
  if (dryRun) {
    output.say(`\nNothing was sent: ${pc.bold('--dry-run')}.`);
    return undefined;
  }
  output.say('');
  return sendPlan(payer, plan, (sent) => {
    output.data({ event: 'sent', ...sent });
    output.say(`${sent.what}  ${pc.dim(`${sent.transaction}, ${formatCount(sent.gasUsed)} gas`)}${paidBy(sent)}`);
  });
}

/** An event's argument, of whichever of the calls has it. */
export function argOf(sent: readonly SentCall[], event: string, arg: string): bigint | undefined {
  for (const { events } of sent)
    for (const { name, args } of events) if (name === event && args[arg] !== undefined) return args[arg] as bigint;
  return undefined;
}

function paidBy(sent: SentCall): string {
  const amount = argOf([sent], 'Unstaked', 'amount') ?? argOf([sent], 'RewardClaimed', 'amount');
  return amount === undefined ? '' : `\n  ${pc.bold(formatMizu(amount))} paid`;
}
