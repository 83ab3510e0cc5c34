// docs/sdk.md#cli: `mizu runs` and `mizu why`.
import { Command } from 'commander';
import pc from 'picocolors';
import { MizuError } from '../protocol/errors.ts';
import { type Hex, isHash } from '../protocol/hex.ts';
import type { Network } from '../sdk/client/network.ts';
import type { ReplayedTask } from '../sdk/client/replay-task.ts';
import type { RunListEntry } from '../sdk/client/views.ts';
import type { FailedTask } from '../sdk/client/why.ts';
import { inputArguments } from '../sdk/input/words.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import {
  collectInput,
  type NetworkFlags,
  parseCount,
  parseFormat,
  withNetwork,
  withNetworkOptions,
} from './options.ts';
import { createOutput, formatDuration, nextCommands, table } from './output.ts';
import type { CacheFlags } from './why-cache.ts';

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

type WhyFlags = CacheFlags & { readonly workflow?: string; readonly cache?: boolean };

export function whyCommand(): Command {
  return withNetworkOptions(new Command('why'))
    .description(
      'tell what a run waits for; with --cache, which operators of a workflow are reused and why the others are not',
    )
    .argument('[run]', 'id of the run; with --cache a workflow file (default: that of the newest run of this folder)')
    .option('--workflow <file>', 'workflow file of the run: a task that has failed is run again here')
    .option('--cache', 'tell of each operator of a workflow its address, and whether its result is reused')
    .option(
      '--input <file>',
      'with --cache: the input, as `dev` takes it (default: those of the newest run of the workflow here)',
      collectInput(),
    )
    .option('--format <name>', 'of the input, as `dev` takes it', collectInput(parseFormat))
    .option('--backend <url|file>', 'with --cache: who answers for models in `dev`')
    .option('--rows <n>', 'with --cache: rows that `dev` takes', parseCount, 20)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx mizu why 0x6d3c…\n  $ npx mizu why --cache examples/gloss-domains/workflow.ts --input glosses.jsonl',
    )
    .action(async (target: string | undefined, flags: WhyFlags) => {
      const output = createOutput(flags.json ?? false);
      if (flags.cache === true) {
        const { whyCache } = await import('./why-cache.ts');
        await whyCache(target, flags, output);
        return;
      }
      const run = runOf(target);
      const { explainRun } = await import('../sdk/client/why.ts');
      await withNetwork(flags, async (network) => {
        const why = await explainRun(network, run);
        const { failed } = why;
        const replayed =
          failed === undefined || flags.workflow === undefined
            ? undefined
            : await replay(network, run, failed, flags.workflow);
        output.data({ ...why, replayed });
        output.say(`${why.status}${why.error === undefined || failed !== undefined ? '' : `: ${why.error}`}`);
        if (failed !== undefined) {
          const { stage, operators, partition, reason } = failed;
          output.say(`  ${pc.bold(stage)} partition ${partition}: ${reason}. Its operators: ${operators.join(', ')}`);
          if (replayed !== undefined) output.say(`  run again here: ${CAUSES[replayed.kind]}: ${replayed.says}`);
          output.say(nextCommands(await nextAfter(run, failed, replayed)));
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

function runOf(target: string | undefined): Hex {
  const lower = target?.toLowerCase();
  if (isHash(lower)) return lower;
  throw new MizuError({
    code: 'cli/which-run',
    message: 'It is not said which run to explain.',
    expected: 'the id of a run (0x and 64 hex digits), or --cache and a workflow file',
    actual: target ?? 'nothing',
    hint: 'List runs with: npx mizu runs',
  });
}

const CAUSES: Readonly<Record<ReplayedTask['kind'], string>> = {
  exit: 'the program ended it',
  trap: 'a trap',
  'task-gas': 'the gas of a task',
  done: 'it does not fail here',
};

async function replay(network: Network, run: Hex, failed: FailedTask, file: string): Promise<ReplayedTask> {
  const { prepareWorkflow } = await import('./prepare.ts');
  const { createCompiledEngine } = await import('../sdk/local/model-engine.ts');
  const { replayTask } = await import('../sdk/client/replay-task.ts');
  const { readRun } = await import('../sdk/client/watch.ts');
  const workflow = await prepareWorkflow(file);
  const place = { stage: failed.index, partition: failed.partition };
  return replayTask(network, await readRun(network, run), place, workflow, createCompiledEngine(workflow));
}

// What was typed to start the run is known in the folder where it was started.
async function nextAfter(
  run: Hex,
  { kind }: FailedTask,
  replayed: ReplayedTask | undefined,
): Promise<(readonly [string, string])[]> {
  const { findRecord } = await import('../sdk/client/state-file.ts');
  const { file = 'WORKFLOW.ts', input = 'FILE', inputOptions, others } = (await findRecord(run)) ?? {};
  const again = `mizu run ${shellWord(file)} ${inputArguments(input, inputOptions, others)} --output out`;
  if (kind === 'budget') return [[`${again} --max MIZU`, 'start it again with a larger budget']];
  if (replayed?.kind === 'task-gas') return [[`${again} --task-gas 17G`, 'start it again with more gas for a task']];
  const dev: [string, string] = [
    `mizu dev ${shellWord(file)} ${inputArguments(input, inputOptions, others)} --rows 1000`,
    'see what the program says',
  ];
  if (replayed !== undefined) return [dev];
  return [
    [`mizu why ${run} --workflow ${shellWord(file)}`, 'run the task again here: trap, gas, or what it says'],
    dev,
  ];
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
