// docs/edge.md#batches: finished tasks to DA, one signature, the sequencer, the receipt; each nonce is used once,
// whatever happens.
import { setTimeout as delay } from 'node:timers/promises';
import type { Certificate } from '../../protocol/certificate.ts';
import { MAX_INFERENCE_ITEMS } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { hashInferenceItems, type InferenceItem } from '../../protocol/inference.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { keccakHex, type ObjectRef } from '../../protocol/tree.ts';
import type { Domain } from '../../protocol/typed-data.ts';
import type { Logger } from '../../service/process/log.ts';
import { numberKey, type Store } from '../../service/storage/store.ts';
import { hashInferenceBatch, type ResultSigner } from '../signing.ts';
import type { Accounts } from './accounts.ts';
import { type ItemCost, openLedger } from './ledger.ts';
import type { BatchReceipt, SequencerClient } from './sequencer.ts';
import type { WorkerShare } from './split.ts';
import type { FinishedTask, TaskInfo } from './task.ts';

/** Stores the objects and returns the committee's certificate over them, in this order. */
export type PutObjects = (
  objects: readonly Uint8Array[],
  options: { expiry: bigint },
) => Promise<{ refs: readonly ObjectRef[]; certificate: Certificate }>;

export type OutboxOptions = {
  readonly store: Store;
  readonly sequencer: Pick<SequencerClient, 'send' | 'getReceipt'>;
  readonly putObjects: PutObjects;
  readonly signer: ResultSigner;
  readonly domain: Domain;
  readonly retentionSeconds: number;
  readonly accounts: Pick<Accounts, 'pay'>;
  readonly log: Logger;
  /** Unix milliseconds. Default: the machine's clock. */
  readonly now?: () => number;
  /** The batch has been executed: its tasks are over. `failed` says which items do not count, and why. */
  readonly onSettled: (tasks: readonly string[], failed: readonly string[]) => Promise<void>;
};

export type Outbox = {
  /** The task waits for the next batch. */
  add(task: FinishedTask): void;
  /** Takes over what the sequencer's list says that the run has left. */
  note(info: TaskInfo): void;
  /** The number of signed batches without a receipt. */
  unsettled(): number;
  /** Works until the signal; rejects only on a broken invariant. */
  run(signal: AbortSignal): Promise<void>;
};

type SignedBatch = {
  readonly nonce: bigint;
  readonly message: Hex;
  readonly hash: Hex;
  readonly tasks: readonly string[];
  /** One for each task. */
  readonly costs: readonly ItemCost[];
  /** Whose rows are in each task's item. */
  readonly shares: readonly (readonly WorkerShare[])[];
};

/** What a finished task bills. */
type Bill = { readonly inputTokens: bigint; readonly outputTokens: bigint; readonly cost: ItemCost };
type Billed = FinishedTask & { readonly bill: Bill };

const MAX_UNSETTLED = 16;
/** The most bytes of results that go to DA together. */
const MAX_BATCH_BYTES = 32 * 1024 * 1024;
const POLL_MS = 50;
const LAST_POLL_MS = 1_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
const RESEND_SECONDS = 30;
const FIRST_BACKOFF_MS = 250;
const LAST_BACKOFF_MS = 30_000;
/** Of a nonce, below the milliseconds: u64 has room for these until the year 2109. */
const ITEM_BITS = 22n;
const ITEM_MASK = (1n << ITEM_BITS) - 1n;

