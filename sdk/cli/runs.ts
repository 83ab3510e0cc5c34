// docs/sdk.md#cli: `mizu runs` and `mizu why`.
import { Command } from 'commander';
import pc from 'picocolors';
import type { Hex } from '../../protocol/hex.ts';
import type { RunListEntry } from '../client/views.ts';
import { type NetworkFlags, parseCount, parseHash, withNetwork, withNetworkOptions } from './options.ts';
import { createOutput, formatDuration, nextCommands, table } from './output.ts';

export function runsCommand(): Command {
  return withNetworkOptions(new Command('runs'))
    .description('list runs, newest first')
    .option('--all', 'of every account, not only of yours')
    .option('--limit <n>', 'how many', parseCount, 20)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu runs --all --limit 5')
    .action(async (flags: NetworkFlags & { all?: boolean; limit: number; json?: boolean }) => {
      const output = createOutput(flags.json ?? false);
      await withNetwork(flags, async (network) => {
        const owner = flags.all ? {} : { owner: network.signer?.address };
        const runs = (await network.rpc('mizu_listRuns', [
          { ...owner, limit: Math.min(flags.limit, 100) },
        ])) as RunListEntry[];
        for (const run of runs) output.data(run);
        if (runs.length === 0) {
          output.say('No runs yet.');
          output.say(nextCommands([['mizu run WORKFLOW.ts --input rows.jsonl --output out', 'start one']]));
          return;
        }
        const rows = runs.map((run) => [run.run, run.status, String(run.partitions), startOf(run), durationOf(run)]);
        output.say(table([['run', 'status', 'partitions', 'started', 'took'], ...rows]));
        output.say(nextCommands([[`mizu watch ${runs[0]!.run}`, 'follow the newest']]));
      });
    });
}

export function whyCommand(): Command {
  return withNetworkOptions(new Command('why'))
    .description('tell what a run waits for, whose turn it is, and until when')
    .argument('<run>', 'id of the run', parseHash)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu why 0x6d3c…')
    .action(async (run: Hex, flags: NetworkFlags & { json?: boolean }) => {
      const output = createOutput(flags.json ?? false);
      const { explainRun } = await import('../client/why.ts');
      await withNetwork(flags, async (network) => {
        const why = await explainRun(network, run);
        output.data(why);
        output.say(`${why.status}${why.error === undefined ? '' : `: ${why.error}`}`);
        if (why.failed !== undefined) {
          const { stage, steps, partition, reason } = why.failed;
          output.say(`  ${pc.bold(stage)} partition ${partition}: ${reason}. Its steps: ${steps.join(', ')}`);
          output.say(nextCommands([['mizu dev WORKFLOW.ts --input FILE --rows 1000', 'see what the program says']]));
        }
        if (why.status !== 'running') return;
        output.say(
          `${why.openTasks} tasks are open. The run expires ${describeTime(why.runDeadline)}; then the rest of the money comes back.`,
        );
        for (const wait of why.waits) {
          output.say(
            `  ${pc.bold(wait.stage)} partition ${wait.partition}: ${wait.reason} ${pc.dim(`(${wait.owner}, ${describeTime(wait.deadline)} at the latest)`)}`,
          );
        }
        output.say(nextCommands([[`mizu watch ${run}`, 'follow it']]));
      });
    });
}

function startOf({ startedAt }: RunListEntry): string {
  return new Date(startedAt * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

function durationOf({ startedAt, endedAt }: RunListEntry): string {
  return formatDuration((endedAt ?? Date.now() / 1000) - startedAt);
}

function describeTime(unixSeconds: number): string {
  const left = unixSeconds - Date.now() / 1000;
  return left > 0 ? `in ${formatDuration(left)}` : `${formatDuration(-left)} ago`;
}
