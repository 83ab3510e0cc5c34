// docs/sdk.md#reuse: the part of a workflow that has to be run and paid: all of it, or the operators behind those of an
// earlier run.
import pc from 'picocolors';
import type { Address, Hex } from '../protocol/hex.ts';
import { formatCount } from '../sdk/client/money.ts';
import type { Network } from '../sdk/client/network.ts';
import type { ReuseClaim } from '../sdk/client/reuse-claim.ts';
import type { Survey } from '../sdk/client/survey.ts';
import type { CompiledWorkflow } from '../sdk/compile/compile.ts';
import type { OperatorFacts } from '../sdk/compile/operator-address.ts';
import { CACHE_FOLDER } from './cache-folder.ts';
import type { BackendFlags } from './options.ts';
import { type Output, operatorSpan } from './output.ts';

export type RestToRun = {
  readonly workflow: CompiledWorkflow;
  readonly survey: Survey;
  /** What was asked for, if not all of it is run. */
  readonly asked?: { readonly workflowId: Hex; readonly inputsHash: Hex };
  readonly reuses?: ReuseClaim;
};

type Flags = BackendFlags & {
  readonly new?: boolean;
  readonly rows?: number;
  readonly max?: string;
  readonly gateway?: readonly Address[];
};

/**
 * With `--no-cache` and `--new`, and for rejects that are tried again, the rest is the whole workflow.
 * @throws MizuError as `findReuse` and `surveyReuse` do
 */
export async function restToRun(
  network: Network,
  workflow: CompiledWorkflow,
  survey: Survey,
  flags: Flags,
  output: Output,
): Promise<RestToRun> {
  const all = { workflow, survey };
  const { codes, description, file, workflowId } = workflow;
  if (flags.cache === false || flags.new === true || codes === null || network.signer === undefined) return all;
  // Rows of other inputs go along in partitions of their own, which the rest would lack.
  if (survey.others.length > 0) return all;
  const { findReuse } = await import('../sdk/client/reuse.ts');
  const { reuse } = await findReuse(network, description.name, await networkFacts(workflow, survey, flags.gateway));
  if (reuse === undefined) return all;
  const { surveyReuse } = await import('../sdk/client/reuse-survey.ts');
  const { compileWorkflow } = await import('../sdk/compile/compile.ts');
  const { claim, point } = reuse;
  const rest = await compileWorkflow(file, { cacheFolder: CACHE_FOLDER, begin: point.begin, codes });
  const left = await surveyReuse(network, reuse, survey, flags.max === undefined ? survey.sample.length : 0);
  output.say(
    `${pc.bold('Reused')}  ${describe(claim)} of run ${claim.run}, ${formatCount(left.rows)} rows ${pc.dim('(--no-cache runs them again)')}`,
  );
  output.data({ event: 'reused', rows: left.rows, ...claim });
  return { workflow: rest, survey: left, asked: { workflowId, inputsHash: survey.inputsHash }, reuses: claim };
}

/** The facts that decide on the results of a run's operators on a network. */
export async function networkFacts(
  { codes }: Pick<CompiledWorkflow, 'codes'>,
  { inputsHash }: Pick<Survey, 'inputsHash'>,
  gateways: readonly Address[] = [],
): Promise<OperatorFacts> {
  const { gatewaysOf } = await import('../sdk/client/reuse.ts');
  if (codes === null) throw new Error('of rejects that are tried again no operator is reused');
  return { ...codes, inputsHash, endpoints: gatewaysOf(codes.operators, gateways) };
}

function describe({ operators, answered }: ReuseClaim): string {
  const done = operators.length === 0 ? [] : [operatorSpan(operators)];
  return [...done, ...(answered === undefined ? [] : [`the answers to operator '${answered}'`])].join(' and ');
}
