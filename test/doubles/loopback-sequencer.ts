// docs/rpc.md: the part of a sequencer that a gateway talks to, with the kernel's rules for batches; for tests and measurements.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { singleUseKey, type TaskInfo } from '../../edge/gateway/task.ts';
import { encodeRequests } from '../../edge/rows.ts';
import { hashInferenceBatch } from '../../edge/signing.ts';
import { modelRecord } from '../../kernel/records.ts';
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import { decodeMessage } from '../../protocol/messages.ts';
import { modelId } from '../../protocol/model-id.ts';
import { recoverSigner } from '../../protocol/signature.ts';
import { keccakHex, type ObjectRef, objectRef } from '../../protocol/tree.ts';
import { createDomain } from '../../protocol/typed-data.ts';

export type LoopbackSequencer = {
  readonly url: string;
  readonly domain: ReturnType<typeof createDomain>;
  /** Opens an infer task over these rows. */
  addTask(model: string, partition: number, rows: readonly unknown[]): TaskInfo;
  /** The same over any bytes. */
  addObjectTask(model: string, partition: number, bytes: Uint8Array, run?: Hex, owner?: Address): TaskInfo;
  /** Items that count, in the order in which they came. */
  readonly settled: readonly InferenceItem[];
  readonly nonces: readonly bigint[];
  /** Resolves when so many tasks are settled. */
  whenSettled(count: number): Promise<void>;
  readonly progress: readonly unknown[];
  /** The next so many calls of mizu_sendMessage are answered with this error. */
  failSends(count: number, code: number): void;
  close(): Promise<void>;
};

const INPUT_PRICE = 1n;
const OUTPUT_PRICE = 2n;
const CHAIN_ID = 31_337;
const REGISTRY: Address = '0x00000000000000000000000000000000000000aa';
const OWNER: Address = `0x${'0a'.repeat(20)}`;
const RUN: Hex = `0x${'11'.repeat(32)}`;

const MODEL_VALUE = bytesToHex(
  modelRecord.encode({ active: true, class: 0, inputPrice: INPUT_PRICE, outputPrice: OUTPUT_PRICE, gateways: [] }),
);

type ItemReceipt = { readonly ok: boolean; readonly error?: string; readonly feeWei?: string };

/** Wei that the kernel pays for the item's tokens, at the prices of every task here. */
export function paidFor({ inputTokens, outputTokens }: InferenceItem): bigint {
  return inputTokens * INPUT_PRICE + outputTokens * OUTPUT_PRICE;
}

export async function startLoopbackSequencer(): Promise<LoopbackSequencer> {
  const domain = createDomain(CHAIN_ID, REGISTRY);
  const open = new Map<string, TaskInfo>();
  const objects = new Map<string, Uint8Array>();
  const receipts = new Map<Hex, { ok: boolean; step: number; error?: string; items: ItemReceipt[] }>();
  const settled: InferenceItem[] = [];
  const nonces: bigint[] = [];
  const progress: unknown[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  let failing = { count: 0, code: 0 };

  const execute = async (hex: Hex): Promise<Hex> => {
    const bytes = hexToBytes(hex);
    const hash = keccakHex(bytes);
    if (receipts.has(hash)) return hash;
    const step = receipts.size + 1;
    const message = decodeMessage(bytes);
    if (message.kind !== 'InferenceResult') throw new Error(`unexpected ${message.kind}`);
    const { gateway, nonce, items, signature } = message;
    const signed = hashInferenceBatch(domain, { gateway, nonce, items });
    const signer = recoverSigner(hexToBytes(signed), hexToBytes(signature));
    const isNew = nonce > (nonces.at(-1) ?? -1n);
    if (signer !== gateway || !isNew) {
      receipts.set(hash, { ok: false, step, error: isNew ? 'bad signature' : 'nonce', items: [] });
      return hash;
    }
    nonces.push(nonce);
    const results = items.map((item) => settle(item));
    receipts.set(hash, { ok: true, step, items: results });
    for (const waiter of waiters) if (settled.length >= waiter.count) waiter.resolve();
    return hash;
  };

  const refs = new WeakMap<Uint8Array, ObjectRef>();
  const addObjectTask = (model: string, partition: number, bytes: Uint8Array, run = RUN, owner = OWNER): TaskInfo => {
    // The same bytes may stand for many tasks.
    const ref = refs.get(bytes) ?? objectRef(bytes);
    refs.set(bytes, ref);
    objects.set(ref.root, bytes);
    const place = { run, owner, stage: 1, partition, attempt: 0 };
    const offer = {
      maxCost: String(10n ** 18n),
      inputPrice: String(INPUT_PRICE),
      outputPrice: String(OUTPUT_PRICE),
      bytePrice: '1',
    };
    const left = { escrowLeft: String(10n ** 24n), inferenceLeft: String(10n ** 24n), itemFee: '1', step: 0 };
    const task = {
      ...place,
      model: modelId(model),
      requestRoot: ref.root,
      requestLength: ref.length,
      ...offer,
      ...left,
    };
    open.set(singleUseKey(task), task);
    return task;
  };

  const settle = (item: InferenceItem): ItemReceipt => {
    const key = singleUseKey(item);
    const task = open.get(key);
    if (task?.requestRoot !== item.requestRoot || task.model !== item.model)
      return { ok: false, error: 'no such open task' };
    open.delete(key);
    settled.push(item);
    return { ok: true, feeWei: String(paidFor(item)) };
  };

  const call = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    switch (method) {
      case 'mizu_chain':
        return {
          chainId: CHAIN_ID,
          minGasPrice: '1',
          contracts: {
            inbox: REGISTRY,
            rollup: REGISTRY,
            gatewayRegistry: REGISTRY,
            daCommittee: REGISTRY,
            stakeManager: REGISTRY,
          },
        };
      case 'mizu_getInferenceTasks': {
        const { models, limit } = params[0] as { models: Hex[]; limit: number };
        return [...open.values()].filter((task) => models.includes(task.model)).slice(0, limit);
      }
      case 'mizu_sendMessage': {
        if (failing.count > 0) {
          failing.count -= 1;
          throw Object.assign(new Error('refused for a test'), { code: failing.code });
        }
        return { hash: await execute(params[0] as Hex), sequence: 0 };
      }
      case 'mizu_getReceipt':
        return receipts.get(params[0] as Hex) ?? null;
      case 'mizu_getProof':
        return { value: params[0] === 'M' ? MODEL_VALUE : null };
      case 'mizu_inferenceProgress':
        progress.push(params[0]);
        return true;
      default:
        throw Object.assign(new Error(`no method ${method}`), { code: -32601 });
    }
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === 'GET') {
      const bytes = objects.get((request.url ?? '').split('/').at(-1) as string);
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { id, method, params } = JSON.parse(Buffer.concat(parts).toString());
    const result = await call(method, params).then(
      (value) => ({ result: value }),
      (error: Error & { code?: number }) => ({
        error: { code: error.code ?? -32603, message: error.message, data: { retryable: error.code !== -32000 } },
      }),
    );
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id, ...result }));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    domain,
    addTask: (model, partition, rows) => {
      const lines = rows.map((row, i) => JSON.stringify([i, row]));
      return addObjectTask(model, partition, encodeRequests(model, lines));
    },
    addObjectTask,
    settled,
    nonces,
    progress,
    whenSettled: (count) =>
      new Promise<void>((resolve) => {
        if (settled.length >= count) resolve();
        else waiters.push({ count, resolve });
      }),
    failSends: (count, code) => {
      failing = { count, code };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
