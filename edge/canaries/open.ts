// docs/audits.md#gateway: the part of a gateway that plants canaries, opens them and is paid for them, with its own look at L1.
import type { ObjectSource } from '../../node/l1/derive.ts';
import { openMirror } from '../../node/l1/mirror.ts';
import { followMirror } from '../../node/l1/mirror-follow.ts';
import { followAndWork, POLL_MS } from '../../node/loop.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { modelId } from '../../protocol/model-id.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { connectL1, withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import type { Logger } from '../../service/process/log.ts';
import { openStore } from '../../service/storage/store.ts';
import type { Backend } from '../backends/backend.ts';
import { createBuiltinBackend } from '../backends/builtin.ts';
import type { CanaryConfig } from '../config.ts';
import type { ChainInfo, SequencerClient } from '../gateway/sequencer.ts';
import { openAudits } from './audits.ts';
import { createOpener, type OpenerCounts } from './opener.ts';
import { createOwnItems } from './own-items.ts';
import { type CanaryPlanter, createCanaryPlanter } from './planter.ts';
import { openCanaryTable } from './record.ts';

export type CanaryParts = {
  readonly config: CanaryConfig;
  readonly l1Url: string;
  /** A folder of its own. */
  readonly dataDir: string;
  readonly chain: Pick<ChainInfo, 'chainId' | 'inbox' | 'rollup' | 'fromBlock'>;
  readonly gateway: Address;
  readonly exactModels: readonly string[];
  readonly sequencer: Pick<SequencerClient, 'getWorkflow' | 'getNonce'>;
  readonly getRequests: (ref: ObjectRef, signal: AbortSignal) => Promise<Uint8Array>;
  /** From DA, verified. */
  readonly getObject: (root: Hex) => Promise<Uint8Array>;
  readonly log: Logger;
};

/** What the gateway needs of them. */
export type GatewayCanaries = Pick<CanaryPlanter, 'isOurs' | 'prepare' | 'forget'> & {
  readonly counts: Readonly<OpenerCounts>;
  /** Canaries that are not done with. */
  kept(): number;
  /** Resolves when the signal aborts. Rejects on what cannot heal. */
  run(signal: AbortSignal): Promise<void>;
};

export type Canaries = GatewayCanaries & { close(): Promise<void> };

/** @throws MizuError `l1/unreachable`, `l1/bad-key`, `store/locked` */
export async function openCanaries(parts: CanaryParts): Promise<Canaries> {
  const { config, chain, gateway, log } = parts;
  const l1 = await connectL1(parts.l1Url);
  const stop = new AbortController();
  const sender = createSender(withAccount(l1, config.privateKey), { signal: stop.signal });
  const { inbox, rollup } = chain;
  const audits = await openAudits({ ...config, client: l1.client, sender, inbox });
  const store = await openStore(parts.dataDir);
  const [table, mirror] = [await openCanaryTable(store), await openMirror(store)];
  const objects: ObjectSource = { get: (root) => parts.getObject(root).catch(() => undefined) };
  const items = createOwnItems(mirror, objects, gateway);
  const planter = createCanaryPlanter({
    ...config,
    table,
    audits,
    items,
    gateway,
    chainId: chain.chainId,
    contract: config.audits,
    backendOf: createBackendTable(parts.exactModels),
    getRequests: parts.getRequests,
    ...parts.sequencer,
    pollMs: POLL_MS,
    log,
  });
  const opener = createOpener({ table, audits, items, planter, log });
  const follower = {
    follow: (signal: AbortSignal, changed: () => void) =>
      followMirror({
        l1,
        mirror,
        contracts: { inbox, rollup },
        fromBlock: BigInt(chain.fromBlock),
        signal,
        log,
        onChange: changed,
      }),
    tasks: [opener.round],
    onRetry: (err: unknown, againInMs: number, again: boolean) => {
      if (!again) log.warn({ err, againInMs }, 'canaries cannot be looked after; it is tried again');
    },
  };
  return {
    isOurs: planter.isOurs,
    prepare: planter.prepare,
    forget: planter.forget,
    counts: opener.counts,
    kept: () => table.all().length,
    run: (signal) => followAndWork(follower, POLL_MS, signal),
    async close() {
      stop.abort();
      await store.close();
    },
  };
}

/** The model of class A that needs nothing but this process. */
function createBackendTable(exactModels: readonly string[]): (model: Hex) => Backend | undefined {
  const builtin = createBuiltinBackend();
  const id = modelId(builtin.name);
  return (model) => (exactModels.includes(builtin.name) && model === id ? builtin : undefined);
}
