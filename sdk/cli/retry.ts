// docs/sdk.md#retry: `mizu run --retry-rejects STEP`: the rejected rows of one step again, into the next version of their dataset.
import { join } from 'node:path';
import pc from 'picocolors';
import { MizuError } from '../../protocol/errors.ts';
import { formatCount, formatMizu } from '../client/money.ts';
import type { Network } from '../client/network.ts';
import type { CompiledWorkflow } from '../compile/compile.ts';
import { checkFolder } from '../output/check-folder.ts';
import {
  checkVersion,
  copyRuns,
  MAX_RUNS,
  nextFolder,
  readRunManifest,
  readVersion,
  retriedRejects,
  runFolder,
  type Version,
  type VersionRun,
  writeVersion,
} from '../output/version.ts';
import { shellWord } from './invocation.ts';
import { SAMPLE_ROWS } from './options.ts';
import { nextCommands, type Output } from './output.ts';
import { sayRejects, sumRejectsFile } from './rejects.ts';
import type { RunFlags, RunOutcome } from './run.ts';

/** `workflow` is the rest of the file's from the step on. @throws MizuError `sdk/nothing-to-retry` and what a run throws */
export async function retryRejects(
  network: Network,
  workflow: CompiledWorkflow,
  step: string,
  flags: RunFlags,
  output: Output,
): Promise<RunOutcome> {
  const { surveyRows } = await import('../client/survey.ts');
  const { fetchDataset } = await import('../client/dataset.ts');
  const { startOrFind } = await import('./start.ts');
  const { followRun, printEnd, sayLeft } = await import('./watch.ts');
  const old = await readOld(flags.output);
  if (old.runs.length >= MAX_RUNS) throw tooManyRuns();
  const rows = () => retriedRejects(old.folders, old.runs, step);
  if ((await rows().next()).done) throw nothingToRetry(step, flags.output);
  const sample = flags.max === undefined ? (flags.rows ?? SAMPLE_ROWS) : 0;
  const survey = await surveyRows(join(flags.output, 'rejects.jsonl'), sample, rows);
  output.say(`${formatCount(survey.rows)} rows that '${step}' has rejected are tried again`);
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
  const runs: VersionRun[] = [...old.runs, { run, workflow: workflow.workflowId, datasetRoot, retries: step }];
  const { files: made } = await readRunManifest(own);
  const parts = [...new Set([...old.parts, ...partsOf(made)])];
  const files = await writeVersion(folder, { runs, parts });
  const gained = await countRows(own, partsOf(made));
  sayRejects(output, await sumRejectsFile(join(folder, 'rejects.jsonl')));
  output.say(`\n${formatCount(gained)} of ${formatCount(survey.rows)} rows have come through`);
  output.say(
    `${pc.green('Dataset')}  ${folder}  ${files.map((file) => `${file.path}: ${formatCount(file.rows)} rows`).join(', ')}`,
  );
  output.say(`root     ${datasetRoot} of run ${runs.length}`);
  output.say(`cost     ${formatMizu(end.spentWei)}`);
  output.data({ event: 'dataset', run, folder, datasetRoot, files, runs, gained, spentWei: end.spentWei });
  output.say(nextCommands([[`mizu verify ${shellWord(folder)}`, 'check all runs of it against L1 and DA']]));
  return { code: gained === 0 ? 2 : 0, run };
}

type Old = {
  readonly version: Version | undefined;
  /** Of the datasets of its runs. */
  readonly folders: readonly string[];
  readonly runs: readonly VersionRun[];
  readonly parts: readonly string[];
};

// Only of what is as it was fetched the rejects are those of the network.
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

function nothingToRetry(step: string, folder: string): MizuError {
  return new MizuError({
    code: 'sdk/nothing-to-retry',
    message: `The dataset has no rejects of step '${step}'.`,
    expected: `a line with "step":"${step}" in ${join(folder, 'rejects.jsonl')}`,
    actual: 'none that was not tried again already',
    hint: 'Name the folder of the newest version with --output.',
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
