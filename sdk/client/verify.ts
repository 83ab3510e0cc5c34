// docs/sdk.md#verify: a run, or the folder of a dataset, held against L1 and DA. The sequencer is asked only where they are.
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MizuError } from '../../protocol/errors.ts';
import { type Hex, isHash } from '../../protocol/hex.ts';
import { type VerifyReport, type VerifyRequest, verifyRun } from '../../prover/replicate.ts';
import { connectL1 } from '../../service/l1.ts';
import { type CheckedFolder, checkFolder } from '../output/check-folder.ts';
import { discoverNetwork } from './discover.ts';
import { connectNetwork, type Network } from './network.ts';
import { type Patience, waitOut } from './patience.ts';
import type { RunView } from './views.ts';

export type VerifyFlags = {
  readonly rpc?: string | undefined;
  readonly l1?: string | undefined;
  /** Runs every step of the run again, programs included. */
  readonly replay?: boolean | undefined;
  /** Told once if the run has just ended and L1 has no assertion of it yet: it is waited for, up to a minute. */
  readonly onWait?: () => void;
  readonly patience?: Patience;
};

export type Verified = {
  readonly run: Hex;
  readonly datasetRoot: Hex;
  readonly confirmed: boolean;
  readonly assertion: Hex | undefined;
  /** L1 transactions that fix the dataset. */
  readonly transactions: readonly Hex[];
  readonly checks: VerifyReport['checks'];
};

const ASSERTION_SECONDS = 60;
const POLL_MS = 1_000;
const KERNEL = fileURLToPath(new URL('../../build/kernel.wasm', import.meta.url));

/**
 * `onCheck` is told each check that holds. @throws MizuError `verify/…` if one does not: whoever asked gets exit code 3
 */
export async function verifyTarget(
  target: string,
  isFolder: boolean,
  flags: VerifyFlags,
  onCheck: (line: string) => void,
): Promise<Verified> {
  const folder = isFolder ? await checkFolder(target) : undefined;
  if (folder !== undefined)
    onCheck(`folder: ${folder.files.length} files, ${folder.rows} rows, each object has its root`);
  const run = folder?.run ?? parseRun(target);
  const { rpcUrl, l1RpcUrl } = await discoverNetwork({ rpc: flags.rpc, l1: flags.l1 }).catch((error: unknown) => {
    // A folder knows where it came from.
    if (folder === undefined) throw error;
    return { rpcUrl: folder.rpcUrl, l1RpcUrl: flags.l1 };
  });
  const network = await connectNetwork({ rpcUrl, l1RpcUrl, ...(flags.patience && { patience: flags.patience }) });
  try {
    const { chain, l1RpcUrl: l1Url } = network;
    assertSameNetwork(folder, chain.chainId, chain.contracts.inbox);
    if (l1Url === undefined) throw noL1();
    const request: VerifyRequest = {
      l1: await waitOut(l1Url, () => connectL1(l1Url), network.patience),
      contracts: chain.contracts,
      fromBlock: BigInt(chain.fromBlock ?? 0),
      da: network.da,
      run,
      files: (folder?.files ?? []).map(({ path, stage }) => ({ path: resolve(join(target, path)), stage })),
      ...(flags.replay ? { replay: { kernelPath: KERNEL } } : {}),
    };
    const report = await verifyAsserted(network, request, flags.onWait);
    for (const check of report.checks) if (check.ok) onCheck(`${check.name}: ${check.detail}`);
    return assertReport(report, folder);
  } finally {
    await network.close();
  }
}

// A run that has just ended is asserted seconds later. The sequencer's word for that it has ended decides only whether to wait.
async function verifyAsserted(network: Network, request: VerifyRequest, onWait = () => {}): Promise<VerifyReport> {
  const deadline = Date.now() + ASSERTION_SECONDS * 1000;
  for (let looks = 0; ; looks++) {
    const report = await verifyRun(request);
    if (report.assertion !== undefined || Date.now() > deadline) return report;
    const view = (await network.rpc('mizu_getRun', [request.run]).catch(() => null)) as RunView | null;
    if (view?.status !== 'done') return report;
    if (looks === 0) onWait();
    await delay(POLL_MS);
  }
}

function assertReport(report: VerifyReport, folder: CheckedFolder | undefined): Verified {
  const bad = report.checks.find((check) => !check.ok);
  if (bad !== undefined || report.dataset === undefined)
    throw failed(bad?.name ?? 'dataset', bad?.detail ?? 'none found');
  if (folder !== undefined && folder.datasetRoot !== report.dataset.root) {
    throw failed('folder', `the L1 fixes dataset ${report.dataset.root}, the folder is ${folder.datasetRoot}`);
  }
  const { run, confirmed, transactions, checks } = report;
  return { run, datasetRoot: report.dataset.root, confirmed, assertion: report.assertion, transactions, checks };
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

function assertSameNetwork(folder: CheckedFolder | undefined, chainId: number, inbox: Hex): void {
  if (folder === undefined) return;
  if (folder.chainId === chainId && folder.inbox.toLowerCase() === inbox.toLowerCase()) return;
  throw new MizuError({
    code: 'sdk/other-network',
    message: 'The folder is of another network.',
    expected: `chain ${folder.chainId}, Inbox ${folder.inbox}`,
    actual: `chain ${chainId}, Inbox ${inbox}`,
    hint: 'Name the right one with --rpc and --l1.',
  });
}

function noL1(): MizuError {
  return new MizuError({
    code: 'sdk/no-l1',
    message: 'A verification reads the L1.',
    expected: '--l1 URL or MIZU_L1_RPC',
    actual: 'neither, and the sequencer names none',
  });
}

function failed(name: string, detail: string): MizuError {
  return new MizuError({
    code: 'verify/failed',
    message: `The verification failed at: ${name}`,
    expected: 'what the L1 fixes',
    actual: detail,
    hint: 'Fetch the dataset again; if it fails once more, its network does not keep its word.',
  });
}
