// docs/rpc.md: what the gateway asks of a sequencer.
import { z } from 'zod';
import type { Appointed } from '../../da/committee.ts';
import { hashInPieces } from '../../da/hash.ts';
import { settledKey } from '../../kernel/keys.ts';
import { settledRecord } from '../../kernel/records.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, bytesToHex, type Hex } from '../../protocol/hex.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { createRpcClient, requestBytes } from '../../service/http/client.ts';
import { readAnswer, readStateRecord } from '../answers.ts';
import type { TaskInfo } from './task.ts';

export type ChainInfo = {
  readonly chainId: number;
  /** The first block of L1 that has one of the contracts. */
  readonly fromBlock: number;
  readonly inbox: Address;
  readonly rollup: Address;
  readonly gatewayRegistry: Address;
  readonly daCommittee: Address;
  readonly stakeManager: Address;
  /** The committee in office. */
  readonly committee?: Appointed | undefined;
};

/** What became of a batch: it was refused as a whole, or accepted with items that count or do not. */
export type BatchReceipt = {
  readonly ok: boolean;
  readonly error: string | undefined;
  readonly step: number;
  readonly failedItems: readonly { readonly item: number; readonly error: string }[];
  /** Wei that went to the gateway's account for the tokens of each item; 0 for one that does not count. */
  readonly paidWei: readonly bigint[];
};

export type TaskProgress = Pick<TaskInfo, 'run' | 'stage' | 'partition'> & {
  readonly done: number;
  readonly total: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

export type SequencerClient = {
  chain(): Promise<ChainInfo>;
  /**
   * Open infer tasks for these model ids whose results are taken from this gateway; the call waits up to `waitSeconds`
   * for the first.
   */
  getTasks(
    gateway: Address,
    models: readonly Hex[],
    limit: number,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<TaskInfo[]>;
  /** @throws MizuError `edge/wrong-object` if the bytes have another root or length */
  getObject(ref: ObjectRef, signal: AbortSignal): Promise<Uint8Array>;
  /** The same bytes may be sent again. */
  send(message: Uint8Array): Promise<void>;
  /**
   * Undefined while the message is not executed.
   * @throws MizuError if it was refused
   */
  getReceipt(hash: Hex): Promise<BatchReceipt | undefined>;
  sendProgress(progress: TaskProgress): Promise<void>;
  /** Wei of the worker's account with the gateway that the network has paid. */
  getSettled(gateway: Address, worker: Address): Promise<bigint>;
  /** The workflow of a run; undefined if the sequencer has no such run. */
  getWorkflow(run: Hex): Promise<Hex | undefined>;
  /** The nonce of the account's next message. */
  getNonce(account: Address): Promise<bigint>;
};

const hash = z.string().regex(/^0x[0-9a-f]{64}$/) as unknown as z.ZodType<Hex>;
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/) as unknown as z.ZodType<Address>;
const lowerAddress = z.string().regex(/^0x[0-9a-f]{40}$/) as unknown as z.ZodType<Address>;
const weiText = z.string().regex(/^[0-9]{1,78}$/);
const whole = z.number().int().nonnegative();

const chainInfo = z.object({
  chainId: whole,
  fromBlock: whole.default(0),
  contracts: z.object({
    inbox: address,
    rollup: address,
    gatewayRegistry: address,
    daCommittee: address,
    stakeManager: address,
  }),
  da: z
    .object({
      epoch: whole.transform(BigInt),
      threshold: whole,
      members: z.array(z.object({ address, url: z.string().nullable() })),
    })
    .optional(),
});

const taskInfos = z.array(
  z.object({
    run: hash,
    stage: whole,
    partition: whole,
    attempt: whole,
    owner: lowerAddress,
    model: hash,
    requestRoot: hash,
    requestLength: whole,
    maxCost: weiText,
    inputPrice: weiText,
    outputPrice: weiText,
    bytePrice: weiText,
    escrowLeft: weiText,
    inferenceLeft: weiText,
    itemFee: weiText,
    step: whole,
  }),
);

const receipt = z.object({
  ok: z.boolean(),
  step: whole,
  error: z.string().optional(),
  items: z.array(z.object({ ok: z.boolean(), error: z.string().optional(), feeWei: weiText.optional() })).optional(),
});

const runView = z.object({ workflow: hash }).nullish();
const accountView = z.object({ nonce: whole });

export function createSequencer(url: string): SequencerClient {
  const call = createRpcClient(url);
  return {
    chain: async () => {
      const { chainId, fromBlock, contracts, da } = readAnswer(chainInfo, await call('mizu_chain'), 'mizu_chain');
      return { chainId, fromBlock, ...contracts, committee: da };
    },
    getTasks: async (gateway, models, limit, waitSeconds, signal) => {
      const options = { signal, timeoutSeconds: waitSeconds + 20 };
      const answer = await call('mizu_getInferenceTasks', [{ gateway, models, limit, waitSeconds }], options);
      return readAnswer(taskInfos, answer, 'mizu_getInferenceTasks');
    },
    getObject: async (ref, signal) => {
      const address = `${url.replace(/\/$/, '')}/objects/${ref.root}`;
      const { bytes } = await requestBytes(address, { signal, limitBytes: ref.length, timeoutSeconds: 60 });
      // The hash is taken in pieces, between which others are served: an object may have 64 MiB.
      const found = { root: await hashInPieces(bytes), length: bytes.length };
      if (found.root !== ref.root || found.length !== ref.length) throw wrongObject(ref, found);
      return bytes;
    },
    send: async (message) => {
      await call('mizu_sendMessage', [bytesToHex(message)]);
    },
    getReceipt: async (messageHash) => {
      const answer = await call('mizu_getReceipt', [messageHash]);
      if (answer === null || answer === undefined) return undefined;
      const { ok, step, error, items = [] } = readAnswer(receipt, answer, 'mizu_getReceipt');
      const failedItems = items.flatMap((item, i) => (item.ok ? [] : [{ item: i, error: item.error ?? 'refused' }]));
      const paidWei = items.map((item) => (item.ok ? BigInt(item.feeWei ?? 0) : 0n));
      return { ok, step, error, failedItems, paidWei };
    },
    getSettled: async (gateway, worker) => {
      const record = await readStateRecord(call, settledKey(gateway, worker), settledRecord);
      return record?.settled ?? 0n;
    },
    getWorkflow: async (run) => readAnswer(runView, await call('mizu_getRun', [run]), 'mizu_getRun')?.workflow,
    getNonce: async (account) =>
      BigInt(readAnswer(accountView, await call('mizu_getAccount', [account]), 'mizu_getAccount').nonce),
    sendProgress: async (progress) => {
      await call('mizu_inferenceProgress', [progress], { attempts: 1 });
    },
  };
}

function wrongObject(expected: ObjectRef, actual: ObjectRef): MizuError {
  return new MizuError({
    code: 'edge/wrong-object',
    message: 'The sequencer gives another object than was asked for.',
    expected: `${expected.root}, ${expected.length} bytes`,
    actual: `${actual.root}, ${actual.length} bytes`,
    retryable: true,
  });
}
