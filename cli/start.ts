// docs/sdk.md#run: the first half of `mizu run`: finds the run that is there already, else quotes, deploys and starts
// it.
import pc from 'picocolors';
import { MAX_STAGE_GAS } from '../protocol/constants.ts';
import type { Hex } from '../protocol/hex.ts';
import { formatLarge, formatMizu, parseMizu } from '../sdk/client/money.ts';
import type { Network } from '../sdk/client/network.ts';
import type { Quote } from '../sdk/client/quote.ts';
import type { RunRequest, StartedRun } from '../sdk/client/run.ts';
import type { Survey } from '../sdk/client/survey.ts';
import type { CompiledWorkflow } from '../sdk/compile/compile.ts';
import type { Output } from './output.ts';
import { type RestToRun, restToRun } from './rest.ts';
import type { RunFlags } from './run-flags.ts';
import { sayPromise } from './watch.ts';

/** The most that a run may use. */
type Limits = Pick<RunRequest, 'maxCostWei' | 'maxItemWei' | 'maxInferenceWei' | 'taskGasLimit'>;

/**
 * A run that is under way or done is found before any model is asked and anything is paid.
 * @throws MizuError `sdk/nothing-through` and others
 */
export async function startOrFind(
  network: Network,
  workflow: CompiledWorkflow,
  survey: Survey,
  flags: RunFlags,
  output: Output,
): Promise<Hex> {
  const { findStarted } = await import('../sdk/client/run.ts');
  const known = flags.new ? undefined : await findStarted(network, workflow.workflowId, survey, flags.cache === false);
  const started =
    known === undefined
      ? await start(network, await restToRun(network, workflow, survey, flags, output), flags, output)
      : found(known);
  const { run, resumed, promised } = started;
  output.say(`${pc.bold('Run')}  ${run}${resumed ? ' (the one that was started before)' : ''}`);
  if (promised !== undefined) sayPromise(output, promised);
  output.say('');
  output.data({ event: 'run', run, resumed, promised });
  return run;
}

function found(run: Hex): StartedRun {
  return { run, resumed: true };
}

async function start(network: Network, rest: RestToRun, flags: RunFlags, output: Output): Promise<StartedRun> {
  const { workflow, survey } = rest;
  const { limits, sized } = await limitsOf(network, workflow, survey, flags, output);
  if (sized === survey) return send(network, rest, limits, flags, output);
  // Runs of before have read the input in these partitions: they are found by them, and this one by those that were asked for.
  if (rest.reuses === undefined) {
    const again = await restToRun(network, workflow, sized, flags, output);
    if (again.reuses !== undefined) return start(network, again, flags, output);
  }
  const asked = rest.asked ?? { workflowId: workflow.workflowId, inputsHash: survey.inputsHash };
  return send(network, { ...rest, survey: sized, asked }, limits, flags, output);
}

async function send(
  network: Network,
  { workflow, survey, asked, reuses }: RestToRun,
  limits: Limits,
  flags: RunFlags,
  output: Output,
): Promise<StartedRun> {
  const { bothOf, deployWorkflow } = await import('../sdk/client/deploy.ts');
  const { expectedRunFee, startRun, uploadInputs } = await import('../sdk/client/run.ts');
  const { gasPriceOf } = await import('../sdk/client/gas-price.ts');
  const gasPrice = gasPriceOf(network, flags.gasPrice);
  const stages = workflow.definition.stages.length;
  const runWei = limits.maxCostWei + expectedRunFee(network, survey.allRefs, stages, gasPrice);
  // Neither needs the other, so DA does not wait for L1.
  const [deployed] = await bothOf(deployWorkflow(network, workflow, runWei, gasPrice), uploadInputs(network, survey));
  output.say(
    `${pc.bold('Workflow')}  ${deployed.workflowId} ${deployed.isNew ? 'deployed' : deployed.isRenewed ? 'renewed' : 'deployed already'}`,
  );
  output.data({ event: 'deployed', ...deployed });
  return startRun(network, {
    workflowId: deployed.workflowId,
    workflowFile: workflow.file,
    stages,
    survey,
    isUploaded: true,
    ...limits,
    gasPrice,
    gateways: flags.gateway ?? [],
    deadlineSeconds: Math.round(flags.hours * 3600),
    isNew: flags.new ?? false,
    asked,
    reuses,
  });
}

/** `sized`: the input in the partitions of the quote. With --max there is no dry run: whoever names a price need not have the models on this machine. */
async function limitsOf(
  network: Network,
  workflow: CompiledWorkflow,
  survey: Survey,
  flags: RunFlags,
  output: Output,
): Promise<{ readonly limits: Limits; readonly sized: Survey }> {
  if (flags.max !== undefined) {
    const { modelPrices } = await import('../sdk/client/prices.ts');
    await modelPrices(network, workflow.description);
    const limits = toLimits(flags, parseMizu(flags.max), undefined);
    output.say(
      `${pc.bold('No dry run')}  it may cost ${formatMizu(limits.maxCostWei)} in all, and a task may use ${formatLarge(limits.taskGasLimit)} gas`,
    );
    return { limits, sized: survey };
  }
  const { quoteSurvey, tellQuote } = await import('./quote.ts');
  const quote = await quoteSurvey(network, workflow, survey, flags, output);
  const nothing = tellQuote(output, workflow, quote, quote.survey);
  if (nothing !== undefined && flags.force !== true) throw nothing;
  if (nothing !== undefined) output.say(pc.yellow('No row has come through the dry run. It is started: --force'));
  return { limits: toLimits(flags, quote.costWei.upper, quote), sized: quote.survey };
}

/** A quote without any tokens gives no limit for inference: then the cost of the whole run is the limit. */
function toLimits({ maxItem, maxInference, taskGas }: RunFlags, maxCostWei: bigint, quote: Quote | undefined): Limits {
  const within = (flag: string | undefined, quoted: bigint | undefined): bigint => {
    const wei = flag !== undefined ? parseMizu(flag) : quoted || maxCostWei;
    return wei < maxCostWei ? wei : maxCostWei;
  };
  return {
    maxCostWei,
    maxItemWei: within(maxItem, quote?.itemWei),
    maxInferenceWei: within(maxInference, quote?.inferenceWei),
    taskGasLimit: taskGas ?? quote?.taskGasLimit ?? MAX_STAGE_GAS,
  };
}
