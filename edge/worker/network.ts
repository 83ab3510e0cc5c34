// docs/rpc.md: what a worker asks of a sequencer: what it was paid, what models cost, and its own messages.
import { setTimeout as delay } from 'node:timers/promises';
import { hashTypedData } from 'viem';
import { z } from 'zod';
import { accountKey, modelKey, settledKey } from '../../kernel/keys.ts';
import { accountRecord, modelRecord, settledRecord } from '../../kernel/records.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, bytesToHex, type Hex } from '../../protocol/hex.ts';
import { encodeMessage, typedMessage, type UserMessage } from '../../protocol/messages.ts';
import { modelId } from '../../protocol/model-id.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import { createRpcClient } from '../../service/http/client.ts';
import { readAnswer, readStateRecord } from '../answers.ts';
import type { ResultSigner } from '../signing.ts';

type Unsigned<M> = M extends unknown ? Omit<M, 'signature' | 'sender' | 'nonce' | 'gasPrice'> : never;

export type WorkerNetwork = {
  chain(): Promise<WorkerChain>;
  /** Wei of the worker's account with the gateway that were paid. */
  settled(gateway: Address, worker: Address): Promise<bigint>;
  /** Wei of the account of this address. */
  balance(address: Address): Promise<bigint>;
  /** Wei a token; undefined if the network has no such model. */
  prices(model: string): Promise<{ readonly inputPrice: bigint; readonly outputPrice: bigint } | undefined>;
  /**
   * Signs and sends a message of the worker at this price of gas, in wei, and waits until it is executed.
   * @throws MizuError `edge/message-failed`, or the sequencer's refusal
   */
  send(request: Unsigned<UserMessage>, gasPrice: bigint, signal: AbortSignal): Promise<{ readonly amountWei: bigint }>;
};

export type WorkerChain = {
  readonly chainId: number;
  readonly contracts: { readonly inbox: Address; readonly gatewayRegistry: Address };
  /** Wei per gas. */
  readonly minGasPrice: bigint;
};

const POLL_MS = 250;
const RECEIPT_POLLS = 480;

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/) as unknown as z.ZodType<Address>;
const wei = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt);
const chainShape = z.object({
  chainId: z.int().min(1),
  contracts: z.object({ inbox: address, gatewayRegistry: address }),
  minGasPrice: wei,
});
const accountShape = z.object({ nonce: z.int().min(0), nextNonce: z.int().min(0).optional() });
const receiptShape = z.union([
  z.null(),
  z.object({ ok: z.boolean(), error: z.string().max(4_000).optional(), amountWei: wei.optional() }),
]);

export function createWorkerNetwork(url: string, signer: ResultSigner): WorkerNetwork {
  const call = createRpcClient(url);
  const ask = async <T>(shape: z.ZodType<T>, method: string, params: readonly unknown[] = []): Promise<T> =>
    readAnswer(shape, await call(method, params), method);
  const chain = () => ask(chainShape, 'mizu_chain');

  const waitForReceipt = async (hash: Hex, kind: string, signal: AbortSignal) => {
    for (let poll = 0; poll < RECEIPT_POLLS; poll++) {
      const receipt = await ask(receiptShape, 'mizu_getReceipt', [hash]);
      if (receipt?.ok) return { amountWei: receipt.amountWei ?? 0n };
      if (receipt !== null) throw failed(kind, receipt.error ?? 'no reason given');
      await delay(POLL_MS, undefined, { signal });
    }
    throw failed(kind, 'no receipt');
  };

  return {
    chain,
    settled: async (gateway, worker) =>
      (await readStateRecord(call, settledKey(gateway, worker), settledRecord))?.settled ?? 0n,
    balance: async (of) => (await readStateRecord(call, accountKey(of), accountRecord))?.balance ?? 0n,
    prices: (model) => readStateRecord(call, modelKey(modelId(model)), modelRecord),
    send: async (request, gasPrice, signal) => {
      const { chainId, contracts } = await chain();
      const { nonce, nextNonce } = await ask(accountShape, 'mizu_getAccount', [signer.address]);
      const sender = signer.address;
      const own = { sender, nonce: BigInt(nextNonce ?? nonce), gasPrice, signature: '0x' };
      const unsigned = { ...request, ...own } as UserMessage;
      const domain = createDomain(chainId, contracts.inbox);
      const typed = { domain, types: TYPES, primaryType: request.kind, message: typedMessage(unsigned) };
      const signature = signer.sign(hashTypedData(typed as never));
      const bytes = encodeMessage({ ...unsigned, signature });
      await call('mizu_sendMessage', [bytesToHex(bytes)]);
      return waitForReceipt(keccakHex(bytes), request.kind, signal);
    },
  };
}

function failed(kind: string, reason: string): MizuError {
  return new MizuError({
    code: 'edge/message-failed',
    message: `The worker's ${kind} message has failed.`,
    expected: 'a message that the state allows',
    actual: reason,
    hint: 'The worker tries again.',
    retryable: true,
  });
}
