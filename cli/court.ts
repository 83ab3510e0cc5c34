// docs/court.md#cli: `mizu court`, and `mizu court show`: which cases there are, and what each waits for.
import { Command } from 'commander';
import pc from 'picocolors';
import { formatMizu } from '../sdk/client/money.ts';
import type { CourtCase, RoundVotes } from '../sdk/stakes/cases.ts';
import { calibrateCommand } from './court-calibrate.ts';
import { appealCommand, executeCommand } from './court-carry-out.ts';
import { openCommand } from './court-open.ts';
import { claimFeeCommand, voteCommand } from './court-vote.ts';
import { parseCase, parseCount } from './options.ts';
import { createOutput, nextCommands, type Output, table } from './output.ts';
import { connectToStakes, type StakeFlags, withStakeOptions } from './stake-options.ts';

/** What a case waits for, in words. */
const PHASES: Readonly<Record<CourtCase['phase'], string>> = {
  none: '',
  commit: 'voters commit to a verdict',
  reveal: 'voters reveal what they have committed to',
  tally: 'nobody has voted enough: it is dismissed',
  appeal: 'anyone may appeal',
  veto: 'the guardian may veto the slash',
  execute: 'anyone may carry it out',
  closed: 'closed',
};
/** What a closed case has come to, in words. */
const ENDS: Readonly<Record<CourtCase['status'], string>> = {
  none: '',
  voting: '',
  tallied: '',
  upheld: 'the item stands, and its challenger has lost the bond',
  voided: 'the item is void, and its gateway was slashed',
  dismissed: 'nothing was decided',
  vetoed: 'the guardian has vetoed the slash',
};

export function courtCommand(): Command {
  return new Command('court')
    .description(
      'cases about what models said: list and show them, open one, vote, appeal, carry out; calibrate a model',
    )
    .addCommand(showCommand(), { isDefault: true })
    .addCommand(openCommand())
    .addCommand(voteCommand())
    .addCommand(appealCommand())
    .addCommand(executeCommand())
    .addCommand(claimFeeCommand())
    .addCommand(calibrateCommand());
}

function showCommand(): Command {
  return withStakeOptions(new Command('show'))
    .description('list the cases about what models said, or show one: what it waits for, and how was voted')
    .argument('[case]', 'number of a case', parseCase)
    .option('--limit <n>', 'how many of the newest', parseCount, 20)
    .addHelpText('after', '\nExample:\n  $ npx mizu court show 1')
    .action(show);
}

async function show(id: bigint | undefined, flags: StakeFlags & { readonly limit: number }): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { readCase, readCases } = await import('../sdk/stakes/cases.ts');
  const { formatTime } = await import('../sdk/stakes/refusals.ts');
  const { stakes } = await connectToStakes(flags);
  if (id !== undefined) {
    const found = await readCase(stakes, id);
    output.data({ event: 'case', ...found });
    return sayCase(output, found, formatTime);
  }
  const cases = await readCases(stakes, flags.limit);
  for (const found of cases) output.data({ event: 'case', ...found });
  if (cases.length === 0) return output.say('No cases: nobody has disputed what a model said.');
  const rows = cases.map((found) => [
    String(found.id),
    found.gateway,
    `round ${found.round}`,
    stateOf(found, formatTime),
  ]);
  output.say(table([['case', 'gateway', '', 'what it waits for'], ...rows]));
  output.say(nextCommands([[`mizu court show ${cases[0]?.id}`, 'how was voted']]));
}

type FormatTime = typeof import('../sdk/stakes/refusals.ts').formatTime;

function sayCase(output: Output, found: CourtCase, formatTime: FormatTime): void {
  output.say(`${pc.bold(`case ${found.id}`)}  ${stateOf(found, formatTime)}`);
  output.say(line('opened', `${formatTime(BigInt(found.openedAt))} by ${found.challenger}`));
  output.say(line('gateway', found.gateway));
  for (const [i, votes] of found.votes.entries())
    output.say(line(`round ${i + 1}`, formatVotes(votes, found.totalWeight)));
}

function stateOf({ phase, status, until }: CourtCase, formatTime: FormatTime): string {
  if (phase === 'closed') return ENDS[status];
  return until === 0n ? PHASES[phase] : `${PHASES[phase]}, until ${formatTime(until)}`;
}

function formatVotes(votes: RoundVotes, total: bigint): string {
  const said = (['upheld', 'wrong', 'unavailable', 'inconclusive'] as const)
    .filter((verdict) => votes[verdict] > 0n)
    .map((verdict) => `${verdict} ${formatMizu(votes[verdict])}`);
  return `${said.length === 0 ? 'nothing is revealed' : said.join(', ')}; of ${formatMizu(total)}`;
}

function line(name: string, text: string): string {
  return `  ${name.padEnd(9)}${text}`;
}
