// docs/sdk.md#why-cache: `mizu why --cache`: for each operator its address, whether its result is reused, and the first
// reason why not.
import pc from 'picocolors';
import { MizuError } from '../protocol/errors.ts';
import type { Hex } from '../protocol/hex.ts';
import { readRecords, type SavedRun } from '../sdk/client/state-file.ts';
import type { Description } from '../sdk/compile/describe-guest.ts';
import { describeChange, firstChange, type OperatorFacts, operatorAddresses } from '../sdk/compile/operator-address.ts';
import { CACHE_FOLDER } from './cache-folder.ts';
import { type InputFlags, inputsFromFlags, type RunInputs } from './input-flags.ts';
import { type NetworkFlags, withNetwork } from './options.ts';
import type { Output } from './output.ts';

export type CacheFlags = NetworkFlags &
  Partial<InputFlags> & { readonly rows: number; readonly backend?: string; readonly json?: boolean };

/** What is said of one operator. */
export type OperatorReuse = {
  readonly operator: string;
  readonly address: Hex;
  readonly reused: boolean;
  /** Why the result is not reused. */
  readonly reason?: string;
};

/** @throws MizuError `cli/which-workflow`, and what reading workflow and input throws */
export async function whyCache(file: string | undefined, flags: CacheFlags, output: Output): Promise<void> {
  const { assertFile } = await import('./prepare.ts');
  const { bundleWorkflow } = await import('../sdk/compile/compile.ts');
  const { localBackends } = await import('./backends.ts');
  const { takeInputs } = await import('./dev-inputs.ts');
  const { devFacts, openReuseStore } = await import('./reuse.ts');
  const known = await resolveCommand(file, flags);
  await assertFile(known.file);
  const workflow = await bundleWorkflow(known.file, false, { cacheFolder: CACHE_FOLDER });
  const { endpoints, close } = await localBackends(workflow.description, { ...flags, cache: false });
  await close();
  const { rows, partitions } = await takeInputs(workflow.description.inputs, known.inputs, flags.rows);
  const facts = await devFacts(workflow, partitions, endpoints);
  const store = openReuseStore();
  const dev = await explainOperators(facts, await store.last(workflow.description.name), {
    isKept: async (address) => (await store.find(address)) !== undefined,
    none: 'no earlier dev of this workflow in this folder',
    lost: 'its result is not kept any more, or a model has failed on a row of it',
  });
  if (facts.whole !== null)
    output.say(
      pc.yellow(`Some operators stand for the whole file: ${facts.whole}. A change anywhere is one of theirs.`),
    );
  tell(output, `dev, first ${rows.length} rows`, dev);
  const run = await explainRun(workflow.description, facts, known.inputs, flags);
  if (typeof run === 'string') output.say(`\n${pc.bold('run')}  ${run}`);
  else tell(output, 'run, all rows', run);
  output.data({
    workflow: workflow.description.name,
    file: known.file,
    input: known.inputs.file,
    whole: facts.whole,
    dev,
    run,
  });
}

/** Explains the operators of a run on the network; a text says why nothing is known of the run. */
async function explainRun(
  { name, inputs }: Description,
  { toolchain, operators, whole }: OperatorFacts,
  { file, options }: RunInputs,
  flags: CacheFlags,
): Promise<OperatorReuse[] | string> {
  if (inputs.length > 0) return 'all operators are run: a workflow that joins other inputs goes on with no earlier run';
  const { surveyInput } = await import('../sdk/client/survey.ts');
  const { findReuse, gatewaysOf } = await import('../sdk/client/reuse.ts');
  try {
    return await withNetwork(flags, async (network) => {
      const { inputsHash } = await surveyInput(file, 0, options);
      const facts = { toolchain, operators, whole, inputsHash, endpoints: gatewaysOf(operators) };
      const { reuse, newest, obstacle } = await findReuse(network, name, facts);
      const { begin } = reuse?.point ?? { begin: { operators: 0, answered: false } };
      const kept = operatorAddresses(facts).slice(0, begin.operators + (begin.answered ? 1 : 0));
      return explainOperators(facts, newest?.facts, {
        isKept: async (address) => kept.includes(address),
        none: 'no earlier run of the account that is done',
        lost:
          obstacle ?? 'the stage that it is part of goes on with an operator that has changed, or a sort is before it',
      });
    });
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    return `${error.message} ${error.actual ?? ''}`.trim();
  }
}

export type CacheStanding = {
  isKept(address: Hex): Promise<boolean>;
  /** The reason if there is nothing to compare with. */
  readonly none: string;
  /** The reason if nothing has changed and yet the result is not there. */
  readonly lost: string;
};

export async function explainOperators(
  now: OperatorFacts,
  before: OperatorFacts | undefined,
  { isKept, none, lost }: CacheStanding,
): Promise<OperatorReuse[]> {
  const addresses = operatorAddresses(now);
  const found: OperatorReuse[] = [];
  // Operators behind one that is not reused are not reused either.
  let reused = true;
  for (const [place, { name }] of now.operators.entries()) {
    const address = addresses[place] as Hex;
    reused &&= await isKept(address);
    const change = before === undefined ? undefined : firstChange(before, now, place);
    const reason = before === undefined ? none : change === undefined ? lost : describeChange(change);
    found.push({ operator: name, address, reused, ...(reused ? {} : { reason }) });
  }
  return found;
}

const SHOWN_DIGITS = 12;

export function tell(output: Output, what: string, operators: readonly OperatorReuse[]): void {
  output.say(`\n${pc.bold(what)}`);
  const width = Math.max(0, ...operators.map(({ operator }) => operator.length));
  for (const { operator, address, reused, reason } of operators) {
    const outcome = reused ? pc.green('reused') : `${pc.yellow('run')}: ${reason}`;
    output.say(`  ${operator.padEnd(width)}  ${pc.dim(address.slice(0, SHOWN_DIGITS))}  ${outcome}`);
  }
}

type Command = { readonly file: string; readonly inputs: RunInputs };

// What was not typed is taken from the newest run that was started here.
async function resolveCommand(file: string | undefined, flags: CacheFlags): Promise<Command> {
  const last = (await readRecords()).findLast((record) => file === undefined || record.file === file);
  const { input } = flags;
  const path = file ?? last?.file;
  if (path === undefined || (input === undefined && last === undefined)) throw whichWorkflow(path);
  if (input !== undefined) return { file: path, inputs: inputsFromFlags({ ...flags, input }) };
  const { input: own, inputOptions: options = {}, others = [] } = last as SavedRun;
  return { file: path, inputs: { file: own, options, others } };
}

function whichWorkflow(file: string | undefined): MizuError {
  return new MizuError({
    code: 'cli/which-workflow',
    message: 'It is not said which operators to explain.',
    expected: 'a workflow file and its input, or a run that was started in this folder',
    actual: file === undefined ? 'neither' : `${file}, of which no run was started here, without its input`,
    hint: 'Type: mizu why --cache WORKFLOW.ts --input FILE',
  });
}
