// docs/court.md#hand: `mizu court vote` and `mizu court claim`.
import { readFile } from 'node:fs/promises';
import { Argument, Command } from 'commander';
import { type Hex, ZERO_HASH } from '../protocol/hex.ts';
import { VERDICTS, type VoteVerdict } from '../protocol/verdicts.ts';
import { formatMizu } from '../sdk/client/money.ts';
import type { VotePlan } from '../sdk/stakes/vote.ts';
import { parseCase } from './options.ts';
import { createOutput, nextCommands } from './output.ts';
import { connectToStakes, type SendFlags, withSendOptions } from './stake-options.ts';

type VoteFlags = SendFlags & { readonly evidence?: string };

export function voteCommand(): Command {
  return withSendOptions(new Command('vote'))
    .description('vote by hand: commit to a verdict, and later reveal it with the same command')
    .argument('<case>', 'number of a case', parseCase)
    .addArgument(new Argument('[verdict]', 'needed to commit; to reveal, the key knows it').choices(VERDICTS))
    .option('--evidence <file>', 'what shows how you came to it; its root is published (both times)')
    .addHelpText('after', '\nExample:\n  $ npx mizu court vote 1 upheld')
    .action(vote);
}

export function claimFeeCommand(): Command {
  return withSendOptions(new Command('claim'))
    .description('withdraw what the court owes you: fees of votes in a case, and bonds that came back')
    .argument('<case>', 'number of a case', parseCase)
    .addHelpText('after', '\nExample:\n  $ npx mizu court claim 1')
    .action(claim);
}

async function vote(id: bigint, verdict: VoteVerdict | undefined, flags: VoteFlags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { holderOf } = await import('../sdk/stakes/connect.ts');
  const { planVote } = await import('../sdk/stakes/vote.ts');
  const { formatTime } = await import('../sdk/stakes/refusals.ts');
  const { sendAndSay, stakeLine } = await import('./stake-text.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const voter = holderOf(signer);
  const evidenceRoot = await rootOf(flags.evidence);
  const plan = await planVote(stakes, voter, { id, verdict, evidenceRoot });
  const { round, weightWei, reveal, calls } = plan;
  output.say(stakeLine(plan.what, `${plan.verdict} in round ${round} of case ${id}, as ${voter.address}`));
  const counts = weightWei === 0n ? 'nothing unless the draw gives you a seat' : formatMizu(weightWei);
  output.say(stakeLine('counts', counts));
  if (plan.what === 'commit')
    output.say(
      stakeLine(
        'reveal',
        `from ${formatTime(reveal.from)} until ${formatTime(reveal.until)}: a commitment that is not revealed costs stake`,
      ),
    );
  const about = { case: id, what: plan.what, verdict: plan.verdict, round, weightWei, evidenceRoot, reveal };
  const sent = await sendAndSay({ stakes, signer, flags, output, calls }, about);
  if (sent === undefined) return;
  output.data({ event: 'voted', ...about });
  output.say(nextCommands(nextOf(id, plan)));
}

function nextOf(id: bigint, { what }: VotePlan): [string, string][] {
  return what === 'commit'
    ? [[`mizu court vote ${id}`, 'when the time has come: it is revealed']]
    : [[`mizu court claim ${id}`, 'when the case is closed: the fee, if the outcome is yours']];
}

async function claim(id: bigint, flags: SendFlags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { requireSigner } = await import('../sdk/client/network.ts');
  const { planFee } = await import('../sdk/stakes/vote.ts');
  const { sendAndSay, stakeLine } = await import('./stake-text.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const account = requireSigner({ signer }).address;
  const { amountWei, calls } = await planFee(stakes, account, id);
  output.say(stakeLine('claim', `${formatMizu(amountWei)} for ${account}`));
  const sent = await sendAndSay({ stakes, signer, flags, output, calls }, { case: id, account, amountWei });
  if (sent === undefined) return;
  output.data({ event: 'claimed', case: id, account, amountWei });
  output.say(`\n${formatMizu(amountWei)} are paid to ${account} on L1.`);
}

async function rootOf(file: string | undefined): Promise<Hex> {
  if (file === undefined) return ZERO_HASH;
  const { objectRoot } = await import('../protocol/tree.ts');
  return objectRoot(await readFile(file));
}
