// docs/operations.md#devnet: a whole network on one machine.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SIMULATOR_MODEL } from '../edge/backends/simulate-request.ts';
import { formatError, MizuError } from '../protocol/errors.ts';
import type { NetworkTrust } from '../sdk/client/trust-flags.ts';
import { createRpcClient } from '../service/http/client.ts';
import { type DevnetAccount, devnetAccounts } from './accounts.ts';
import { type Anvil, startAnvil } from './anvil.ts';
import { createDevnetChain, type DevnetChain, type ModelEntry } from './chain.ts';
import { watchL1 } from './heads.ts';
import { createFetcher } from './health.ts';
import { assertKept, type Keeper, type Kept, keepL1, readKeptNetwork, unpackL1, writeKept } from './kept.ts';
import { type PatientClock, startPatientClock } from './patient-clock.ts';
import { claimPorts } from './ports.ts';
import { LOCK_PORT, type OpenAiEndpoint, PREFERRED_PORTS, urlOf, writeProcesses } from './processes.ts';
import { createRestingClock } from './resting-clock.ts';
import { createSupervisor, type ProcessSpec, type Supervisor } from './supervisor.ts';

export type DevnetOptions = {
  /** The folder that holds `.mizu`. A devnet that was there before is deleted, unless it was kept. */
  readonly folder: string;
  /** Models beside the built-in one that workers fetch from an endpoint. */
  readonly openai?: OpenAiEndpoint | undefined;
  /** File of a second executor, which asserts a lie; the honest executor starts after the lie. */
  readonly liar?: string | undefined;
  /** The network goes on after a restart, and with what was kept here before: docs/operations.md#keep. */
  readonly keep?: boolean | undefined;
  /** Called with one line for each thing that is being done. */
  readonly onProgress?: (line: string) => void;
  /** An abort gives up, and stops what was started. */
  readonly signal?: AbortSignal;
};

