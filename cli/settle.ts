// docs/kernel.md#settle: `mizu settle`, which has a worker paid what its gateway has signed.
import { Command } from 'commander';
import { formatMizu } from '../sdk/client/money.ts';
import { type GasPriceFlags, type NetworkFlags, withGasPrice, withNetwork, withNetworkOptions } from './options.ts';
import { createOutput } from './output.ts';

type Flags = NetworkFlags & GasPriceFlags & { readonly json?: boolean; readonly dryRun?: boolean };

export function settleCommand(): Command {
  return withNetworkOptions(withGasPrice(new Command('settle')))
    .description('have a worker paid what its gateway has signed, on its account of the network')
    .argument('<file>', 'the account, JSON as the page of a worker shows it')
    .option('--dry-run', 'say what it would pay and cost, and send nothing')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu settle account.json')
    .action(run);
}

async function run(file: string, flags: Flags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { planSettlement, settle } = await import('../sdk/client/settle.ts');
  const { parseAccount } = await import('../sdk/client/worker-account.ts');
  const { readConfig } = await import('./config-file.ts');
  const account = parseAccount(await readConfig(file));
  const { gateway, worker } = account;
  await withNetwork(flags, async (network) => {
    const { dueWei, amountWei, feeWei } = await planSettlement(network, account, flags.gasPrice);
    const { dryRun = false } = flags;
    output.data({ event: 'plan', gateway, worker, dueWei, amountWei, feeWei, dryRun });
    output.say(`settle    ${formatMizu(amountWei)} of ${formatMizu(dueWei)} that ${gateway} owes ${worker}`);
    output.say(`cost      ${formatMizu(feeWei)}, of the account that signs`);
    if (dryRun) return output.say('\nNothing was sent: --dry-run.');
    const settled = await settle(network, account, flags.gasPrice);
    output.data({ event: 'settled', gateway, ...settled });
    output.say(`\n${formatMizu(settled.amountWei)} are paid to ${worker} on the network.`);
  });
}
