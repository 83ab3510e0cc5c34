// docs/sdk.md#run: `mizu run`: quote, deploy, run, watch, fetch. The same command again goes on where it was.
import { Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { MAX_RUN_GATEWAYS } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { formatCount, formatMizu, parseMizu } from '../client/money.ts';
import type { Network } from '../client/network.ts';
import type { Quote } from '../client/quote.ts';
import type { CompiledWorkflow } from '../compile/compile.ts';
import { shellWord } from './invocation.ts';
import {
  type InputFlags,
  type NetworkFlags,
  parseAddress,
  parseHours,
  withInputOptions,
  withNetwork,
  withNetworkOptions,
} from './options.ts';
import { createOutput, nextCommands, type Output } from './output.ts';
import { followRun, printEnd, sayLeft, sayPromise } from './watch.ts';

export type RunFlags = NetworkFlags &
  InputFlags & {
    output: string;
    max?: string;
    maxItem?: string;
    maxInference?: string;
    gateway?: Address[];
    hours: number;
    backend?: string;
    new?: boolean;
    /** The demo goes on by itself: no next commands. */
    isDemo?: boolean;
    json?: boolean;
  };

export function runCommand(setExitCode: (code: number) => void): Command {
  return withNetworkOptions(withInputOptions(new Command('run')))
    .description('run a workflow on the network and fetch the dataset; Ctrl-C leaves the run going')
    .argument('<workflow>', 'workflow file')
    .requiredOption('--output <folder>', 'folder of the dataset')
    .option('--max <cost>', 'most that it may cost, in MIZU (default: the quote’s upper bound)')
    .option('--max-item <cost>', 'most that the answers for one partition may cost, in MIZU (default: from the quote)')
    .option('--max-inference <cost>', 'most that all answers may cost, in MIZU (default: from the quote)')
    .option(
      '--gateway <address>',
      'take answers from this gateway only; may be repeated (default: the model’s)',
      collectGateway,
    )
    .option('--hours <n>', 'time after which it expires and the rest is paid back', parseHours, 24)
    .option('--backend <url|file>', 'OpenAI-compatible server for the quote’s dry run, or a file with its settings')
    .option('--new', 'start another run of the same workflow on the same input')
    .option('--json', 'print JSON, one event a line')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx mizu run examples/licences/workflow.ts --input licences.jsonl --output out --max 5',
    )
    .action(async (file: string, flags: RunFlags) => {
      const output = createOutput(flags.json ?? false);
      const maxWei = flags.max === undefined ? undefined : parseMizu(flags.max);
      const { prepareWorkflow } = await import('./prepare.ts');
      const workflow = await prepareWorkflow(file);
      const { code } = await withNetwork(flags, (network) => runWorkflow(network, workflow, flags, maxWei, output));
      setExitCode(code);
    });
}

export type RunOutcome = {
  /** Exit code: 0 done (or left going by Ctrl-C), 2 the run failed. */
  readonly code: number;
  /** Undefined if it was left going. */
  readonly run: Hex | undefined;
};

/** Quotes, deploys, runs, follows and fetches. */
export async function runWorkflow(
  network: Network,
  workflow: CompiledWorkflow,
  flags: RunFlags,
  maxWei: bigint | undefined,
  output: Output,
): Promise<RunOutcome> {
  const { deployWorkflow } = await import('../client/deploy.ts');
  const { startRun } = await import('../client/run.ts');
  const { fetchDataset, readStepStats } = await import('../client/dataset.ts');
  const { quoteFile, printQuote, quoteData } = await import('./quote.ts');
  const { quote, survey } = await quoteFile(network, workflow, flags);
  printQuote(output, quote, survey);
  output.data(quoteData(workflow, quote));
  if (maxWei !== undefined && maxWei < quote.costWei.expected) throw tooCheap(maxWei, quote.costWei.expected);
  const deployed = await deployWorkflow(network, workflow);
  output.say(
    `${pc.bold('Workflow')}  ${deployed.workflowId} ${deployed.isNew ? 'deployed' : deployed.isRenewed ? 'renewed' : 'deployed already'}`,
  );
  output.data({ event: 'deployed', ...deployed });
  const maxCostWei = maxWei ?? quote.costWei.upper;
  const { run, resumed, promised } = await startRun(network, {
    workflowId: deployed.workflowId,
    workflowFile: workflow.file,
    stages: workflow.definition.stages.length,
    survey,
    maxCostWei,
    ...inferenceLimits(flags, quote, maxCostWei),
    gateways: flags.gateway ?? [],
    taskGasLimit: quote.taskGasLimit,
    deadlineSeconds: Math.round(flags.hours * 3600),
    isNew: flags.new ?? false,
  });
  output.say(`${pc.bold('Run')}  ${run}${resumed ? ' (the one that was started before)' : ''}`);
  if (promised !== undefined) sayPromise(output, promised);
  output.say('');
  output.data({ event: 'run', run, resumed, promised });
  const end = await followRun(network, run, output);
  if (end === 'left') {
    if (!flags.isDemo) sayLeft(output, run);
    return { code: 0, run: undefined };
  }
  if (end.status !== 'done') return { code: printEnd(output, end), run };
  const [{ datasetRoot, files }, steps] = await Promise.all([
    fetchDataset(network, run, flags.output),
    readStepStats(network, run),
  ]);
  output.say('');
  for (const [name, stats] of Object.entries(steps)) {
    output.say(
      `  ${name.padEnd(24)} ${formatCount(stats.in)} in → ${formatCount(stats.out)} out${stats.rejected > 0 ? `, ${formatCount(stats.rejected)} rejected` : ''}`,
    );
  }
  output.say(
    `\n${pc.green('Dataset')}  ${flags.output}  ${files.map((file) => `${file.path}: ${formatCount(file.rows)} rows`).join(', ')}`,
  );
  output.say(`root     ${datasetRoot}`);
  output.say(`cost     ${formatMizu(end.spentWei)}`);
  output.data({ event: 'dataset', run, folder: flags.output, datasetRoot, files, steps, spentWei: end.spentWei });
  if (flags.isDemo) return { code: 0, run };
  output.say(
    nextCommands([
      [`mizu verify ${shellWord(flags.output)}`, 'check the folder against L1 and DA'],
      [`mizu watch ${run}`, 'its batches on the L1'],
    ]),
  );
  return { code: 0, run };
}

/** A quote that has seen no token says nothing: then the cost of the whole run is the limit. */
function inferenceLimits({ maxItem, maxInference }: RunFlags, quote: Quote, maxCostWei: bigint) {
  const within = (flag: string | undefined, quoted: bigint): bigint => {
    const wei = flag !== undefined ? parseMizu(flag) : quoted === 0n ? maxCostWei : quoted;
    return wei < maxCostWei ? wei : maxCostWei;
  };
  return { maxItemWei: within(maxItem, quote.itemWei), maxInferenceWei: within(maxInference, quote.inferenceWei) };
}

function collectGateway(value: string, before: Address[] = []): Address[] {
  if (before.length === MAX_RUN_GATEWAYS) throw new InvalidArgumentError(`Expected at most ${MAX_RUN_GATEWAYS}.`);
  return [...before, parseAddress(value)];
}

function tooCheap(maxWei: bigint, expectedWei: bigint): MizuError {
  return new MizuError({
    code: 'sdk/max-too-low',
    message: 'The run would cost more than it may.',
    expected: `--max of at least ${formatMizu(expectedWei)} (the quote's expected cost)`,
    actual: formatMizu(maxWei),
    hint: 'Raise --max, or take fewer rows. Nothing was sent.',
  });
}
