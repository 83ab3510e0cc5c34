// docs/sdk.md#verify: a run, or the folder of a dataset, held against L1 and DA. The sequencer is asked only where DA is.
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KERNEL_PATH } from '../../kernel/file.ts';
import type { VoidBatch } from '../../node/l1/mirror.ts';
import type { Check } from '../../node/replication/check.ts';
import { type VerifyReport, type VerifyRequest, verifyRun } from '../../node/replication/replicate.ts';
import { MizuError } from '../../protocol/errors.ts';
import { rollupAbi } from '../../protocol/generated/abi.ts';
import { type Address, type Hex, isHash, isSameAddress } from '../../protocol/hex.ts';
import { connectL1, type L1 } from '../../service/l1/l1.ts';
import type { Metadata } from '../compile/definition.ts';
import { inputArguments } from '../input/words.ts';
import { type CheckedFolder, checkFile, checkFolder, FolderChanged } from '../output/check-folder.ts';
import { shellWord } from '../output/shell-word.ts';
import { readAttested } from './attested.ts';
import { countCanaries } from './canaries.ts';
import { explainChange } from './changed.ts';
import { discoverNetwork, pinnedNetwork } from './discover.ts';
import { connectNetwork, type Network } from './network.ts';
import { type Patience, waitOut } from './patience.ts';
import { findRecord, type SavedRun } from './state-file.ts';
import { assertOrigin, assertSame, assertSequencer, resolveTrust, type TrustRoot } from './trust.ts';
import type { TrustFlags } from './trust-flags.ts';
import { verifyReuse } from './verify-reuse.ts';
import type { AttestedBy, RunView } from './views.ts';
import { readMetadata } from './watch.ts';

/** Where `verifyTarget` asks, and what it must find. */
export type VerifyFlags = TrustFlags & {
  readonly rpc?: string | undefined;
  readonly l1?: string | undefined;
  /** Runs every step of the run again, programs included. */
  readonly replay?: boolean | undefined;
  /** Told once if the run has just ended and L1 has no assertion of it yet: it is waited for, up to five minutes. */
  readonly onWait?: () => void;
  /** What the run must have read. */
  readonly inputsHash?: Hex | undefined;
  readonly patience?: Patience;
};

/** What `verifyTarget` found, check by check. */
export type Verified = {
  readonly run: Hex;
  readonly datasetRoot: Hex;
  readonly confirmed: boolean;
  /** The validators' stake that has attested it. It is undefined if less than two thirds have. */
  readonly attested: AttestedBy | undefined;
  /** Answers of the run that a gateway has given wrongly on purpose, as far as L1 knows by now: above 0 it is no dataset to rely on. */
  readonly canaries: number;
  readonly assertion: Hex | undefined;
  /** L1 transactions that fix the dataset. */
  readonly transactions: readonly Hex[];
  readonly checks: readonly Check[];
};

/** An executor asserts seconds after a run has ended, if its machine has nothing else to do. */
const ASSERTION_SECONDS = 300;
const POLL_MS = 1_000;
/** For the object that tells which row of a folder was changed. */
const LOOK_SECONDS = 5;
/** An L1 that has never answered is rather a wrong address than one that restarts. */
const FIRST_CONTACT_SECONDS = 20;
const L1_LIES = ['l1/contradiction', 'l1/nodes-disagree', 'l1/other-chain', 'l1/too-deep'];

/**
 * Holds a run, or the folder of a dataset, against L1 and DA. `onCheck` is told each check that holds.
 *
 * @example
 * const { datasetRoot, confirmed } = await verifyTarget('out', true, { l1Urls: ['https://l1.example'] }, console.log);
 * @throws MizuError `verify/…` if one does not, `verify/run-void` if there is no such run any more: whoever asked gets
 * exit code 3
 */
