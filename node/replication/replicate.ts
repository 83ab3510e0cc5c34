// docs/prover.md#replication: shows from L1 and DA alone that a run's dataset is what the network says.
import { datasetKey } from '../../kernel/keys.ts';
import { decodeReceipt, type Receipt } from '../../kernel/receipt.ts';
import { datasetRecord } from '../../kernel/records.ts';
import { MizuError } from '../../protocol/errors.ts';
import { rollupAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { type DatasetEntry, decodeDataset, decodeStateLeaf } from '../../protocol/state.ts';
import { leafAt, stepTo } from '../../protocol/step-numbers.ts';
import { keccakHex, LEAF_BYTES, type ObjectRef, treeProof, verifyLeaf } from '../../protocol/tree.ts';
import type { L1 } from '../../service/l1/l1.ts';
import { type BodyChunk, requireStep } from '../body/body.ts';
import { type ObjectSource, requireObject } from '../l1/derive.ts';
import type { Mirror, VoidBatch } from '../l1/mirror.ts';
import { createNodeMap } from '../nodes.ts';
import { createStateProof, verifyStateProof } from '../proof.ts';
import type { Check } from './check.ts';
import { compareFile } from './local-file.ts';
import { findStep, type LocatedRun, locateRun, takeSnapshot } from './locate-run.ts';
import { type ReplayOptions, replayRun } from './replay.ts';
import { findDatasetVoid, type QueuedVoid, voidsOf } from './voids-of.ts';

export type VerifyRequest = {
  readonly l1: L1;
  readonly contracts: { readonly inbox: Address; readonly rollup: Address };
  /** The L1 block of the first contract. */
  readonly fromBlock: bigint;
  /** Gives bytes by their root, and has verified them: a DA client. */
  readonly da: { get(root: Hex): Promise<Uint8Array> };
  readonly run: Hex;
  /** Files that should be the partitions of one stage, one after another. */
  readonly files?: readonly { readonly path: string; readonly stage: number }[];
  /** Runs every step of the run again, programs included. */
  readonly replay?: ReplayOptions;
  /** The batch of the message that started the run, if the caller was told of it. L1 says what became of that batch. */
  readonly startBatch?: bigint | undefined;
};

export type VerifyReport = {
  /** True if all checks hold. */
  readonly ok: boolean;
  /** False while the assertion's window is open. */
  readonly confirmed: boolean;
  readonly checks: readonly Check[];
  readonly run: Hex;
  readonly assertion?: Hex;
  /** The batch that held the run's start, if L1 has made it void. */
  readonly lost?: VoidBatch;
  /** Messages of L1 that void an item of the run, whether they have had an effect or not. */
  readonly voids: number;
  /** The L1 transactions that fix the dataset: the assertion's, then the confirmation's. */
  readonly transactions: readonly Hex[];
  readonly dataset?: ObjectRef;
  readonly entries: readonly DatasetEntry[];
};

class Failed extends Error {
  readonly check: string;

  constructor(check: string, detail: string) {
    super(detail);
    this.check = check;
  }
}

/** Stops at the first check that fails. @throws MizuError or viem's error if L1 or DA cannot be read */
export async function verifyRun(request: VerifyRequest): Promise<VerifyReport> {
  const snapshot = await takeSnapshot(request.l1, request.contracts, request.fromBlock);
  const objects: ObjectSource = { get: request.da.get };
  const checks: Check[] = [];
  const pass = (name: string, detail: string) => void checks.push({ name, ok: true, detail });
  let found: LocatedRun | undefined;
  let lost: VoidBatch | undefined;
  let voids: readonly QueuedVoid[] = [];
  let entries: DatasetEntry[] = [];
  try {
    found = await locateRun(snapshot.mirror, objects, request.run);
    if (found === undefined) {
      const voids = await voidBatches(snapshot.mirror);
      lost = voids.find(({ index }) => index === request.startBatch);
      throw lost === undefined ? missingRun(voids) : lostRun(lost);
    }
    voids = await voidsOf(snapshot.mirror, request.run);
    await checkVoids(snapshot.mirror, objects, found, voids);
    pass('assertion', await checkAssertion(request, found));
    const { chunk, step } = await checkStep(objects, found, pass);
    await checkRecord(request.run, chunk, step, found, pass);
    entries = await checkDataset(objects, found.ended.dataset, pass);
    for (const file of request.files ?? []) await checkLocal(objects, file, entries, pass);
    if (request.replay !== undefined) {
      const replayed = await replayRun({ ...request.replay, snapshot, objects, found, run: request.run });
      if (!replayed.ok) throw new Failed('replay', replayed.reason);
      pass('replay', `${replayed.steps} steps and ${replayed.programs} program runs give the same leaves and results`);
    }
  } catch (error) {
    const failure = asFailure(error);
    checks.push(failure);
  } finally {
    await snapshot.close();
  }
  const { assertion, ended } = found ?? {};
  return {
    ok: checks.every((check) => check.ok),
    confirmed: assertion?.status === 'confirmed',
    checks,
    run: request.run,
    transactions: [assertion?.transaction, assertion?.confirmedBy].filter((hash) => hash !== undefined),
    ...(assertion === undefined ? {} : { assertion: assertion.id }),
    ...(lost === undefined ? {} : { lost }),
    voids: voids.length,
    ...(ended === undefined ? {} : { dataset: ended.dataset }),
    entries,
  };
}

async function voidBatches(mirror: Mirror): Promise<VoidBatch[]> {
  const voids: VoidBatch[] = [];
  for await (const one of mirror.voids()) voids.push(one);
  return voids;
}

function lostRun({ index, block, transaction }: VoidBatch): Failed {
  const what = `batch ${index}, with the message that started this run, is void since block ${block} of L1 (transaction ${transaction})`;
  return new Failed('void', what);
}

function missingRun(voids: readonly VoidBatch[]): Failed {
  const missing = 'no live assertion has a dataset of this run';
  const [first, ...others] = voids;
  if (first === undefined) return new Failed('assertion', missing);
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const voided = `L1 has made batch ${first.index}${more} void: a run that was started in it does not exist any more`;
  return new Failed('assertion', `${missing}; ${voided}`);
}

async function checkVoids(
  mirror: Mirror,
  objects: ObjectSource,
  found: LocatedRun,
  voids: readonly QueuedVoid[],
): Promise<void> {
  const voided = await findDatasetVoid(mirror, objects, found, voids);
  if (voided === undefined) return;
  const { stage, partition, attempt } = voided.message;
  const item = `L1 has voided the item of stage ${stage}, partition ${partition}, attempt ${attempt}`;
  throw new Failed(
    'voided',
    voided.isAsserted
      ? `${item}: dataset ${found.ended.dataset.root} holds no longer, and the run has not ended again`
      : `${item}, and no assertion says yet what becomes of dataset ${found.ended.dataset.root}`,
  );
}

type Pass = (name: string, detail: string) => void;

async function checkAssertion({ l1, contracts }: VerifyRequest, { assertion }: LocatedRun): Promise<string> {
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const record = await l1.client.readContract({ ...rollup, functionName: 'assertionOf', args: [assertion.id] });
  if (record.stepRoot !== assertion.stepRoot || record.stateRoot !== assertion.post.stateRoot)
    throw new Failed('assertion', `L1 holds step root ${record.stepRoot}, its log said ${assertion.stepRoot}`);
  const status = assertion.status === 'confirmed' ? 'confirmed on L1' : 'pending on L1, its window is open';
  return `${assertion.id} is ${status}: ${assertion.stepCount} steps, step root ${assertion.stepRoot}`;
}

async function checkStep(
  objects: ObjectSource,
  { assertion, body, ended }: LocatedRun,
  pass: Pass,
): Promise<{ chunk: BodyChunk; step: number }> {
  const length = (assertion.stepCount + 1) * LEAF_BYTES;
  const steps = await requireObject(objects, { root: assertion.stepRoot, length }, 'The step list');
  const leaf = leafAt(steps, ended.leaf);
  const list = { root: assertion.stepRoot, length };
  if (!verifyLeaf(leaf, ended.leaf, treeProof(steps, ended.leaf), list))
    throw new Failed('step', `leaf ${ended.leaf} is not in step root ${assertion.stepRoot}`);
  pass(
    'step',
    `the end of step ${stepTo(ended.leaf)} of the assertion, the run's last one, is leaf ${ended.leaf} of the step root`,
  );
  const found = await findStep(objects, body, ended.leaf);
  if (found === undefined) throw new Failed('step', `the body has no step that leads to leaf ${ended.leaf}`);
  if (Buffer.compare(requireStep(found.chunk, found.step).stateLeaf, leaf) !== 0)
    throw new Failed('step', `the body has another leaf ${ended.leaf}`);
  return found;
}

async function checkRecord(run: Hex, chunk: BodyChunk, step: number, { ended }: LocatedRun, pass: Pass): Promise<void> {
  const record = requireStep(chunk, step);
  const leaf = decodeStateLeaf(record.stateLeaf);
  if (keccakHex(record.receipt) !== leaf.receiptHash) throw new Failed('receipt', 'its hash is not that of the leaf');
  const receipt: Receipt = decodeReceipt(record.receipt);
  const said = [receipt, ...(receipt.items ?? [])].find((part) => part.run === run && part.datasetRoot !== undefined);
  if (said?.datasetRoot !== ended.dataset.root)
    throw new Failed('receipt', `it names dataset ${said?.datasetRoot ?? 'none'}, the body ${ended.dataset.root}`);
  pass('receipt', `${receipt.kind} ended the run with dataset ${said.datasetRoot}`);
  const key = datasetKey(run);
  const { nodes } = await createStateProof(createNodeMap(record.nodes), leaf.stateRoot, key);
  const value = await verifyStateProof(leaf.stateRoot, key, nodes);
  const dataset = value === undefined ? undefined : datasetRecord.decode(value).dataset;
  if (dataset?.root !== ended.dataset.root || dataset.length !== ended.dataset.length)
    throw new Failed('state', `the record of the run names dataset ${dataset?.root ?? 'none'}`);
  pass('state', `${nodes.length} trie nodes prove the dataset under state root ${leaf.stateRoot}`);
}

async function checkDataset(objects: ObjectSource, dataset: ObjectRef, pass: Pass): Promise<DatasetEntry[]> {
  const entries = decodeDataset(await requireObject(objects, dataset, 'The manifest'));
  pass('manifest', `${entries.length} partitions under dataset root ${dataset.root}`);
  let bytes = 0;
  for (const entry of entries) {
    const what = `Partition ${entry.partition} of stage ${entry.stage}`;
    const partition = await requireObject(objects, entry, what);
    if (partition.length !== entry.length)
      throw new Failed('partitions', `${what} has ${partition.length} bytes, not ${entry.length}`);
    bytes += partition.length;
  }
  pass('partitions', `${entries.length} partitions, ${bytes} bytes, each with its root`);
  return entries;
}

async function checkLocal(
  objects: ObjectSource,
  { path, stage }: { path: string; stage: number },
  entries: readonly DatasetEntry[],
  pass: Pass,
): Promise<void> {
  const parts = entries.filter((entry) => entry.stage === stage);
  const report = await compareFile(path, parts, (entry) => requireObject(objects, entry, 'A partition'));
  if (report.difference === undefined)
    return pass('file', `${path}: ${report.rows} rows, ${report.bytes} bytes, all equal`);
  const { row, byte, partition, expected, actual } = report.difference;
  throw new Failed(
    'file',
    `${path}, row ${row} (byte ${byte}, partition ${partition}): expected ${expected}, got ${actual}`,
  );
}

function asFailure(error: unknown): Check {
  if (error instanceof Failed) return { name: error.check, ok: false, detail: error.message };
  // What DA does not give, or gives in another form, fails the verification; a dead L1 does not.
  if (error instanceof MizuError && /^(da|protocol)\//.test(error.code))
    return { name: 'data', ok: false, detail: [error.message, error.expected, error.actual].filter(Boolean).join(' ') };
  throw error;
}
