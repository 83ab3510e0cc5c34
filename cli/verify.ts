// docs/sdk.md#verify: `mizu verify`, a run or a dataset folder against L1 and DA alone. Exit code 3 if something does
// not hold.
import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import pc from 'picocolors';
import type { Verified } from '../sdk/client/verify.ts';
import { collectUrl, type NetworkFlags, withNetworkOptions } from './options.ts';
import { createOutageReporter } from './outage.ts';
import { createOutput, type Output } from './output.ts';

export function verifyCommand(): Command {
  return withNetworkOptions(new Command('verify'))
    .description('check a run or a dataset folder against L1 and DA alone')
    .argument('<run or folder>', 'id of a run, or the folder of a dataset')
    .option('--l1-url <url>', 'L1 node to believe; again for a second one that must agree with it', collectUrl)
    .option('--replay', 'run every step of the run again, programs included')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nWhat is believed (docs/sdk.md#trust): these options, else the devnet’s file, else the manifest of the dataset; never the sequencer.\n\nExample:\n  $ npx mizu verify out',
    )
    .action(run);
}

type Flags = NetworkFlags & {
  readonly l1Url?: readonly string[];
  readonly replay?: boolean;
  readonly json?: boolean;
};

async function run(target: string, flags: Flags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { verifyTarget } = await import('../sdk/client/verify.ts');
  const isFolder = await stat(target).then(
    (info) => info.isDirectory(),
    () => false,
  );
  const version = isFolder ? await (await import('../sdk/output/version.ts')).readVersion(target) : undefined;
  const patience = { onOutage: createOutageReporter() };
  const onWait = () =>
    output.say(pc.dim('  … the run has just ended: waiting for its assertion on L1, five minutes at most'));
  const settings = { ...flags, l1Urls: flags.l1Url, patience, onWait };
  const onCheck = (line: string) => output.say(`  ${pc.green('✓')} ${line}`);
  if (version === undefined) {
    tell(output, await verifyTarget(target, isFolder, settings, onCheck));
    return;
  }
  const { verifyVersion } = await import('../sdk/client/verify-version.ts');
  for (const verified of await verifyVersion(target, version, settings, onCheck)) tell(output, verified);
}

function levelOf({ confirmed, attested }: Verified): string {
  if (confirmed) return 'confirmed on L1';
  if (attested === undefined) return 'asserted on L1; its window is still open';
  const percent = Number((BigInt(attested.weight) * 100n) / BigInt(attested.totalWeight));
  return `asserted on L1 and attested by ${percent} % of the validators' stake; its window is still open`;
}

function canaryWarning(count: number): string {
  const answers = count === 1 ? '1 answer is' : `${count} answers are`;
  return `warning: ${answers} wrong on purpose: the run is a canary, by which validators are examined. Do not rely on its dataset.`;
}

function tell(output: Output, verified: Verified): void {
  output.say(`\n${pc.green('verified')}  dataset ${verified.datasetRoot} of run ${verified.run}`);
  output.say(`${levelOf(verified)}: ${verified.transactions.join(', ')}`);
  if (verified.canaries > 0) output.say(pc.yellow(canaryWarning(verified.canaries)));
  output.data({ event: 'verified', ...verified });
}