export async function verifyTarget(
  target: string,
  isFolder: boolean,
  flags: VerifyFlags,
  onCheck: (line: string) => void,
): Promise<Verified> {
  const folder = isFolder ? await checkFolderOf(target, flags) : undefined;
  if (folder !== undefined)
    onCheck(`folder: ${folder.files.length} files, ${folder.rows} rows, each object has its root`);
  const run = folder?.run ?? parseRun(target);
  const l1Urls = flags.l1Urls ?? [flags.l1 ?? process.env.MIZU_L1_RPC].filter((url) => url !== undefined);
  const trust = resolveTrust({ ...flags, l1Urls }, await pinnedNetwork(), folder);
  onCheck(`trust root: ${trust.described}`);
  const { rpcUrl } = await discoverNetwork({ rpc: flags.rpc }).catch((error: unknown) => {
    // A folder knows where it came from.
    if (folder === undefined) throw error;
    return { rpcUrl: folder.rpcUrl };
  });
  const { l1, inbox } = await connectTrusted(trust, flags.patience);
  const l1RpcUrl = trust.l1Urls[0];
  const network = await connectNetwork({ rpcUrl, l1RpcUrl, ...(flags.patience && { patience: flags.patience }) });
  try {
    const { chain } = network;
    assertSequencer(trust, inbox, chain);
    if (folder !== undefined) {
      await assertOrigin(target, folder, trust, l1);
      assertSame('the L1', { inbox }, 'the folder', folder);
    }
    const started = await startedHere(run, trust.chainId, inbox);
    const request: VerifyRequest = {
      l1,
      contracts: { rollup: trust.rollup, inbox },
      // A block that is too late leaves out events, which shows; one that is too early takes time.
      fromBlock: BigInt(chain.fromBlock ?? 0),
      da: network.da,
      run,
      startBatch: started?.promise && BigInt(started.promise.batch),
      files: (folder?.files ?? []).map(({ path, stage }) => ({ path: resolve(join(target, path)), stage })),
      ...(flags.replay ? { replay: { kernelPath: KERNEL_PATH } } : {}),
    };
    const report = await verifyAsserted(network, request, flags.onWait);
    for (const check of report.checks) if (check.ok) onCheck(`${check.name}: ${check.detail}`);
    if (report.lost !== undefined) throw runVoid(report.lost, started);
    assertNotVoided(report, folder);
    if (folder !== undefined) await assertFiles(network, report, folder, target);
    await assertKnown(network, report);
    if (flags.inputsHash !== undefined) onCheck(await assertInputs(request, flags.inputsHash));
    const attested =
      report.assertion === undefined ? undefined : await readAttested(l1, request.contracts, report.assertion);
    const canaries = await countCanaries(l1, inbox, run);
    const verified = { ...assertReport(report, folder, target), attested, canaries };
    await checkReuse(network, request, folder, started, onCheck);
    return verified;
  } finally {
    await network.close();
  }
}

// A run that has just ended is asserted seconds later. The sequencer's word for that it has ended decides only whether to wait.
async function verifyAsserted(network: Network, request: VerifyRequest, onWait = () => {}): Promise<VerifyReport> {
  const deadline = Date.now() + ASSERTION_SECONDS * 1000;
  for (let looks = 0; ; looks++) {
    const report = await asVerified(() => verifyRun(request));
    if (report.assertion !== undefined || Date.now() > deadline) return report;
    const view = (await network.rpc('mizu_getRun', [request.run]).catch(() => null)) as RunView | null;
    if (view?.status !== 'done') return report;
    if (looks === 0) onWait();
    await delay(POLL_MS);
  }
}

// What was changed is fetched again to name the row; the folder may lie far from its network, so it is not waited for long.
async function checkFolderOf(target: string, { rpc, patience }: VerifyFlags): Promise<CheckedFolder> {
  try {
    return await checkFolder(target);
  } catch (error) {
    if (!(error instanceof FolderChanged) || error.place === undefined) throw error;
    const found = await discoverNetwork({ rpc }).catch(() => error.manifest);
    throw await explainChange(error, target, async ({ root, length }) => {
      const quick = { ...patience, limitSeconds: LOOK_SECONDS };
      const network = await connectNetwork({ rpcUrl: found.rpcUrl, patience: quick });
      return network.object(root, length).finally(() => network.close());
    });
  }
}

