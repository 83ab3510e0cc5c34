// docs/sdk.md#retry: `mizu run --retry-rejects OPERATOR`: the rejected rows of one operator again, into the next
// version of their dataset.
import { join } from 'node:path';
import pc from 'picocolors';
import { MizuError } from '../protocol/errors.ts';
import { formatCount, formatMizu } from '../sdk/client/money.ts';
import type { Network } from '../sdk/client/network.ts';
import type { RowSource, Survey } from '../sdk/client/survey.ts';
import type { CompiledWorkflow } from '../sdk/compile/compile.ts';
import type { NamedSource } from '../sdk/input/named.ts';
import type { InputRow } from '../sdk/input/rowset.ts';
import { checkFolder } from '../sdk/output/check-folder.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import {
  checkVersion,
  copyRuns,
  countLostAnswers,
  MAX_RUNS,
  nextFolder,
  type Reprocessed,
  readRunManifest,
  readVersion,
  retriedRejects,
  runFolder,
  type Version,
  type VersionRun,
  writeVersion,
} from '../sdk/output/version.ts';
import { inputsFromFlags } from './input-flags.ts';
import { SAMPLE_ROWS } from './options.ts';
import { nextCommands, type Output } from './output.ts';
import { sayRejects, sumRejectsFile } from './rejects.ts';
import type { RunFlags, RunOutcome } from './run-flags.ts';

/**
 * `workflow` is the part of the file's workflow from the operator on.
 * @throws MizuError `sdk/nothing-to-retry`, and what a run throws
 */
export async function retryRejects(
  network: Network,
  workflow: CompiledWorkflow,
  operator: string,
  flags: RunFlags,
  output: Output,
): Promise<RunOutcome> {
  const { surveyRows } = await import('../sdk/client/survey.ts');
  const { fetchDataset } = await import('../sdk/client/dataset.ts');
  const { startOrFind } = await import('./start.ts');
  const { followRun, printEnd, sayLeft } = await import('./watch.ts');
  const old = await readOld(flags.output);
  if (old.runs.length >= MAX_RUNS) throw tooManyRuns();
  const rejects = () => retriedRejects(old.folders, old.runs, operator);
  if ((await rejects().next()).done)
    throw nothingToRetry(operator, flags.output, await countLostAnswers(old.folders, operator));
  const rows = operator === 'input' ? await mendedRows(network, flags, old, rejects()) : rejects;
  const sample = flags.max === undefined ? (flags.rows ?? SAMPLE_ROWS) : 0;
  const { meets, inputs } = workflow.description;
  const kept = meets === undefined ? undefined : await keptAt(network, old.runs, meets);
  const joined = await namedInputs(flags, inputs);
  const survey = await surveyRows(join(flags.output, 'rejects.jsonl'), sample, rows, kept, joined);
  if (survey.rows === 0) throw nothingMended(survey.broken);
  output.say(`${formatCount(survey.rows)} rows that '${operator}' has rejected are tried again`);
  if (survey.broken > 0) output.say(pc.yellow(`${formatCount(survey.broken)} more are broken still`));
  const run = await startOrFind(network, workflow, survey, flags, output);
  const end = await followRun(network, run, output);
  if (end === 'left') {
    sayLeft(output, run);
    return { code: 0, run: undefined };
  }
  if (end.status !== 'done') return { code: printEnd(output, end), run };
  const folder = nextFolder(flags.output);
  await copyRuns(flags.output, old.version, folder);
  const own = runFolder(folder, old.runs.length);
  const { datasetRoot } = await fetchDataset(network, run, own);
  const again = meets === undefined ? {} : { again: toAgain(workflow, meets, survey) };
  const mended = operator === 'input' ? { mended: survey.refs } : {};
  const retried = { run, workflow: workflow.workflowId, datasetRoot, retries: operator, ...again, ...mended };
  const runs: VersionRun[] = [...old.runs, retried];
  const { files: made } = await readRunManifest(own);
  const parts = [...new Set([...old.parts, ...partsOf(made)])];
  const files = await writeVersion(folder, { runs, parts });
  const gained = await countRows(own, partsOf(made));
  sayRejects(output, await sumRejectsFile(join(folder, 'rejects.jsonl')));
  output.say(
    meets === undefined
      ? `\n${formatCount(gained)} of ${formatCount(survey.rows)} rows have come through`
      : `\n${formatCount(gained)} rows in all: those that were kept have gone through '${meets}' and what follows again`,
  );
  output.say(
    `${pc.green('Dataset')}  ${folder}  ${files.map((file) => `${file.path}: ${formatCount(file.rows)} rows`).join(', ')}`,
  );
  output.say(`root     ${datasetRoot} of run ${runs.length}`);
  output.say(`cost     ${formatMizu(end.spentWei)}`);
  output.data({ event: 'dataset', run, folder, datasetRoot, files, runs, gained, spentWei: end.spentWei });
  output.say(nextCommands([[`mizu verify ${shellWord(folder)}`, 'check all runs of it against L1 and DA']]));
  return { code: gained === 0 ? 2 : 0, run };
}

