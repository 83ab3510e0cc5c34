// docs/court.md#hand: `mizu court open`, a dispute about what a gateway has signed for a task of a run.
import { Command } from 'commander';
import type { Hex } from '../protocol/hex.ts';
import { formatMizu } from '../sdk/client/money.ts';
import { parseHash, parsePlace, parseUrl } from './options.ts';
import { createOutput, nextCommands } from './output.ts';
import { connectToStakes, type SendFlags, withSendOptions } from './stake-options.ts';

type OpenFlags = SendFlags & { readonly rpc?: string; readonly stage?: number; readonly partition: number };

export function openCommand(): Command {
  return withSendOptions(new Command('open'))
    .description('dispute the answer of a model: validators run it again and vote')
    .argument('<run>', 'id of the run', parseHash)
    .requiredOption('--partition <n>', 'whose answer, from 0', parsePlace)
    .option('--stage <n>', 'of this stage, from 0 (default: the newest answer for the partition)', parsePlace)
    .option('--rpc <url>', 'a sequencer, which tells the DA members (default: MIZU_RPC, or the devnet)', parseUrl)
    .addHelpText('after', `\nExample:\n  $ npx mizu court open 0x${'5e'.repeat(32)} --partition 0`)
    .action(open);
}

async function open(run: Hex, flags: OpenFlags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { requireSigner, connectNetwork } = await import('../sdk/client/network.ts');
  const { discoverNetwork } = await import('../sdk/client/discover.ts');
  const { findItem, planDispute } = await import('../sdk/stakes/dispute-item.ts');
  const { authorityOf } = await import('../sdk/stakes/connect.ts');
  const { formatTime } = await import('../sdk/stakes/refusals.ts');
  const { sendAndSay, stakeLine } = await import('./stake-text.ts');
  const { stakes, signer } = await connectToStakes(flags);
  const account = requireSigner({ signer }).address;
  const { rpcUrl, l1RpcUrl } = await discoverNetwork({ rpc: flags.rpc, l1: flags.l1 });
  const network = await connectNetwork({ rpcUrl, l1RpcUrl });
  try {
    const contracts = { rollup: authorityOf(stakes, 'Rollup'), inbox: authorityOf(stakes, 'Inbox') };
    const source = { contracts, fromBlock: BigInt(network.chain.fromBlock ?? 0), objects: network.da };
    const found = await findItem(stakes, source, { run, stage: flags.stage, partition: flags.partition });
    const { item, gateway } = found;
    const { bondWei, until, calls } = await planDispute(stakes, account, found, contracts.inbox);
    output.say(stakeLine('dispute', `partition ${item.partition} of stage ${item.stage}, attempt ${item.attempt}`));
    output.say(stakeLine('answer', `${item.resultRoot}, signed by ${gateway}`));
    output.say(stakeLine('bond', `${formatMizu(bondWei)}: lost if the answer is what the model says, else returned`));
    output.say(stakeLine('until', formatTime(until)));
    const { stage, partition, attempt, resultRoot } = item;
    const about = { run, stage, partition, attempt, resultRoot, gateway, bondWei };
    const sent = await sendAndSay({ stakes, signer, flags, output, calls }, about);
    if (sent === undefined) return;
    const id = sent.flatMap(({ events }) => events).find(({ name }) => name === 'CaseOpened')?.args.id;
    output.data({ event: 'opened', case: id, ...about });
    output.say(nextCommands([[`mizu court show ${id}`, 'how was voted']]));
  } finally {
    await network.close();
  }
}