// Rows and manifest that were changed together have their roots: then L1's dataset names what differs.
async function assertFiles(
  network: Network,
  { checks, run, entries }: VerifyReport,
  { files, rpcUrl }: CheckedFolder,
  target: string,
): Promise<void> {
  if (checks.find((check) => !check.ok)?.name !== 'file') return;
  for (const { path, stage } of files) {
    const own = entries.filter((entry) => entry.stage === stage);
    const { change } = await checkFile(target, path, own, 'L1');
    if (change === undefined) continue;
    const changed = new FolderChanged(target, { run, rpcUrl }, change);
    throw await explainChange(changed, target, ({ root, length }) => network.object(root, length));
  }
}

// Also of a folder with the dataset that the run had before.
function assertNotVoided({ run, checks, dataset, voids }: VerifyReport, folder: CheckedFolder | undefined): void {
  const bad = checks.find((check) => !check.ok);
  const isOther = folder !== undefined && dataset !== undefined && folder.datasetRoot !== dataset.root;
  if (bad?.name !== 'voided' && !(isOther && voids > 0)) return;
  throw new MizuError({
    code: 'verify/item-voided',
    message: 'L1 has voided an item of this run: what it gave before holds no longer.',
    expected: bad === undefined ? `dataset root ${dataset?.root} (L1)` : 'a dataset without void items',
    actual: bad === undefined ? `dataset root ${folder?.datasetRoot} (the folder)` : bad.detail,
    hint: `The task runs again, and so does what has used it. See: npx mizu watch ${run}; when it is done: npx mizu dataset get ${run} --output out`,
  });
}

// L1 has nothing of the run. If its sequencer knows none either, it is most likely another network's.
async function assertKnown(network: Network, report: VerifyReport): Promise<void> {
  if (report.assertion !== undefined || report.lost !== undefined) return;
  const view = await network.rpc('mizu_getRun', [report.run]).catch(() => undefined);
  if (view !== null) return;
  throw new MizuError({
    code: 'verify/unknown-run',
    message: 'This network has no such run: neither L1 nor its sequencer knows it.',
    expected: `a run of the network at ${network.rpcUrl}`,
    actual: `${report.run}; ${report.checks.find((check) => !check.ok)?.detail ?? 'no assertion'}`,
    hint: 'List its runs with: npx mizu runs --all. A devnet that was started anew is another network and has forgotten those of before.',
  });
}

// Of a run by its id alone it is known where it was started.
async function checkReuse(
  network: Network,
  request: VerifyRequest,
  folder: CheckedFolder | undefined,
  started: SavedRun | undefined,
  onCheck: (line: string) => void,
): Promise<void> {
  const claim = folder === undefined ? started?.reuses : folder.reuses;
  const begin = claim === undefined ? await readBegin(network, request.run) : undefined;
  if (claim !== undefined || (begin !== undefined && folder !== undefined))
    await verifyReuse(network, request, claim, onCheck);
  else if (begin !== undefined)
    onCheck(`begins behind operator '${begin.operator}': whose rows it has read is known where it was started`);
}

// Whether to look closer.
async function readBegin(network: Network, run: Hex): Promise<Metadata['begin']> {
  const view = (await network.rpc('mizu_getRun', [run]).catch(() => null)) as RunView | null;
  if (view === null) return undefined;
  return (await readMetadata(network, view.workflow).catch(() => undefined))?.begin;
}

async function assertInputs(request: VerifyRequest, expected: Hex): Promise<string> {
  const { readInputsHash } = await import('./inputs-of.ts');
  const actual = await readInputsHash(request);
  if (actual !== expected) throw failed('inputs', `the run has read ${actual}, and not the rejects, ${expected}`);
  return `inputs: the run has read these rejects, ${expected}`;
}