export type Devnet = {
  readonly rpcUrl: string;
  readonly l1Url: string;
  readonly chain: DevnetChain;
  readonly trust: NetworkTrust;
  readonly developer: DevnetAccount;
  /** The folder of configurations, data and logs. */
  readonly folder: string;
  readonly processes: Supervisor['processes'];
  /** Rejects when a process cannot be kept running. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
};

const BLOCK_SECONDS = 1;
const TOKEN_PRICE_WEI = 10n ** 12n;

const BUILTIN: ModelEntry = {
  name: 'builtin/small',
  class: 'exact',
  inputPriceWei: TOKEN_PRICE_WEI,
  outputPriceWei: 4n * TOKEN_PRICE_WEI,
  manifest: { name: 'builtin/small', class: 'A', engine: 'edge/backends/builtin.ts', document: 'docs/edge.md' },
};

/** Of all simulators: each request names its program. */
const SIMULATOR: ModelEntry = {
  ...BUILTIN,
  name: SIMULATOR_MODEL,
  manifest: { name: SIMULATOR_MODEL, class: 'A', engine: 'edge/backends/simulate.ts', document: 'docs/edge.md' },
};

/**
 * @throws MizuError `devnet/already-up`, `devnet/kept`, `devnet/bad-keep`, `devnet/other-models`, `devnet/anvil-failed`
 * or `devnet/process-failed`; or the signal's reason
 */
export async function startDevnet({
  folder,
  openai,
  liar,
  keep = false,
  onProgress = () => {},
  signal,
}: DevnetOptions): Promise<Devnet> {
  const home = resolve(folder, '.mizu');
  const devnet = join(home, 'devnet');
  await assertNoneIsUp(join(home, 'devnet.json'));
  const models = [BUILTIN, SIMULATOR, ...endpointModels(openai)];
  const kept = readKeptNetwork(devnet);
  if (kept !== undefined && !keep) throw keptThere(devnet);
  if (kept !== undefined) assertModels(kept, models);
  else {
    if (existsSync(devnet))
      onProgress('deleting the network that was here: its L1, runs and datasets (fetched ones stay)');
    rmSync(devnet, { recursive: true, force: true });
  }
  mkdirSync(devnet, { recursive: true });
  const { ports, taken, release } = await claimPorts(PREFERRED_PORTS, LOCK_PORT);
  if (taken.length > 0)
    onProgress(`ports in use: ${taken.map((name) => `${PREFERRED_PORTS[name]} (${name})`).join(', ')}: taking others`);
  const supervisor = createSupervisor(join(devnet, 'logs'));
  let anvil: Anvil | undefined;
  let clock: PatientClock | undefined;
  let keeper: Keeper | undefined;
  let heads: { close(): void } | undefined;
  const close = async () => {
    await supervisor.stop();
    heads?.close();
    // L1 is saved when nobody sends to it any more, so nothing is lost.
    await keeper?.close().catch((error: unknown) => onProgress(`L1 could not be saved: ${formatError(error)}`));
    await clock?.close();
    await anvil?.close();
    await release();
    rmSync(join(home, 'devnet.json'), { force: true });
  };
  try {
    onProgress(`L1: anvil at ${urlOf(ports.l1)}`);
    anvil = await startAnvil({ port: ports.l1, stateFile: kept && (await unpackL1(devnet)) });
    const { url } = anvil;
    if (kept === undefined) onProgress('contracts: deploying, staking, appointing the committee');
    else onProgress('going on with the network that was kept here: L1, contracts, runs and datasets');
    const chain =
      kept === undefined
        ? await unlessAborted(
            beforeTime(url, () => createDevnetChain(url, models, { liar: liar !== undefined })),
            signal,
          )
        : { ...kept.chain, l1Url: url };
    if (kept !== undefined) await assertKept(devnet, kept, url);
    else if (keep) await writeKept(devnet, { chain, models: models.map(({ name }) => name) }, url);
    let tellLie = () => {};
    const lie = new Promise<void>((resolve) => {
      tellLie = resolve;
    });
    clock = await startClock(anvil.url, chain, liar !== undefined ? tellLie : undefined);
    const trouble = (error: unknown) => onProgress(`L1: ${formatError(error)}`);
    if (keep) keeper = keepL1(devnet, url, trouble);
    if (clock === undefined) heads = await watchBlocks(url, keeper, trouble);
    const specs = writeProcesses(devnet, chain, ports, { openai, liar });
    onProgress(`processes: ${specs.map(({ name }) => name).join(', ')}`);
    // An honest executor may be faster, and then the liar would have nothing to lie about.
    const waits = ({ name }: ProcessSpec) => liar !== undefined && name === 'executor';
    await unlessAborted(
      Promise.all(specs.filter((spec) => !waits(spec)).map((spec) => supervisor.start(spec))),
      signal,
    );
    const joined = lie.then(() => Promise.all(specs.filter(waits).map((spec) => supervisor.start(spec))));
    const failed = Promise.race([supervisor.failed, joined.then(() => supervisor.failed)]);
    failed.catch(() => undefined);
    const { developer } = devnetAccounts();
    const rpcUrl = urlOf(ports.sequencer);
    const { chainId, fromBlock, contracts } = chain;
    const pinned = { chainId, fromBlock: Number(fromBlock), contracts };
    const file = { rpcUrl, l1RpcUrl: anvil.url, ...pinned, accounts: { developer } };
    const trust = { chainId, rollup: contracts.rollup };
    writeFileSync(join(home, 'devnet.json'), `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
    const { processes } = supervisor;
    return { rpcUrl, l1Url: anvil.url, chain, trust, developer, folder: devnet, processes, failed, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** For this work L1 makes a block for each transaction, and its clock stands still. */
async function beforeTime<T>(l1Url: string, work: (l1Url: string) => Promise<T>): Promise<T> {
  await createRpcClient(l1Url)('anvil_setBlockTimestampInterval', [0]);
  return work(l1Url);
}

/**
 * From now on L1 makes a block each second, and has this machine's time; with a liar its clock waits for the liar's
 * challenger.
 */
async function startClock(
  l1Url: string,
  { contracts, fromBlock }: DevnetChain,
  onLie: (() => void) | undefined,
): Promise<PatientClock | undefined> {
  const rpc = createRpcClient(l1Url);
  if (onLie !== undefined) {
    await rpc('evm_setAutomine', [false]);
    const liar = devnetAccounts().liar.address;
    return startPatientClock({ l1Url, contracts, fromBlock, liar, blockSeconds: BLOCK_SECONDS, onLie });
  }
  await rpc('anvil_removeBlockTimestampInterval', []);
  await rpc('evm_setIntervalMining', [BLOCK_SECONDS]);
  return undefined;
}

// L1 is saved with its blocks if the network is kept; while nothing happens, blocks come seldom.
function watchBlocks(l1Url: string, keeper: Keeper | undefined, onFailure: (error: unknown) => void) {
  const resting = createRestingClock(l1Url, BLOCK_SECONDS, onFailure);
  return watchL1(l1Url, {
    onBlock(isBusy) {
      resting.block(isBusy);
      keeper?.block(isBusy);
    },
    onPending: () => resting.pending(),
    onLost: () => resting.wake(),
  });
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}

// The data of a running network would be deleted under it.
async function assertNoneIsUp(file: string): Promise<void> {
  if (!existsSync(file)) return;
  const { rpcUrl } = JSON.parse(readFileSync(file, 'utf8')) as { rpcUrl: string };
  if (!(await createFetcher(`${rpcUrl}/health`)())) return;
  throw new MizuError({
    code: 'devnet/already-up',
    message: 'A network is up in this folder already.',
    expected: 'a folder without a running network',
    actual: `one at ${rpcUrl}, by ${file}`,
    hint: 'Use it from here (npx mizu run …), stop it with Ctrl-C in its terminal, or start this one in another folder.',
  });
}

function keptThere(folder: string): MizuError {
  return new MizuError({
    code: 'devnet/kept',
    message: 'There is a network in this folder that was started with --keep. It is not deleted unasked.',
    expected: 'mizu devnet --keep, which goes on with it; or another folder',
    actual: `a network in ${folder}`,
    hint: `Go on with it: npx mizu devnet --keep. If you do not want it any more, delete ${folder} with its L1, runs and datasets.`,
  });
}

// Models are registered on L1 when the contracts are deployed.
function assertModels(kept: Kept, models: readonly ModelEntry[]): void {
  const unknown = models.filter(({ name }) => !kept.models.includes(name));
  if (unknown.length === 0) return;
  throw new MizuError({
    code: 'devnet/other-models',
    message: 'The network that was kept here has other models.',
    expected: `of ${kept.models.join(', ')}`,
    actual: unknown.map(({ name }) => name).join(', '),
    hint: 'Give the --openai-model that it was begun with, or start another network in another folder.',
  });
}

// The answers of an endpoint's model cannot be checked by running it again: it is of class C.
function endpointModels(openai: OpenAiEndpoint | undefined): ModelEntry[] {
  return Object.entries(openai?.models ?? {}).map(([name, model]) => ({
    name,
    class: 'provenance',
    inputPriceWei: TOKEN_PRICE_WEI,
    outputPriceWei: 4n * TOKEN_PRICE_WEI,
    manifest: { name, class: 'C', endpoint: openai?.baseUrl, model },
  }));
}
