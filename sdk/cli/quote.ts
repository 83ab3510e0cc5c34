// docs/sdk.md#quote: `mizu quote`, the cost of a run before it.
import { Command } from 'commander';
import pc from 'picocolors';
import type { ProgramEntry } from '../../protocol/definition.ts';
import { formatCount, formatLarge, formatMizu } from '../client/money.ts';
import type { Network } from '../client/network.ts';
import type { Quote } from '../client/quote.ts';
import type { Survey } from '../client/survey.ts';
import type { CompiledWorkflow } from '../compile/compile.ts';
import { inputArguments } from '../input/words.ts';
import { shellWord } from './invocation.ts';
import {
  type InputFlags,
  inputOptions,
  type NetworkFlags,
  withInputOptions,
  withNetwork,
  withNetworkOptions,
} from './options.ts';
import { createOutput, nextCommands, type Output, table } from './output.ts';

/** More than a certificate of a committee of 7 has. */
const CERTIFICATE_BYTES = 600;

type Flags = NetworkFlags & InputFlags & { backend?: string; json?: boolean };

export function quoteCommand(): Command {
  return withNetworkOptions(withInputOptions(new Command('quote')))
    .description('run 20 sampled rows on this machine and project the cost of all of them')
    .argument('<workflow>', 'workflow file')
    .option(
      '--backend <url|file>',
      'OpenAI-compatible server for models other than builtin/small, or a file with its settings',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu quote examples/gloss-domains/workflow.ts --input glosses.jsonl')
    .action((file: string, flags: Flags) => run(file, flags));
}

async function run(file: string, flags: Flags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { prepareWorkflow } = await import('./prepare.ts');
  const workflow = await prepareWorkflow(file);
  await withNetwork(flags, async (network) => {
    const { quote, survey } = await quoteFile(network, workflow, flags);
    printQuote(output, quote, survey);
    output.data(quoteData(workflow, quote));
    output.say(
      nextCommands([
        [
          `mizu run ${shellWord(file)} ${inputArguments(survey.file, survey.options)} --output out`,
          `costs at most ${formatMizu(quote.costWei.upper)}`,
        ],
      ]),
    );
  });
}

/** Also the first step of `mizu run`. */
export async function quoteFile(
  network: Network,
  workflow: CompiledWorkflow,
  flags: InputFlags & { readonly backend?: string },
): Promise<{ quote: Quote; survey: Survey }> {
  const { inputFile } = await import('../input/spool.ts');
  const { surveyInput } = await import('../client/survey.ts');
  const { createQuote, SAMPLE_ROWS } = await import('../client/quote.ts');
  const { modelPrice } = await import('../client/prices.ts');
  const { deployFee, findWorkflow, runFee } = await import('../client/deploy.ts');
  const { loadGas } = await import('../../kernel/fees.ts');
  const { createLocalNativeEngine } = await import('../local/native-engine.ts');
  const { localBackends } = await import('./backends.ts');
  const survey = await surveyInput(await inputFile(flags.input), SAMPLE_ROWS, inputOptions(flags));
  const names = [...new Set(workflow.description.steps.flatMap((step) => step.model ?? []))];
  const prices = new Map(
    await Promise.all(names.map(async (name) => [name, await modelPrice(network, name)] as const)),
  );
  const { backends, close } = await localBackends(workflow.description, flags.backend);
  try {
    const { definition, workflowId } = workflow;
    const deploys = (await findWorkflow(network, workflowId)) === null;
    const stages = definition.stages.length;
    const runs = runFee(network, 40 * survey.refs.length + CERTIFICATE_BYTES, survey.refs, stages);
    const deployBytes = 288 * definition.programs.length + 80 * stages + CERTIFICATE_BYTES;
    const quote = await createQuote(workflow, createLocalNativeEngine(workflow.program), survey, {
      gasPriceWei: BigInt(network.chain.gasPriceWei),
      prices,
      messageFeeWei: runs + (deploys ? deployFee(network, deployBytes, definition) : 0n),
      loadGas: loadGas(definition.programs[0] as ProgramEntry),
      backends,
    });
    return { quote, survey };
  } finally {
    await close();
  }
}

export function printQuote(output: Output, quote: Quote, survey: Survey): void {
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

export function quoteData(workflow: CompiledWorkflow, { dryRun, ...quote }: Quote): Record<string, unknown> {
  return { event: 'quote', workflow: workflow.workflowId, ...quote, dryRunRejects: dryRun.rejects };
}
