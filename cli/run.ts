// docs/sdk.md#run: `mizu run`: quote, deploy, run, watch, fetch. The same command, typed again, goes on where it was.
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { MAX_RUN_GATEWAYS } from '../protocol/constants.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { formatCount, formatMizu, parseMizu } from '../sdk/client/money.ts';
import type { Network } from '../sdk/client/network.ts';
import type { Progress } from '../sdk/client/watch.ts';
import type { CompiledWorkflow } from '../sdk/compile/compile.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import { inputsFromFlags } from './input-flags.ts';
import {
  parseAddress,
  parseHours,
  parseSampleRows,
  parseTaskGas,
  SAMPLE_ROWS,
  withBackendOptions,
  withGasPrice,
  withInputOptions,
  withNetwork,
  withNetworkOptions,
} from './options.ts';
import { createOutput, nextCommands, type Output } from './output.ts';
import { sayRejects, sumRejectsFile } from './rejects.ts';
import type { RunFlags, RunOutcome } from './run-flags.ts';
import { followRun, printEnd, sayLeft } from './watch.ts';

export function runCommand(setExitCode: (code: number) => void): Command {
  return withNetworkOptions(withGasPrice(withBackendOptions(withInputOptions(new Command('run')))))
    .description('run a workflow on the network and fetch the dataset; Ctrl-C leaves the run going')
    .argument('<workflow>', 'workflow file')
    .requiredOption('--output <folder>', 'folder of the dataset')
    .option(
      '--max <cost>',
      'most that it may cost, in MIZU: then there is no dry run (default: the quote’s upper bound)',
    )
    .option('--max-item <cost>', 'most that the answers for one partition may cost, in MIZU (default: from the quote)')
    .option('--max-inference <cost>', 'most that all answers may cost, in MIZU (default: from the quote)')
    .option('--task-gas <gas>', 'gas that one task may use, such as 5G (default: from the quote)', parseTaskGas)
    .option('--rows <n>', 'rows of the dry run', parseSampleRows, SAMPLE_ROWS)
    .option('--force', 'start even if no row has come through the dry run')
    .option(
      '--gateway <address>',
      'take answers from this gateway only; may be repeated (default: the model’s)',
      collectGateway,
    )
    .option('--hours <n>', 'time after which it expires and the rest is paid back', parseHours, 24)
    .option(
      '--retry-rejects <operator>',
      'try the rows again that this operator has rejected in the dataset of --output, into its next version',
    )
    .option('--after-court', 'fetch the dataset when no answer of a model in it can be voided any more')
    .option('--new', 'start another run of the same workflow on the same input')
    .option('--json', 'print JSON, one event a line')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx mizu run examples/licences/workflow.ts --input licences.jsonl --output out --max 5',
    )
    .action(async (file: string, flags: RunFlags) => {
      const output = createOutput(flags.json ?? false);
      if (flags.max !== undefined) parseMizu(flags.max);
      inputsFromFlags(flags);
      const { prepareWorkflow } = await import('./prepare.ts');
      const operator = flags.retryRejects;
      const workflow = await prepareWorkflow(file, operator);
      const { code } = await withNetwork(flags, async (network) => {
        if (operator === undefined) return runWorkflow(network, workflow, flags, output);
        const { retryRejects } = await import('./retry.ts');
        return retryRejects(network, workflow, operator, flags, output);
      });
      setExitCode(code);
    });
}

/** Quotes, deploys, runs, follows and fetches a workflow's dataset. */
export async function runWorkflow(
  network: Network,
  workflow: CompiledWorkflow,
  flags: RunFlags,
  output: Output,
): Promise<RunOutcome> {
  const { surveyFlags } = await import('./survey.ts');
  const { startOrFind } = await import('./start.ts');
  const survey = await surveyFlags(
    flags,
    workflow.description.inputs,
    flags.max === undefined ? (flags.rows ?? SAMPLE_ROWS) : 0,
  );
  const run = await startOrFind(network, workflow, survey, flags, output);
  const end = await followRun(network, run, output);
  if (end === 'left') {
    if (!flags.isDemo) sayLeft(output, run);
    return { code: 0, run: undefined };
  }
  if (end.status !== 'done') return { code: printEnd(output, end), run };
  if (flags.afterCourt) await waitPastCourt(network, run, output);
  return { code: await fetchEnded(network, end, flags, output), run };
}

async function waitPastCourt(network: Network, run: Hex, output: Output): Promise<void> {
  const { waitForCourt } = await import('../sdk/client/past-court.ts');
  const { until, cases } = await waitForCourt(network, run, ({ until, openCases }) => {
    output.data({ event: 'court', run, until, openCases });
    output.say(pc.dim(`  … ${courtWait(until, openCases)}`));
  });
  output.data({ event: 'past-court', run, until, cases });
  const heard = cases.length === 0 ? 'nobody has disputed an answer' : `cases ${cases.join(', ')} are closed`;
  output.say(
    until === undefined ? '\nNo model has answered: nothing to dispute.' : `\nPast the court's window: ${heard}.`,
  );
}

function courtWait(until: number | undefined, openCases: readonly bigint[]): string {
  if (openCases.length > 0) return `the court hears case ${openCases.join(', ')} about an answer of this run`;
  if (until === undefined) return 'the run goes on, or its last batch is not on L1 yet';
  return `answers of models can be disputed until ${new Date(until * 1000).toISOString()}, by L1's clock`;
}

/** Returns the exit code: 2 for a dataset without a row. */
async function fetchEnded(
  network: Network,
  { run, spentWei }: Progress,
  flags: RunFlags,
  output: Output,
): Promise<number> {
  const { fetchDataset, readOperatorStats } = await import('../sdk/client/dataset.ts');
  const [{ datasetRoot, files }, operators] = await Promise.all([
    fetchDataset(network, run, flags.output),
    readOperatorStats(network, run),
  ]);
  const rejects = files.find(({ name }) => name === 'rejects');
  const rejected = rejects === undefined ? [] : await sumRejectsFile(join(flags.output, rejects.path));
  output.say('');
  for (const [name, stats] of Object.entries(operators)) {
    output.say(
      `  ${name.padEnd(24)} ${formatCount(stats.in)} in → ${formatCount(stats.out)} out${stats.rejected > 0 ? `, ${formatCount(stats.rejected)} rejected` : ''}`,
    );
  }
  sayRejects(output, rejected);
  output.say(
    `\n${pc.green('Dataset')}  ${flags.output}  ${files.map((file) => `${file.path}: ${formatCount(file.rows)} rows`).join(', ')}`,
  );
  output.say(`root     ${datasetRoot}`);
  output.say(`cost     ${formatMizu(spentWei)}`);
  output.data({ event: 'dataset', run, folder: flags.output, datasetRoot, files, operators, rejected, spentWei });
  const isEmpty = files.every(({ name, rows }) => name === 'rejects' || rows === 0);
  if (isEmpty) output.say(`\n${pc.red('No row has come through: the dataset is empty.')}`);
  if (!flags.isDemo) {
    output.say(
      nextCommands([
        [`mizu verify ${shellWord(flags.output)}`, 'check the folder against L1 and DA'],
        [`mizu watch ${run}`, 'its batches on the L1'],
      ]),
    );
  }
  return isEmpty ? 2 : 0;
}

function collectGateway(value: string, before: Address[] = []): Address[] {
  if (before.length === MAX_RUN_GATEWAYS) throw new InvalidArgumentError(`Expected at most ${MAX_RUN_GATEWAYS}.`);
  return [...before, parseAddress(value)];
}
