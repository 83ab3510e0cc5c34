// docs/sdk.md#quote: what a run would cost on a network, by its prices.
import type { Backend } from '../../edge/backends/backend.ts';
import { loadGas } from '../../kernel/fees.ts';
import type { CompiledWorkflow } from '../compile/compile.ts';
import type { LocalProgress } from '../local/graph.ts';
import { createCompiledEngine } from '../local/model-engine.ts';
import { deployFee, findWorkflow, runFee } from './deploy.ts';
import { gasPriceOf } from './gas-price.ts';
import type { Network } from './network.ts';
import { modelPrices } from './prices.ts';
import { createQuote, type Quote } from './quote.ts';
import type { Survey } from './survey.ts';

/** More than a certificate of a committee of 7 has. */
const CERTIFICATE_BYTES = 600;

/** What answers during the dry run of a quote, what it counts with, and who is told where it is. */
export type QuoteOptions = {
  /** Default: the built-in model. */
  readonly backends?: readonly Backend[] | undefined;
  /** Wei per gas. Default: the network's minimum. */
  readonly gasPrice?: bigint | undefined;
  readonly onProgress?: ((progress: LocalProgress) => void) | undefined;
};

/**
 * The cost of a run before it, deploying included if the network does not have the workflow: the survey's sample is run on this machine,
 * and what it took is projected to all rows.
 *
 * @example
 * const survey = await surveyInput('rows.jsonl', 20);
 * const { costWei } = await quoteRun(network, workflow, survey);
 * console.log(`at most ${formatMizu(costWei.upper)}`);
 * @throws MizuError `sdk/unknown-model` if the network does not serve a model that it asks, `sdk/gas-price-out-of-range`, and what `runLocal` throws
 */
export async function quoteRun(
  network: Network,
  workflow: CompiledWorkflow,
  survey: Survey,
  options: QuoteOptions = {},
): Promise<Quote> {
  const { definition, workflowId } = workflow;
  const gasPrice = gasPriceOf(network, options.gasPrice);
  const prices = await modelPrices(network, workflow.description);
  const deploys = (await findWorkflow(network, workflowId)) === null;
  const stages = definition.stages.length;
  const runs = runFee(40 * survey.allRefs.length + CERTIFICATE_BYTES, survey.allRefs, stages, gasPrice);
  const deployBytes = 288 * definition.programs.length + 80 * stages + CERTIFICATE_BYTES;
  const loads = definition.programs.map(loadGas);
  return createQuote(workflow, createCompiledEngine(workflow), survey, {
    ...options,
    gasPrice,
    prices,
    messageFeeWei: runs + (deploys ? deployFee(deployBytes, definition, gasPrice) : 0n),
    loadGas: (stage) => loads[definition.stages[stage]!.program]!,
  });
}
