// docs/sdk.md#renew: `mizu renew`.
import { Command } from 'commander';
import type { Hex } from '../protocol/hex.ts';
import { formatCount, formatMizu } from '../sdk/client/money.ts';
import {
  type GasPriceFlags,
  type NetworkFlags,
  parseHash,
  withGasPrice,
  withNetwork,
  withNetworkOptions,
} from './options.ts';
import { createOutput } from './output.ts';

export function renewCommand(): Command {
  return withNetworkOptions(withGasPrice(new Command('renew')))
    .description('keep the inputs and results of a running run for longer, so that it does not expire')
    .argument('<run>', 'id of a run of yours', parseHash)
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExample:\n  $ npx mizu renew 0x${'5e'.repeat(32)}`)
    .action((run: Hex, flags: NetworkFlags & GasPriceFlags & { json?: boolean }) => renew(run, flags));
}

async function renew(run: Hex, flags: NetworkFlags & GasPriceFlags & { json?: boolean }): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { renewRun } = await import('../sdk/client/renew.ts');
  await withNetwork(flags, async (network) => {
    const renewed = await renewRun(network, run, flags.gasPrice);
    output.data({ event: 'renewed', ...renewed });
    const until = new Date(renewed.expiry * 1000).toISOString();
    output.say(
      `${run}: ${formatCount(renewed.objects)} objects are kept until ${until}, for ${formatMizu(renewed.feeWei)}`,
    );
  });
}
