// docs/court.md#hand: `mizu court appeal` and `mizu court execute`.
import { Command } from 'commander';
import type { Address } from '../protocol/hex.ts';
import { formatMizu } from '../sdk/client/money.ts';
import type { CarryOutPlan } from '../sdk/stakes/carry-out.ts';
import { parseAddress, parseCase } from './options.ts';
import { createOutput, nextCommands } from './output.ts';
import { connectToStakes, type SendFlags, withSendOptions } from './stake-options.ts';

type ExecuteFlags = SendFlags & { readonly voter: readonly Address[] };

export function appealCommand(): Command {
  return withSendOptions(new Command('appeal'))
    .description('have all validators vote, against what the first round has decided')
    .argument('<case>', 'number of a case', parseCase)
    .addHelpText('after', '\nExample:\n  $ npx mizu court appeal 1')
    .action(appeal);
}

export function executeCommand(): Command {
  return withSendOptions(new Command('execute'))
    .description('carry out what a case has come to, and have voters punished: whatever is due')
    .argument('<case>', 'number of a case', parseCase)
    .option('--voter <address>', 'who may have stayed away; may be given several times', collectAddress, [])
    .addHelpText('after', '\nExample:\n  $ npx mizu court execute 1')
    .action(execute);
}

async function appeal(id: bigint, flags: SendFlags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { requireSigner } = await import('../sdk/client/network.ts');
  const { planAppeal } = await import('../sdk/stakes/carry-out.ts');
  const { formatTime } = await import('../sdk/stakes/refusals.ts');
  const { sendAndSay, stakeLine } = await import('./stake-text.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const account = requireSigner({ signer }).address;
  const { bondWei, against, until, calls } = await planAppeal(stakes, account, id);
  output.say(stakeLine('appeal', `case ${id}, against ${against}: all validators vote, and count their stake`));
  output.say(stakeLine('bond', `${formatMizu(bondWei)}: lost if the outcome stays what it is, else returned`));
  output.say(stakeLine('until', formatTime(until)));
  const about = { case: id, account, against, bondWei, until };
  const sent = await sendAndSay({ stakes, signer, flags, output, calls }, about);
  if (sent === undefined) return;
  output.data({ event: 'appealed', ...about });
  output.say(nextCommands([[`mizu court show ${id}`, 'how was voted']]));
}

async function execute(id: bigint, flags: ExecuteFlags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { planCarryOut } = await import('../sdk/stakes/carry-out.ts');
  const { sendAndSay, stakeLine } = await import('./stake-text.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const { calls, ...plan } = await planCarryOut(stakes, id, flags.voter);
  if (plan.move !== undefined) output.say(stakeLine('execute', `case ${id}: ${endOf(plan)}`));
  for (const { round, voter } of plan.punished)
    output.say(stakeLine('punish', `${voter} for round ${round}: half of what it loses is yours at most`));
  const about = { case: id, ...plan };
  const sent = await sendAndSay({ stakes, signer, flags, output, calls }, about);
  if (sent === undefined) return;
  output.data({ event: 'executed', ...about });
  output.say(nextCommands([[`mizu court claim ${id}`, 'fees and bonds that the court owes you']]));
}

function endOf({ move, outcome }: Pick<CarryOutPlan, 'move' | 'outcome'>): string {
  if (move === 'tally') return 'nothing was decided: it is dismissed';
  return outcome === 'upheld'
    ? 'the item stands, and its challenger loses the bond'
    : 'the item is void, and its gateway is slashed';
}

const collectAddress = (value: string, all: readonly Address[]): readonly Address[] => [...all, parseAddress(value)];
