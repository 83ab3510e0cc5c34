// docs/sdk.md#deploy: `mizu deploy`.
import { Command } from 'commander';
import { formatCount, formatMizu } from '../sdk/client/money.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import { type GasPriceFlags, type NetworkFlags, withGasPrice, withNetwork, withNetworkOptions } from './options.ts';
import { createOutput, nextCommands } from './output.ts';

export function deployCommand(): Command {
  return withNetworkOptions(withGasPrice(new Command('deploy')))
    .description('put a workflow on the network; the same workflow again renews it when its time is half over')
    .argument('<workflow>', 'workflow file')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu deploy examples/licences/workflow.ts')
    .action((file: string, flags: NetworkFlags & GasPriceFlags & { json?: boolean }) => run(file, flags));
}

async function run(file: string, flags: NetworkFlags & GasPriceFlags & { json?: boolean }): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { prepareWorkflow } = await import('./prepare.ts');
  const { deployWorkflow } = await import('../sdk/client/deploy.ts');
  const workflow = await prepareWorkflow(file);
  await withNetwork(flags, async (network) => {
    const deployed = await deployWorkflow(network, workflow, 0n, flags.gasPrice);
    output.data({ event: 'deployed', ...deployed });
    const paid = `for ${formatMizu(deployed.feeWei)}`;
    const what = deployed.isNew ? `deployed ${paid}` : deployed.isRenewed ? `renewed ${paid}` : 'is deployed already';
    output.say(
      `${workflow.description.name} ${deployed.workflowId} ${what} (${formatCount(deployed.deployedBytes)} bytes on DA)`,
    );
    output.say(nextCommands([[`mizu run ${shellWord(file)} --input rows.jsonl --output out`, 'run it']]));
  });
}
