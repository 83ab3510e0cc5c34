// docs/sdk.md#versions: a version held against L1 and DA: each of its runs, what each has read, and what its files are made of.
import { MizuError } from '../../protocol/errors.ts';
import { hashInputs } from '../../protocol/messages.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { checkVersion, type Reprocessed, retriedRejects, runFolder, type Version } from '../output/version.ts';
import { surveyRows } from './survey.ts';
import { type Verified, type VerifyFlags, verifyTarget } from './verify.ts';

/** One result a run. @throws MizuError `verify/…` */
export async function verifyVersion(
  folder: string,
  version: Version,
  flags: VerifyFlags,
  onCheck: (line: string) => void,
): Promise<Verified[]> {
  const results: Verified[] = [];
  for (const [place, { run, datasetRoot, retries, again, mended }] of version.runs.entries()) {
    const folders = version.runs.slice(0, place).map((_, i) => runFolder(folder, i));
    const rejects = () => retriedRejects(folders, version.runs, retries);
    const read =
      place === 0 ? undefined : hashInputs(readBy(mended ?? (await surveyRows(folder, 0, rejects)).refs, again));
    onCheck(place === 0 ? `run 1: ${run}` : `run ${place + 1}: ${run} tries the rejects of '${retries}' again`);
    if (again !== undefined)
      onCheck(
        `it goes on at '${again.operators[0]}' with rows that were kept before, partitions: ${again.kept.length}`,
      );
    const verified = await verifyTarget(runFolder(folder, place), true, { ...flags, inputsHash: read }, onCheck);
    if (verified.run !== run || verified.datasetRoot !== datasetRoot) throw otherRun(place, run, verified.run);
    results.push(verified);
  }
  // The files of the runs are those of the network by now.
  const rows = await checkVersion(folder, version);
  onCheck(`version: ${rows} rows of ${version.runs.length} runs, line by line as they make them`);
  return results;
}

function readBy(
  rejects: readonly ObjectRef[],
  { kept, joined }: Pick<Reprocessed, 'kept' | 'joined'> = NOTHING,
): ObjectRef[] {
  return [...kept, ...rejects, ...joined];
}

const NOTHING = { kept: [], joined: [] };

function otherRun(place: number, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'verify/version',
    message: `Run ${place + 1} of the version is another one.`,
    expected: `run ${expected} and its dataset, as the manifest says`,
    actual: `run ${actual}`,
  });
}
