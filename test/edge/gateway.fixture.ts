// docs/edge.md: a gateway over a loopback sequencer, with DA in memory, for its tests.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayCanaries } from '../../edge/canaries/open.ts';
import { type GatewayConfigInput, parseGatewayConfig } from '../../edge/config.ts';
import { type Gateway, openGateway } from '../../edge/gateway/gateway.ts';
import { createSequencer } from '../../edge/gateway/sequencer.ts';
import { createInvitation, type Invitation } from '../../edge/invitation.ts';
import { startWorker } from '../../edge/main.ts';
import { createSigner } from '../../edge/signing.ts';
import type { Hex } from '../../protocol/hex.ts';
import { objectRef } from '../../protocol/tree.ts';
import { createLogger } from '../../service/process/log.ts';
import { type LoopbackSequencer, startLoopbackSequencer } from '../doubles/loopback-sequencer.ts';

export const log = createLogger('test', 'silent');
export const key = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
export const ZERO_ADDRESS = `0x${'00'.repeat(20)}`;
/** The worker with key 4 has a stake. */
const STAKED_WORKER = createSigner(key(4)).address;

export type GatewayWorld = {
  readonly folder: string;
  readonly sequencer: LoopbackSequencer;
  /** Called by `close`, the last one first. */
  readonly closers: (() => Promise<void>)[];
  /** The gateway with key 1. */
  open(config?: Partial<GatewayConfigInput>, canaries?: GatewayCanaries): Promise<Gateway>;
  /** Starts the worker with this key, invited by the gateway with key 1. */
  work(gateway: Gateway, number: number, backends?: unknown[], more?: object): ReturnType<typeof startWorker>;
  /** An invitation of the worker with this key. */
  invite(number: number, change?: Partial<Invitation>, gateway?: number): string;
  /** Puts an object on DA. */
  put(bytes: Uint8Array): void;
  /** Lines of a result object on DA. */
  resultLines(root: Hex): string[];
  close(): Promise<void>;
};

export async function createGatewayWorld(): Promise<GatewayWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-gateway-'));
  const sequencer = await startLoopbackSequencer();
  const objects = new Map<Hex, Uint8Array>();
  const closers: (() => Promise<void>)[] = [];

  const open: GatewayWorld['open'] = async (config = {}, canaries) => {
    const client = createSequencer(sequencer.url);
    const da = { members: [{ url: sequencer.url, address: ZERO_ADDRESS }], threshold: 1 };
    const gateway = await openGateway({
      config: parseGatewayConfig({
        sequencerUrl: sequencer.url,
        dataDir: folder,
        privateKey: key(1),
        da,
        drainSeconds: 0,
        ...config,
      }),
      sequencer: client,
      chain: await client.chain(),
      putObjects: async (all, { expiry }) => {
        const refs = all.map(objectRef);
        refs.forEach((ref, i) => {
          objects.set(ref.root, all[i]!);
        });
        return { refs, certificate: { epoch: 0n, expiry, signers: 0n, signatures: [] } };
      },
      getObject: async ({ root }) => {
        const object = objects.get(root);
        if (object === undefined) throw new Error(`no object ${root}`);
        return object;
      },
      isStaked: async (worker) => worker === STAKED_WORKER,
      canaries,
      log,
    });
    closers.push(gateway.close);
    return gateway;
  };

  const invite: GatewayWorld['invite'] = (number, change = {}, gateway = 1) =>
    createInvitation(sequencer.domain, createSigner(key(gateway)), {
      name: `worker${number}`,
      worker: createSigner(key(number)).address,
      expiry: Math.floor(Date.now() / 1000) + 3_600,
      ...change,
    });

  return {
    folder,
    sequencer,
    closers,
    open,
    invite,
    work: async (gateway, number, backends, more = {}) => {
      const rest = { concurrency: 4, invitation: invite(number), ...(backends && { backends }), ...more };
      const input = { gatewayUrl: gateway.url, privateKey: key(number), ...rest };
      const worker = await startWorker(input as Parameters<typeof startWorker>[0], { log });
      closers.push(worker.close);
      return worker;
    },
    put: (bytes) => void objects.set(objectRef(bytes).root, bytes),
    resultLines: (root) => new TextDecoder().decode(objects.get(root)).trimEnd().split('\n'),
    close: async () => {
      for (const close of closers.splice(0).reverse()) await close();
      await sequencer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A row's request: which of two labels the text has. */
export const request = (text: string) => ({
  messages: [{ role: 'user', content: `Which?\n\n${text}` }],
  response_format: {
    type: 'json_schema',
    json_schema: { schema: { type: 'object', properties: { l: { enum: ['animal', 'food'] } } } },
  },
});
