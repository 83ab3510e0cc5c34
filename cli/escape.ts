// docs/sdk.md#escape: `mizu escape`, the way out of a network that has ended.
import { Command } from 'commander';
import pc from 'picocolors';
import type { Address, Hex } from '../protocol/hex.ts';
import type { EndStanding, Holding } from '../sdk/client/escape.ts';
import { formatMizu } from '../sdk/client/money.ts';
import { readConfig } from './config-file.ts';
import { parseAddress } from './options.ts';
import { createOutput, type Output } from './output.ts';

type Flags = {
  readonly config: string;
  readonly data?: string;
  readonly account?: Address;
  readonly key?: string;
  readonly leave?: boolean;
  readonly json?: boolean;
};

const WORDS: Readonly<Record<Holding['kind'], string>> = {
  account: 'balance of',
  run: 'escrow of run',
  deposit: 'deposit, message',
  refund: 'refund of a voided item, message',
  withdrawal: 'withdrawal',
};

export function escapeCommand(): Command {
  return new Command('escape')
    .description('show what an account could leave the network with, and when; with --leave, leave')
    .requiredOption('--config <file>', 'JSON as of a validator: docs/operations.md')
    .option('--data <folder>', 'instead of the data folder of the configuration')
    .option('--account <address>', 'whose (default: that of the key)', parseAddress)
    .option(
      '--key <file>',
      'file with the private key that pays L1 (default: MIZU_PRIVATE_KEY, or the devnet’s developer)',
    )
    .option('--leave', 'end the network if it is due, and have all of it paid to the account')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx mizu escape --config .mizu/devnet/config/validator.json --data .mizu/escape',
    )
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { endNetwork, findHoldings, leave, readStanding } = await import('../sdk/client/escape.ts');
  const { openReplica } = await import('../sdk/client/replica.ts');
  const { parseNetworkConfig } = await import('../node/config.ts');
  const { createSender } = await import('../service/l1/send.ts');
  const { withAccount } = await import('../service/l1/l1.ts');
  const { discoverSigner } = await import('../sdk/client/discover.ts');
  const { requireSigner } = await import('../sdk/client/network.ts');
  const file = parseNetworkConfig(await readConfig(flags.config));
  const config = { ...file, dataDir: flags.data ?? file.dataDir };
  const signer = await discoverSigner(flags.key, config.l1Url);
  const account = flags.account ?? requireSigner({ signer }).address;
  const replica = await openReplica(config);
  try {
    const { l1 } = replica.node;
    const payer = () => createSender(withAccount(l1, requireSigner({ signer }).privateKey as Hex, undefined, config));
    // The network is ended before everything is executed, which may take long: an end that is not due is refused at
    // once.
    if (flags.leave) await endNetwork(l1, config.contracts, payer());
    tellStanding(output, await readStanding(l1, config.contracts));
    const confirmed = await replica.confirmed((done, of) => output.data({ event: 'executed', batches: done, of }));
    const parts = { node: replica.node, contracts: config.contracts, confirmed, account };
    const tell = (holding: Holding, what: string) => tellHolding(output, holding, what);
    const holdings = flags.leave
      ? await leave(parts, payer(), (holding) => tell(holding, 'paid'))
      : await findHoldings(parts);
    if (!flags.leave) for (const holding of holdings) tell(holding, holding.hasLeft ? 'has left' : 'there');
    const amountWei = holdings.reduce(
      (sum, holding) => sum + (flags.leave || !holding.hasLeft ? holding.amountWei : 0n),
      0n,
    );
    output.say(`\n${account} ${flags.leave ? 'has left' : 'could leave'} with ${pc.bold(formatMizu(amountWei))}`);
    output.data({ event: flags.leave ? 'left' : 'holdings', account, amountWei, batch: confirmed.post.batch });
  } finally {
    await replica.close();
  }
}

function tellStanding(output: Output, standing: EndStanding): void {
  const { confirmedAt, endableFrom, endedAt, now } = standing;
  output.data({ event: 'standing', ...standing });
  output.say(`latest confirmation  ${timeOf(confirmedAt)}`);
  if (endedAt !== undefined)
    output.say(
      `${pc.yellow('ended')}                ${timeOf(endedAt)}: whoever has something in the network can leave`,
    );
  else if (endableFrom === undefined) output.say('it goes on           every batch is confirmed');
  else if (now < endableFrom)
    output.say(
      `it goes on           it may be ended from ${timeOf(endableFrom)} on, if nothing is confirmed until then`,
    );
  else output.say(`${pc.yellow('may be ended')}         since ${timeOf(endableFrom)}, by anyone: --leave does it`);
}

function tellHolding(output: Output, holding: Holding, what: string): void {
  output.data({ event: 'holding', ...holding, what });
  output.say(`  ${formatMizu(holding.amountWei).padEnd(16)} ${WORDS[holding.kind]} ${holding.id}  ${pc.dim(what)}`);
}

function timeOf(seconds: bigint): string {
  return new Date(Number(seconds) * 1000).toISOString();
}
