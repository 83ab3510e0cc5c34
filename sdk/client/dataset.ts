// docs/sdk.md#output: fetches a finished dataset, every object checked against the dataset's root.
import { MAX_PARTITIONS } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { readHeader } from '../../protocol/rows.ts';
import { type DatasetEntry, decodeDataset } from '../../protocol/state.ts';
import type { Metadata } from '../compile/definition.ts';
import { sumOperators } from '../local/run-local.ts';
import type { DatasetFacts, WrittenFile } from '../output/facts.ts';
import { type SinkObjects, writeDatasetFolder } from '../output/folder.ts';
import type { OperatorStats, RowsetHeader } from '../runtime/rowset.ts';
import type { Network } from './network.ts';
import { readOrigin } from './origin.ts';
import type { ReuseClaim } from './reuse-claim.ts';
import { headerShape, parseObject } from './shapes.ts';
import { findRecord } from './state-file.ts';
import type { TaskView } from './views.ts';
import { readMetadata, readRun } from './watch.ts';

/** A dataset that was written to files, each compared with the dataset's root. */
export type FetchedDataset = { readonly datasetRoot: Hex; readonly files: readonly WrittenFile[] };

const TASKS_AT_ONCE = 1_000;

/**
 * Fetches the dataset of a run that is done into the folder: every object is checked by its root, and a file has its name when it is whole.
 *
 * @example
 * const { datasetRoot, files } = await fetchDataset(network, run, 'out');
 * @throws MizuError `sdk/no-dataset` if the run is not done, `da/unavailable`
 */
export async function fetchDataset(network: Network, run: Hex, folder: string): Promise<FetchedDataset> {
  const view = await readRun(network, run);
  if (view.dataset === null) throw noDataset(run, view.status);
  const metadata = await readMetadata(network, view.workflow);
  // Only where it was started it is known whose operators it goes on with.
  const reuses = (await findRecord(run))?.reuses;
  const entries = decodeDataset(await network.object(view.dataset.root, view.dataset.length));
  const facts: DatasetFacts = {
    workflowName: metadata.name,
    workflow: view.workflow,
    run,
    datasetRoot: view.dataset.root,
    chainId: network.chain.chainId,
    inbox: network.chain.contracts.inbox,
    rollup: network.chain.contracts.rollup,
    fromBlock: network.chain.fromBlock ?? 0,
    origin: await readOrigin(network),
    rpcUrl: network.rpcUrl,
    models: [...new Set([...(await modelsBefore(network, reuses)), ...Object.values(metadata.models)])],
    operators: [...(reuses?.operators ?? []), ...metadata.stages.flatMap((stage) => stage.operators)].filter(
      (operator, i, all) => all.indexOf(operator) === i,
    ),
    reuses,
  };
  const files = await writeDatasetFolder(folder, facts, groupBySink(entries, metadata), ({ root, length }) =>
    network.object(root, length),
  );
  return { datasetRoot: view.dataset.root, files };
}

async function modelsBefore(network: Network, claim: ReuseClaim | undefined): Promise<string[]> {
  if (claim === undefined) return [];
  const { models } = await readMetadata(network, claim.workflow);
  return [...(await modelsBefore(network, claim.reuses)), ...Object.values(models)];
}

export function groupBySink(entries: readonly DatasetEntry[], metadata: Metadata): SinkObjects[] {
  const sinks: { name: string; entries: DatasetEntry[] }[] = [];
  metadata.stages.forEach(({ sink }, stage) => {
    if (sink === null) return;
    const own = entries.filter((entry) => entry.stage === stage).sort((a, b) => a.partition - b.partition);
    // A sort leaves the rejects so far behind: their file has several stages.
    const rejects = sink === 'rejects' ? sinks.find(({ name }) => name === sink) : undefined;
    if (rejects === undefined) sinks.push({ name: sink, entries: own });
    else rejects.entries.push(...own);
  });
  return sinks;
}

/**
 * Rows in, out and rejected of every operator, from the headers of the last rowsets.
 *
 * @example
 * const { confident } = await readOperatorStats(network, run);
 * console.log(`${confident?.rejected} of ${confident?.in} rows were rejected`);
 */
export async function readOperatorStats(network: Network, run: Hex): Promise<Record<string, OperatorStats>> {
  const view = await readRun(network, run);
  const metadata = await readMetadata(network, view.workflow);
  const last = metadata.stages.findLastIndex(({ kind }) => ['rows', 'receive', 'apply', 'sort'].includes(kind));
  if (last < 0) return {};
  const headers: RowsetHeader[] = [];
  // However many pages the sequencer has.
  for (let offset = 0; offset < MAX_PARTITIONS; offset += TASKS_AT_ONCE) {
    const page = { stage: last, offset, limit: TASKS_AT_ONCE };
    const tasks = (await network.rpc('mizu_getTasks', [run, page])) as TaskView[];
    for (const { outputRoot, outputLength } of tasks) {
      if (outputRoot !== undefined) headers.push(readRowsetHeader(await network.object(outputRoot, outputLength)));
    }
    if (tasks.length < TASKS_AT_ONCE) break;
  }
  return sumOperators(headers);
}

function readRowsetHeader(rowset: Uint8Array): RowsetHeader {
  return parseObject(headerShape, rowset.subarray(0, readHeader(rowset)?.sizeBytes ?? 0), 'The header of a rowset');
}

function noDataset(run: Hex, status: string): MizuError {
  return new MizuError({
    code: 'sdk/no-dataset',
    message: 'The run has no dataset.',
    expected: 'a run that is done',
    actual: `run ${run} is ${status}`,
    hint: status === 'running' ? `Wait for it: npx mizu watch ${run}` : `See what happened: npx mizu why ${run}`,
  });
}
