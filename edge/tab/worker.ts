// docs/edge.md#tab: a worker of builtin/small and of the simulators of workflows, from what a browser has.
import type { Address } from '../../protocol/hex.ts';
import type { WorkerAccount } from '../../protocol/messages.ts';
import type { Logger } from '../../service/process/logger.ts';
import type { Backend } from '../backends/backend.ts';
import { BUILTIN_MODEL, completeSmall } from '../backends/model/small.ts';
import { createSigner, type SignedFor } from '../signing.ts';
import { createKeptAccount, type KeptAccount } from '../worker/kept-account.ts';
import { createPayments, type WorkerPayments } from '../worker/payments.ts';
import { createWorkerPrograms } from '../worker/programs.ts';
import { createWorker, type WorkerEvent, type WorkerPlatform } from '../worker/worker.ts';
import { createTabSimulators } from './simulators.ts';
import { openTabSocket } from './socket.ts';
import type { TabStorage } from './storage.ts';
import { fetchSmallClassifier } from './weights.ts';

export type TabWorkerOptions = {
  readonly gatewayUrl: string;
  readonly weights: { readonly url: string; readonly sha256: string };
  /** Address of the script of the simulators' thread. */
  readonly threadUrl: string;
  readonly storage: TabStorage;
  readonly invitation: string;
  readonly log: Logger;
  readonly onEvent: (event: WorkerEvent) => void;
  /** The highest that the gateway has signed. */
  readonly onAccount: (account: WorkerAccount) => void;
};

export type TabWorker = {
  readonly address: Address;
  readonly models: readonly string[];
  /** Ends the rows that were begun, in 10 s at most. */
  close(): Promise<void>;
};

const CONCURRENCY = 16;
const DRAIN_SECONDS = 10;
const BROWSER: WorkerPlatform = { openSocket: openTabSocket, createAbort: () => new AbortController() };

/** @throws MizuError `edge/other-weights` */
export async function startTabWorker(options: TabWorkerOptions): Promise<TabWorker> {
  const { gatewayUrl, weights, storage, invitation, log, onEvent } = options;
  const { privateKey } = storage;
  const classifier = await fetchSmallClassifier(weights.url, weights.sha256);
  const builtin: Backend = {
    name: BUILTIN_MODEL,
    complete: async (request) => completeSmall(request, () => classifier),
  };
  const programs = createWorkerPrograms(decodeBase64);
  const simulators = createTabSimulators(options.threadUrl, programs.get);
  const backends = [builtin, ...simulators.backends];
  const { address } = createSigner(privateKey);
  const kept = createKeptAccount(address, storage.accounts);
  const payments = (onChange: () => void) => {
    const none = { settle: undefined, network: undefined };
    return watched(createPayments({ worker: address, kept, ...none, log, now: Date.now, onChange }), kept, options);
  };
  const worker = createWorker({
    platform: BROWSER,
    gatewayUrl,
    privateKey,
    concurrency: CONCURRENCY,
    backends,
    ...(invitation === '' ? {} : { invitation }),
    drainSeconds: DRAIN_SECONDS,
    programs,
    payments,
    log,
    onEvent,
  });
  return {
    address,
    models: backends.map(({ name }) => name),
    close: async () => {
      await worker.close();
      await simulators.close();
    },
  };
}

/** Tells of the account that is kept after each frame that may have changed it. */
function watched(payments: WorkerPayments, kept: KeptAccount, { onAccount, log }: TabWorkerOptions): WorkerPayments {
  let signedFor: SignedFor | undefined;
  const tell = async () => {
    const account = signedFor && (await kept.of(signedFor));
    if (account !== undefined) onAccount(account);
  };
  return {
    ...payments,
    connected: (signer, shareBasisPoints) => {
      signedFor = signer;
      payments.connected(signer, shareBasisPoints);
      tell().catch((err: unknown) => log.error({ err }, 'the account cannot be read'));
    },
    received: async (frame) => {
      await payments.received(frame);
      await tell();
    },
  };
}

function decodeBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