// The rows that now stand in the file in the places of rejected ones; all other rows must be as the first run has read
// them.
async function mendedRows(
  network: Network,
  flags: RunFlags,
  { folders, runs }: Old,
  rejects: AsyncIterable<InputRow>,
): Promise<RowSource> {
  const { assertOnlyMended, rowsAt } = await import('../sdk/input/mended.ts');
  const { inputFile } = await import('../sdk/input/spool.ts');
  const { readInputs, readLive } = await import('../sdk/client/kept-rows.ts');
  const { file, options } = inputsFromFlags(flags);
  const source = { file: await inputFile(file), options };
  const [places, rejected] = [new Set<number>(), new Set<number>()];
  for await (const { index } of rejects) places.add(index);
  // Some of the rows may have been corrected and run before.
  for await (const { index } of retriedRejects(folders.slice(0, 1), runs.slice(0, 1), 'input')) rejected.add(index);
  const { run } = runs[0] as VersionRun;
  await assertOnlyMended(source, rejected, readLive(network, await readInputs(network, run)));
  return () => rowsAt(source, places);
}

// The rows that an operator over the whole dataset must see beside those that are tried again.
async function keptAt(network: Network, runs: readonly VersionRun[], met: string) {
  const { findKeptRows, readKeptRows } = await import('../sdk/client/kept-rows.ts');
  const outputs = await findKeptRows(
    network,
    runs.map(({ run }) => run),
    met,
  );
  return { at: met, rows: () => readKeptRows(network, outputs) };
}

/** The named inputs that the rest of the workflow joins. */
async function namedInputs(flags: RunFlags, wanted: readonly string[]): Promise<readonly NamedSource[]> {
  const { orderInputs } = await import('../sdk/input/named.ts');
  const { inputFile } = await import('../sdk/input/spool.ts');
  const { others } = inputsFromFlags(flags);
  const named: NamedSource[] = [];
  for (const one of orderInputs(
    wanted,
    others.filter(({ name }) => wanted.includes(name)),
  ))
    named.push({ ...one, file: await inputFile(one.file) });
  return named;
}

function toAgain({ description }: CompiledWorkflow, met: string, survey: Survey): Reprocessed {
  const names = description.operators.map(({ name }) => name);
  const operators = [...names.slice(names.indexOf(met)), ...description.inputs];
  const joined = survey.others.flatMap(({ refs }) => refs);
  return { operators, kept: survey.kept?.refs ?? [], joined };
}

type Old = {
  readonly version: Version | undefined;
  /** The folders of the dataset's runs. */
  readonly folders: readonly string[];
  readonly runs: readonly VersionRun[];
  readonly parts: readonly string[];
};

// The rejects are the network's only if the folder is still as it was fetched.
async function readOld(folder: string): Promise<Old> {
  const version = await readVersion(folder);
  if (version === undefined) {
    await checkFolder(folder);
    const { run, workflow, datasetRoot, files } = await readRunManifest(folder);
    return { version, folders: [folder], runs: [{ run, workflow, datasetRoot }], parts: partsOf(files) };
  }
  const folders = version.runs.map((_, i) => runFolder(folder, i));
  for (const own of folders) await checkFolder(own);
  await checkVersion(folder, version);
  return { version, folders, runs: version.runs, parts: version.parts };
}

function partsOf(files: readonly { readonly name: string }[]): string[] {
  return files.map(({ name }) => name).filter((name) => name !== 'rejects');
}

async function countRows(folder: string, parts: readonly string[]): Promise<number> {
  const { rows } = await checkFolder(folder);
  const rejects = await sumRejectsFile(join(folder, 'rejects.jsonl'));
  return parts.length === 0 ? 0 : rows - rejects.reduce((sum, reject) => sum + reject.rows, 0);
}

function nothingToRetry(operator: string, folder: string, lost: number): MizuError {
  return new MizuError({
    code: 'sdk/nothing-to-retry',
    message: `The dataset has no rejects of operator '${operator}'.`,
    expected: `a line with "operator":"${operator}" in ${join(folder, 'rejects.jsonl')}`,
    actual:
      lost === 0
        ? 'none that was not tried again already'
        : `${lost} single answers that rows have lost; the rows are in the dataset with the others`,
    hint:
      lost === 0
        ? 'Name the folder of the newest version with --output.'
        : 'With minAnswers equal to n a row that loses an answer is rejected whole, and can be tried again.',
  });
}

function nothingMended(broken: number): MizuError {
  return new MizuError({
    code: 'sdk/nothing-to-retry',
    message: 'None of the broken rows has been corrected.',
    expected: 'one row or more, in the place of a rejected one',
    actual: `${broken} that are broken still`,
    hint: 'Correct them in the file that --input names, each in its place.',
  });
}

function tooManyRuns(): MizuError {
  return new MizuError({
    code: 'sdk/too-many-versions',
    message: 'The dataset has too many runs.',
    expected: `at most ${MAX_RUNS}`,
    actual: `${MAX_RUNS} and one more`,
    hint: 'Run the workflow again on the whole input.',
  });
}
