// docs/attestations.md#cli: `mizu attest`, who has attested what, and the share of the fees that it earns.
import { Command } from 'commander';
import type { Address } from '../protocol/hex.ts';
import { formatMizu } from '../sdk/client/money.ts';
import type { AttestationStanding } from '../sdk/stakes/attestations.ts';
import type { AuditStanding } from '../sdk/stakes/audits.ts';
import { parseAddress, parseCount } from './options.ts';
import { createOutput, formatDuration, table } from './output.ts';
import { connectToStakes, type SendFlags, withSendOptions } from './stake-options.ts';

type Flags = SendFlags & { readonly account?: Address; readonly limit: number; readonly collect?: boolean };

export function attestCommand(): Command {
  return withSendOptions(new Command('attest'))
    .description(
      'show who has attested the newest assertions and how audits went, and collect what a validator has earned',
    )
    .option('--account <address>', 'of the validator (default: that of the key)', parseAddress)
    .option('--limit <n>', 'how many of the newest assertions', parseCount, 10)
    .option('--collect', 'collect the shares of fees that are due to the account')
    .addHelpText(
      'after',
      '\nA validator’s process attests what it has executed; nobody signs by hand what he has not.\n\nExample:\n  $ npx mizu attest --collect',
    )
    .action(attest);
}

async function attest(flags: Flags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { requireSigner } = await import('../sdk/client/network.ts');
  const { readAttestations, planCollect } = await import('../sdk/stakes/attestations.ts');
  const { readAuditStanding } = await import('../sdk/stakes/audits.ts');
  const { sendAndSay, stakeLine } = await import('./stake-text.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const account = flags.account ?? requireSigner({ signer }).address;
  const standings = await readAttestations(stakes, account, flags.limit);
  for (const standing of standings) output.data({ event: 'assertion', account, ...standing });
  if (standings.length === 0) output.say('No assertions in the last week of blocks.');
  else output.say(table([HEAD, ...standings.map(rowOf)]));
  const audits = await readAuditStanding(stakes, account);
  output.data({ event: 'audits', account, ...audits });
  output.say(stakeLine('audits', auditText(audits)));
  if (!flags.collect) return;
  const { amountWei, calls } = planCollect(stakes, account, standings);
  output.say(stakeLine('collect', `${formatMizu(amountWei)} for ${account} and who has delegated to it`));
  const sent = await sendAndSay({ stakes, signer, flags, output, calls }, { account, amountWei });
  if (sent === undefined) return;
  output.data({ event: 'collected', account, amountWei });
  output.say(`\n${formatMizu(amountWei)} are collected as yield: mizu claim pays them out.`);
}

function auditText(audits: AuditStanding): string {
  const { examined, found, losesShare, lookBack, periodSeconds, withheldWei } = audits;
  const time = formatDuration(lookBack * periodSeconds);
  const count = examined === 0 ? 'no canary was' : `${found} found of ${examined} canaries that were`;
  const share = losesShare ? 'what it attests now earns it nothing' : 'it keeps its share';
  const lost = withheldWei === 0n ? '' : `; ${formatMizu(withheldWei)} were withheld in the last week of blocks`;
  return `${count} drawn for it within ${time}: ${share}${lost}`;
}

const HEAD = ['up to batch', 'status', 'attested', 'by this account', 'due to it'];

function rowOf({ batch, status, weightWei, totalWei, attested, own }: AttestationStanding): string[] {
  const part = totalWei === 0n ? 'nobody is staked' : `${(weightWei * 100n) / totalWei} % of the stake`;
  const stakeless = own.weightWei === 0n ? 'no stake then' : 'no';
  return [
    String(batch),
    status,
    attested ? part : `not yet: ${part}`,
    own.attested ? 'yes' : stakeless,
    own.shareWei === 0n ? '' : formatMizu(own.shareWei),
  ];
}
