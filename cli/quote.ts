// docs/sdk.md#quote: `mizu quote`, the cost of a run before it.
import { Command } from 'commander';
import pc from 'picocolors';
import type { MizuError } from '../protocol/errors.ts';
import { formatCount, formatLarge, formatMizu } from '../sdk/client/money.ts';
import type { Network } from '../sdk/client/network.ts';
import type { Quote } from '../sdk/client/quote.ts';
import type { Survey } from '../sdk/client/survey.ts';
import type { CompiledWorkflow } from '../sdk/compile/compile.ts';
import { inputArguments } from '../sdk/input/words.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import { type InputFlags, inputsFromFlags } from './input-flags.ts';
import {
  type BackendFlags,
  backendArguments,
  type GasPriceFlags,
  type NetworkFlags,
  parseSampleRows,
  SAMPLE_ROWS,
  withBackendOptions,
  withGasPrice,
  withInputOptions,
  withNetwork,
  withNetworkOptions,
} from './options.ts';
import { createOutput, nextCommands, type Output, table } from './output.ts';
import { nothingThrough, rowsThrough, sayAnswers, sayRejects, sumRejects } from './rejects.ts';

type Flags = NetworkFlags & InputFlags & BackendFlags & GasPriceFlags & { rows: number; json?: boolean };

export function quoteCommand(): Command {
  return withNetworkOptions(withGasPrice(withBackendOptions(withInputOptions(new Command('quote')))))
    .description('run some sampled rows on this machine and project the cost of all of them')
    .argument('<workflow>', 'workflow file')
    .option('--rows <n>', 'rows of the dry run', parseSampleRows, SAMPLE_ROWS)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu quote examples/gloss-domains/workflow.ts --input glosses.jsonl')
    .action((file: string, flags: Flags) => run(file, flags));
}

async function run(file: string, flags: Flags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  inputsFromFlags(flags);
  const { prepareWorkflow } = await import('./prepare.ts');
  const { restToRun } = await import('./rest.ts');
  const { surveyFlags } = await import('./survey.ts');
  const workflow = await prepareWorkflow(file);
  await withNetwork(flags, async (network) => {
    const whole = await surveyFlags(flags, workflow.description.inputs, flags.rows);
    const rest = await restToRun(network, workflow, whole, flags, output);
    const quote = await quoteSurvey(network, rest.workflow, rest.survey, flags, output);
    const { survey } = quote;
    const through = tellQuote(output, rest.workflow, quote, survey);
    if (through !== undefined) throw through;
    const gasPrice = flags.gasPrice === undefined ? '' : ` --gas-price ${flags.gasPrice}`;
    output.say(
      nextCommands([
        [
          `mizu run ${shellWord(file)} ${inputArguments(survey.file, survey.options, survey.others)}${backendArguments(flags)}${gasPrice} --output out`,
          `costs at most ${formatMizu(quote.costWei.upper)}`,
        ],
      ]),
    );
  });
}

/** Makes the dry run and its projection. `mizu run` begins with it too. */
export async function quoteSurvey(
  network: Network,
  workflow: CompiledWorkflow,
  survey: Survey,
  flags: BackendFlags & GasPriceFlags,
  output: Output,
): Promise<Quote> {
  const { quoteRun } = await import('../sdk/client/quote-run.ts');
  const { localBackends } = await import('./backends.ts');
  const { backends, counts, close } = await localBackends(workflow.description, flags);
  const { startTicker, tellProgress } = await import('./ticker.ts');
  const ticker = startTicker(output.json);
  ticker.tell('dry run: loading the program');
  try {
    const onProgress = tellProgress(ticker, workflow.metadata);
    const quote = await quoteRun(network, workflow, survey, { backends, onProgress, gasPrice: flags.gasPrice });
    await ticker.end();
    sayAnswers(output, counts?.());
    return quote;
  } finally {
    await ticker.end();
    await close();
  }
}

/**
 * Prints the quote and what its dry run has rejected. If there is no quote, because no row came through, it returns the
 * error for that.
 */
export function tellQuote(
  output: Output,
  workflow: CompiledWorkflow,
  quote: Quote,
  survey: Survey,
): MizuError | undefined {
  const rejected = sumRejects(quote.dryRun.rejects);
  const isNothing = rowsThrough(quote.dryRun) === 0;
  if (!isNothing) printQuote(output, quote, survey);
  sayRejects(output, rejected, quote.sampledRows, workflow.description.inputs);
  const { dryRun, survey: _, ...numbers } = quote;
  output.data({ event: 'quote', workflow: workflow.workflowId, ...numbers, dryRunRejects: dryRun.rejects, rejected });
  return isNothing ? nothingThrough(quote.sampledRows, rejected) : undefined;
}

function printQuote(output: Output, quote: Quote, survey: Survey): void {
  const range = ({ expected, upper }: Quote['gas'], format: (value: bigint) => string): string[] => [
    format(expected),
    format(upper),
  ];
  const broken =
    survey.broken === 0
      ? ''
      : pc.yellow(
          ` (and ${formatCount(survey.broken)} broken ${survey.broken === 1 ? 'line' : 'lines'} for the rejects)`,
        );
  output.say(
    `${pc.bold('Quote')}  ${formatCount(quote.rows)} rows in ${quote.partitions} ${quote.partitions === 1 ? 'partition' : 'partitions'}${broken}, from a dry run of ${quote.sampledRows} rows`,
  );
  for (const { name, rows, broken, sample } of survey.others) {
    const part = sample.length === rows + broken ? 'all' : `the first ${formatCount(sample.length)}`;
    output.say(`  joined with ${name}: ${formatCount(rows)} rows, ${part} of them in the dry run`);
  }
  output.say(
    table([
      ['', 'expected', 'at most'],
      ['  gas', ...range(quote.gas, formatLarge)],
      ['  tokens in', ...range(quote.inputTokens, formatCount)],
      ['  tokens out', ...range(quote.outputTokens, formatCount)],
      ['  cost', formatMizu(quote.costWei.expected), formatMizu(quote.costWei.upper)],
    ]),
  );
}