/** Reads what was signed and not settled before a crash: the same bytes are sent again. */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { store, sequencer, signer, log } = options;
  const nonces = store.table<bigint>('nonce');
  const batches = store.table<SignedBatch>('batch');
  const ledger = await openLedger(store);
  let ready: FinishedTask[] = [];
  /** The number of finished tasks that wait until items of their runs are settled. */
  let waiting = 0;
  const unsettled = new Map<bigint, { batch: SignedBatch; tasks: FinishedTask[]; sentAt: number }>();
  for await (const [, batch] of batches.entries()) {
    unsettled.set(batch.nonce, { batch, tasks: [], sentAt: 0 });
    batch.tasks.forEach((task, i) => {
      ledger.sign(task, batch.costs[i] as ItemCost);
    });
  }
  let wake = () => {};

  // The nonce is above every earlier one even if the data folder was lost; it is written before the signature leaves
  // the process.
  const nextNonce = async (items: readonly InferenceItem[]) =>
    nonceOf(items, (await nonces.get('last')) ?? 0n, options.now?.() ?? Date.now());

  // Takes the tasks whose runs pay for them beside all that is signed. A task that its run does not pay for, though no
  // item of the run is signed, is over.
  const takeNext = (): { next: Billed[]; unpaid: FinishedTask[] } => {
    const [next, unpaid, left]: [Billed[], FinishedTask[], FinishedTask[]] = [[], [], []];
    let bytes = 0;
    for (const [i, task] of ready.entries()) {
      const { key, info, result } = task;
      if (next.length === MAX_INFERENCE_ITEMS || (next.length > 0 && bytes + result.length > MAX_BATCH_BYTES)) {
        waiting = left.length;
        ready = [...left, ...ready.slice(i)];
        return { next, unpaid };
      }
      const room = ledger.room(info);
      const whole = toBill(task, BigInt(info.maxCost));
      const isWhole = whole !== undefined && whole.cost.wei <= room;
      const bill = isWhole || ledger.hasSigned(info.run) ? whole : toBill(task, room);
      if (!isWhole && ledger.hasSigned(info.run)) left.push(task);
      else if (bill === undefined) unpaid.push(task);
      else {
        next.push({ ...task, bill });
        ledger.sign(key, bill.cost);
        bytes += result.length;
      }
    }
    waiting = left.length;
    ready = left;
    return { next, unpaid };
  };

  const signBatch = async (tasks: readonly Billed[]): Promise<void> => {
    const expiry = BigInt(Math.floor(Date.now() / 1000) + options.retentionSeconds);
    const objects = tasks.map((task) => task.result);
    const { refs, certificate } = await options.putObjects(objects, { expiry });
    const items = tasks.map((task, i) => toItem(task, refs[i] as ObjectRef));
    const nonce = await nextNonce(items);
    const gateway = signer.address;
    const signature = signer.sign(hashInferenceBatch(options.domain, { gateway, nonce, items }));
    const bytes = encodeMessage({ kind: 'InferenceResult', signature, gateway, nonce, items, certificate });
    const costs = tasks.map(({ bill }) => bill.cost);
    const keys = tasks.map(({ key }) => key);
    const batch = {
      nonce,
      message: bytesToHex(bytes),
      hash: keccakHex(bytes),
      tasks: keys,
      costs,
      shares: tasks.map(toShares),
    };
    await store.write([nonces.put('last', nonce), batches.put(numberKey(nonce), batch)]);
    unsettled.set(nonce, { batch, tasks: [...tasks], sentAt: 0 });
  };

  const sendAll = async () => {
    for (const entry of unsettled.values()) {
      if (Date.now() - entry.sentAt < RESEND_SECONDS * 1000) continue;
      try {
        await sequencer.send(hexToBytes(entry.batch.message));
        entry.sentAt = Date.now();
      } catch (error) {
        // The refused message may have been executed before: its receipt decides.
        if (isRetryable(error) || (await isSettled(entry))) throw error;
        if ((error as MizuError).code === 'message/no-item-fits') {
          for (const task of entry.batch.tasks) ledger.release(task);
          await settle(
            entry.batch,
            entry.batch.tasks.map((task) => `${task}: ${(error as MizuError).message}`),
            [],
          );
          continue;
        }
        await takeBack(entry, (error as MizuError).message);
        throw error;
      }
    }
  };

  const isSettled = async ({ batch }: { batch: SignedBatch }) => (await readReceipt(batch.hash))?.ok === true;

  // A message that was taken, and refused later (after a reorganisation of L1), has an error instead of a receipt.
  const readReceipt = (hash: Hex): Promise<BatchReceipt | undefined> =>
    sequencer.getReceipt(hash).catch((error: unknown) => {
      if (isRetryable(error)) throw error;
      return { ok: false, step: 0, error: (error as MizuError).message, failedItems: [], paidWei: [] };
    });

  // The batch is signed again with a new nonce: the old one is spent.
  const takeBack = async ({ batch, tasks }: { batch: SignedBatch; tasks: FinishedTask[] }, reason: string) => {
    log.error({ nonce: String(batch.nonce), reason }, 'the sequencer refuses a batch; it is signed anew');
    await store.write([batches.delete(numberKey(batch.nonce))]);
    unsettled.delete(batch.nonce);
    for (const task of batch.tasks) ledger.release(task);
    ready.unshift(...tasks);
  };

  const settleAll = async () => {
    for (const entry of [...unsettled.values()]) {
      if (entry.sentAt === 0) continue;
      const receipt = await readReceipt(entry.batch.hash);
      if (receipt === undefined) continue;
      if (!receipt.ok) {
        await takeBack(entry, receipt.error ?? 'refused');
        throw refused(receipt.error);
      }
      const { step, failedItems, paidWei } = receipt;
      for (const { item } of failedItems) ledger.release(entry.batch.tasks[item] ?? '');
      for (const task of entry.batch.tasks) ledger.take(task, step);
      await settle(
        entry.batch,
        failedItems.map(({ item, error }) => `${entry.batch.tasks[item]}: ${error}`),
        paidWei,
      );
    }
  };

  // The tasks of the batch are over, whether they count or not; who still waits for one will list it again.
  // The workers are paid in the write that ends the batch: a crash before it finds the batch again, one after it does not.
  const settle = async (batch: SignedBatch, failed: readonly string[], paidWei: readonly bigint[]) => {
    const { nonce, tasks, costs, shares } = batch;
    await options.onSettled(tasks, failed);
    const paid = shares.map((own, i) => ({ paidWei: paidWei[i] ?? 0n, shares: own }));
    await options.accounts.pay(paid, (operations) =>
      store.write([batches.delete(numberKey(nonce)), ...ledger.save(costs), ...operations]),
    );
    unsettled.delete(nonce);
    // What the batch leaves of its runs' money is known now.
    waiting = 0;
  };

  const turn = async () => {
    waiting = 0;
    const { next, unpaid } = unsettled.size < MAX_UNSETTLED ? takeNext() : { next: [], unpaid: [] };
    if (next.length > 0) {
      try {
        await signBatch(next);
      } catch (error) {
        for (const { key } of next) ledger.release(key);
        ready.unshift(...next, ...unpaid);
        throw error;
      }
    }
    if (unpaid.length > 0) {
      const keys = unpaid.map(({ key }) => key);
      await options.onSettled(
        keys,
        keys.map((key) => `${key}: its run does not pay for the bytes of the result any more`),
      );
    }
    await sendAll();
    await settleAll();
  };

  return {
    add: (task) => {
      // After a restart the task's batch may be signed already; the task is needed only if that batch is refused.
      const signed = [...unsettled.values()].find((entry) => entry.batch.tasks.includes(task.key));
      if (signed !== undefined) {
        signed.tasks.push(task);
        return;
      }
      ready.push(task);
      wake();
    },
    note: ledger.note,
    unsettled: () => unsettled.size,
    run: async (signal) => {
      let failures = 0;
      let idleMs = POLL_MS;
      while (!signal.aborted) {
        const before = unsettled.size;
        try {
          await turn();
          failures = 0;
        } catch (error) {
          if (!(error instanceof MizuError)) throw error;
          failures += 1;
          log.warn({ err: error, failures }, 'a batch cannot be settled yet');
        }
        idleMs = unsettled.size !== before ? POLL_MS : Math.min(LAST_POLL_MS, idleMs * 1.3);
        const backoffMs = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
        if (failures > 0) await pause(backoffMs, signal);
        else if (ready.length === waiting) await idle(unsettled.size > 0 ? idleMs : undefined, signal);
      }
    },
  };

  // Waits until `add`, the abort, or the end of the time.
  async function idle(ms: number | undefined, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    wake = () => woken.abort();
    await pause(ms ?? MAX_TIMER_MS, AbortSignal.any([signal, woken.signal]));
    wake = () => {};
  }
}