function assertReport(
  report: VerifyReport,
  folder: CheckedFolder | undefined,
  target: string,
): Omit<Verified, 'attested' | 'canaries'> {
  const bad = report.checks.find((check) => !check.ok);
  if (bad !== undefined || report.dataset === undefined)
    throw failed(bad?.name ?? 'dataset', bad?.detail ?? 'none found');
  if (folder !== undefined && folder.datasetRoot !== report.dataset.root)
    throw new FolderChanged(target, folder, {
      where: 'manifest.json',
      expected: `dataset root ${report.dataset.root} (L1)`,
      actual: `dataset root ${folder.datasetRoot} (the folder)`,
    });
  const { run, confirmed, transactions, checks } = report;
  return { run, datasetRoot: report.dataset.root, confirmed, assertion: report.assertion, transactions, checks };
}

// This folder knows what it has started, and in which batch the sequencer has promised a place for that.
async function startedHere(run: Hex, chainId: number, inbox: Address): Promise<SavedRun | undefined> {
  const record = await findRecord(run);
  const isOfNetwork = record?.chainId === chainId && isSameAddress(record.inbox, inbox);
  return isOfNetwork ? record : undefined;
}

function runVoid({ index, block, transaction }: VoidBatch, started: SavedRun | undefined): MizuError {
  const again =
    started === undefined
      ? ''
      : ` with: npx mizu run ${shellWord(started.file)} ${inputArguments(started.input, started.inputOptions, started.others)}`;
  return new MizuError({
    code: 'verify/run-void',
    message: `There is no such run: batch ${index}, which held the message that started it, is void.`,
    expected: 'an assertion of the batch in the time for which DA promises its bytes',
    actual: `nobody asserted batch ${index} in that time; void since block ${block} of L1, transaction ${transaction}`,
    hint: `Nothing was charged: fees and escrow are still on the account, and so is what was deposited. Start it again${again}`,
  });
}

function parseRun(text: string): Hex {
  const lower = text.toLowerCase();
  if (isHash(lower)) return lower;
  throw new MizuError({
    code: 'sdk/bad-target',
    message: 'There is nothing to verify by this name.',
    expected: 'the id of a run (0x and 64 hex digits), or a folder with a dataset',
    actual: text,
    hint: 'List runs with: npx mizu runs',
  });
}

// The node, or each of them, must answer and be of the chain; the Inbox is the Rollup's own.
async function connectTrusted(trust: TrustRoot, patience: Patience = {}): Promise<{ l1: L1; inbox: Address }> {
  const [where] = trust.l1Urls;
  const l1 = await asVerified(() =>
    waitOut(String(where), () => connectL1(trust.l1Urls), { limitSeconds: FIRST_CONTACT_SECONDS, ...patience }),
  );
  assertSame('the trust root', trust, 'the L1', { chainId: l1.chainId });
  await Promise.all(l1.nodes.map((node, i) => assertAnswers(node, trust.l1Urls[i] as string)));
  const inbox = await l1.client
    .readContract({ address: trust.rollup, abi: rollupAbi, functionName: 'inbox' })
    .catch((error: unknown) => {
      throw failed('network', `no Rollup at ${trust.rollup}: ${(error as { shortMessage?: string }).shortMessage}`);
    });
  return { l1, inbox };
}

async function assertAnswers(node: L1['client'], url: string): Promise<void> {
  await node.getBlockNumber().catch((cause: unknown) => {
    throw new MizuError({
      code: 'l1/unreachable',
      message: 'One of the L1 nodes that must agree does not answer.',
      expected: `an Ethereum JSON-RPC at ${url}`,
      actual: (cause as { shortMessage?: string }).shortMessage ?? String(cause),
      hint: 'Name another one, or leave it away.',
      retryable: true,
      cause,
    });
  });
}

// An L1 that contradicts itself, or another one, is a verification that has failed.
async function asVerified<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof MizuError) || !L1_LIES.includes(error.code)) throw error;
    throw failed('L1', [error.message, `expected ${error.expected}`, `got ${error.actual}`].join(' '));
  }
}

function failed(name: string, detail: string): MizuError {
  return new MizuError({
    code: 'verify/failed',
    message: `The verification failed at: ${name}`,
    expected: 'what the L1 fixes',
    actual: detail,
    hint: 'Try again; if it fails once more, this network does not keep its word.',
  });
}
