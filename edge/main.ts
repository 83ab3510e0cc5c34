// docs/edge.md#configuration: starts a gateway or a worker in this process.
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createDaClient, type DaClient } from '../da/client.ts';
import { followCommittee } from '../da/committee.ts';
import { accountOf } from '../da/storage-request.ts';
import { MizuError } from '../protocol/errors.ts';
import type { Address } from '../protocol/hex.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { connectL1 } from '../service/l1/l1.ts';
import { createStakeReader } from '../service/l1/stakes.ts';
import { createLogger, type Logger } from '../service/process/log.ts';
import { openStore } from '../service/storage/store.ts';
import { createBackends } from './backends/create.ts';
import { createSimulateBackends } from './backends/simulate-pool.ts';
import type { Canaries } from './canaries/open.ts';
import {
  type GatewayConfig,
  type GatewayConfigInput,
  parseGatewayConfig,
  parseWorkerConfig,
  type WorkerConfigInput,
} from './config.ts';
import type { StakeCheck } from './gateway/admission.ts';
import { type Gateway, openGateway } from './gateway/gateway.ts';
import { type ChainInfo, createSequencer, type SequencerClient } from './gateway/sequencer.ts';
import { createSigner } from './signing.ts';
import { createAccountTable } from './worker/account-table.ts';
import { createKeptAccount } from './worker/kept-account.ts';
import { createWorkerNetwork } from './worker/network.ts';
import { openNodeSocket } from './worker/node-socket.ts';
import { createPayments } from './worker/payments.ts';
import { createWorkerPrograms } from './worker/programs.ts';
import { createWorker, type WorkerPlatform } from './worker/worker.ts';

const START_SECONDS = 60;
const START_PAUSE_MS = 500;
/** To end the rest, when what was begun has ended or its time is over. */
const CLOSE_SECONDS = 15;

const NODE: WorkerPlatform = {
  openSocket: openNodeSocket,
  createAbort: () => {
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    return stop;
  },
};

export type GatewayOptions = {
  readonly log?: Logger;
  readonly signal?: AbortSignal;
};

/**
 * Waits up to a minute for the sequencer.
 * @throws MizuError `config/malformed`, `store/locked`, `http/cannot-listen`
 */
export async function startGateway(
  input: GatewayConfigInput,
  { log = createLogger('gateway'), signal }: GatewayOptions = {},
): Promise<Gateway & { readonly closeSeconds: number }> {
  const config = parseGatewayConfig(input);
  const sequencer = createSequencer(config.sequencerUrl);
  const chain = await waitForChain(sequencer, log, signal);
  const { members } = config.da;
  const committee = followCommittee(async () => (await sequencer.chain()).committee ?? config.da, members, log);
  const domain = createDomain(chain.chainId, chain.daCommittee);
  const da = createDaClient({ committee, domain, account: accountOf(config.privateKey), log });
  const canaries = await startCanaries(config, sequencer, chain, da, log);
  const gateway = await openGateway({
    config,
    sequencer,
    chain,
    putObjects: da.put,
    isStaked: config.l1Url === undefined ? undefined : await connectStakes(config.l1Url, chain),
    getObject: (ref, outer) => da.get(ref.root, { length: ref.length, signal: outer }),
    canaries,
    log,
  });
  return {
    ...gateway,
    closeSeconds: config.drainSeconds + CLOSE_SECONDS,
    close: async () => {
      await gateway.close();
      await canaries?.close();
      await da.close();
    },
  };
}

export type RunningWorker = { readonly address: Address; readonly closeSeconds: number; close(): Promise<void> };

/**
 * Connects, and connects again whenever the connection ends, until it is closed.
 * @throws MizuError `config/malformed`
 */
export async function startWorker(
  input: WorkerConfigInput,
  { log = createLogger('worker') }: { log?: Logger } = {},
): Promise<RunningWorker> {
  const config = parseWorkerConfig(input);
  const programs = createWorkerPrograms((text) => Buffer.from(text, 'base64'));
  const sets = await Promise.all(config.backends.map(createBackends));
  if (config.simulatorThreads > 0) sets.push(createSimulateBackends(config.simulatorThreads, programs.get));
  const { settle, dataDir } = config;
  const signer = createSigner(config.privateKey);
  const store = dataDir === undefined ? undefined : await openStore(dataDir);
  const network = settle === undefined ? undefined : createWorkerNetwork(settle.sequencerUrl, signer);
  const kept = createKeptAccount(signer.address, store && createAccountTable(store));
  const payments = (onChange: () => void) =>
    createPayments({ worker: signer.address, kept, settle, network, log, now: Date.now, onChange });
  const backends = sets.flatMap((set) => set.backends);
  const worker = createWorker({ ...config, platform: NODE, backends, programs, payments, log });
  return {
    address: worker.address,
    closeSeconds: config.drainSeconds + CLOSE_SECONDS,
    close: async () => {
      await worker.close();
      await Promise.all(sets.map((set) => set.close()));
      await store?.close();
    },
  };
}

// Loaded only if it is needed: it brings all that reads L1's batches.
async function startCanaries(
  { canaries, l1Url, dataDir, exactModels, privateKey }: GatewayConfig,
  sequencer: SequencerClient,
  chain: ChainInfo,
  da: DaClient,
  log: Logger,
): Promise<Canaries | undefined> {
  if (canaries === undefined || l1Url === undefined) return undefined;
  const { openCanaries } = await import('./canaries/open.ts');
  return openCanaries({
    config: canaries,
    l1Url,
    dataDir: join(dataDir, 'canaries'),
    chain,
    gateway: createSigner(privateKey).address,
    exactModels,
    sequencer,
    getRequests: sequencer.getObject,
    getObject: (root) => da.get(root),
    log,
  });
}

/** Looks for the stake of a gateway: workers have no role of their own on L1. */
async function connectStakes(l1Url: string, { stakeManager }: ChainInfo): Promise<StakeCheck> {
  const isActive = createStakeReader((await connectL1(l1Url)).client, stakeManager);
  return (worker) => isActive(worker, 'gateway');
}

async function waitForChain(
  sequencer: SequencerClient,
  log: Logger,
  signal: AbortSignal | undefined,
): Promise<ChainInfo> {
  const until = Date.now() + START_SECONDS * 1000;
  for (;;) {
    try {
      return await sequencer.chain();
    } catch (error) {
      if (!(error instanceof MizuError) || !error.retryable || Date.now() > until) throw error;
      log.info('waiting for the sequencer');
      await delay(START_PAUSE_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}