/**
 * Above `last`: milliseconds, then bits of the items themselves. So two batches that are signed in one millisecond have
 * two nonces although neither signer knows of the other: that of another data folder, or of a clock set back.
 */
function nonceOf(items: readonly InferenceItem[], last: bigint, nowMs: number): bigint {
  const bits = BigInt(hashInferenceItems(items)) & ITEM_MASK;
  const clock = (BigInt(nowMs) << ITEM_BITS) | bits;
  if (clock > last) return clock;
  const sameMs = (last & ~ITEM_MASK) | bits;
  return sameMs > last ? sameMs : sameMs + ITEM_MASK + 1n;
}

function toItem({ info, bill: { inputTokens, outputTokens } }: Billed, ref: ObjectRef): InferenceItem {
  const { run, stage, partition, attempt, model, requestRoot } = info;
  return {
    run,
    stage,
    partition,
    attempt,
    requestRoot,
    resultRoot: ref.root,
    resultLength: ref.length,
    model,
    inputTokens,
    outputTokens,
  };
}

/** A row weighs what its tokens cost, also where the run does not pay for all of them. */
function toShares({ info, workers }: FinishedTask): WorkerShare[] {
  return workers.map(({ worker, inputTokens, outputTokens }) => ({
    worker,
    weight: BigInt(inputTokens) * BigInt(info.inputPrice) + BigInt(outputTokens) * BigInt(info.outputPrice),
  }));
}

/**
 * Tokens beyond what the run pays for are not billed: the kernel would not take the item. Undefined if the run does not
 * even pay for its bytes.
 */
function toBill({ info, result, ...told }: FinishedTask, most: bigint): Bill | undefined {
  const { run, inputPrice, outputPrice, bytePrice, itemFee } = info;
  let left = most - BigInt(bytePrice) * BigInt(result.length);
  if (left < 0n) return undefined;
  const within = (tokens: bigint, price: bigint): bigint => {
    const count = price === 0n || tokens * price <= left ? tokens : left / price;
    left -= count * price;
    return count;
  };
  const inputTokens = within(BigInt(told.inputTokens), BigInt(inputPrice));
  const outputTokens = within(BigInt(told.outputTokens), BigInt(outputPrice));
  return { inputTokens, outputTokens, cost: { run, wei: most - left, fee: BigInt(itemFee) } };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

function isRetryable(error: unknown): boolean {
  return !(error instanceof MizuError) || error.retryable;
}

function refused(reason: string | undefined): MizuError {
  return new MizuError({
    code: 'edge/batch-refused',
    message: 'The kernel refuses the batch.',
    expected: 'an active gateway, a good signature and certificate, a nonce above the last',
    actual: reason ?? 'no reason given',
    hint: 'Check that the gateway is registered on L1 and that its clock is right.',
    retryable: true,
  });
}
