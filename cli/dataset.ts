// docs/sdk.md#output: `mizu dataset get`.
import { Command } from 'commander';
import type { Hex } from '../protocol/hex.ts';
import { formatCount } from '../sdk/client/money.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import { type NetworkFlags, parseHash, withNetwork, withNetworkOptions } from './options.ts';
import { createOutput, nextCommands } from './output.ts';

export function datasetCommand(): Command {
  const command = new Command('dataset').description('fetch datasets');
  const get = withNetworkOptions(new Command('get'))
    .description('fetch a finished dataset, every object checked against its root')
    .argument('<run>', 'id of the run', parseHash)
    .option('--output <folder>', 'folder of the dataset', 'out')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu dataset get 0x6d3c… --output licences')
    .action(async (run: Hex, flags: NetworkFlags & { output: string; json?: boolean }) => {
      const output = createOutput(flags.json ?? false);
      const { fetchDataset } = await import('../sdk/client/dataset.ts');
      await withNetwork(flags, async (network) => {
        const { datasetRoot, files } = await fetchDataset(network, run, flags.output);
        output.data({ event: 'dataset', run, folder: flags.output, datasetRoot, files });
        for (const file of files)
          output.say(`${flags.output}/${file.path}: ${formatCount(file.rows)} rows, ${formatCount(file.bytes)} bytes`);
        output.say(`root ${datasetRoot}`);
        output.say(nextCommands([[`mizu verify ${shellWord(flags.output)}`, 'check it against L1 and DA']]));
      });
    });
  return command.addCommand(get);
}
