// docs/operations.md#sequencer: puts closed batches on DA, then posts them to the Inbox, each exactly once.

import { NO_CERTIFICATE, toContractCertificate } from '../../contracts/claim.ts';
import type { DaClient } from '../../da/client.ts';
import { daCommitteeAbi, inboxAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import { ZERO_HASH } from '../../protocol/hex.ts';
import type { L1 } from '../../service/l1/l1.ts';
import { isRevert } from '../../service/l1/revert.ts';
import type { Sender } from '../../service/l1/send.ts';
import type { Logger } from '../../service/process/log.ts';
import { createSleeper } from '../../service/process/sleeper.ts';
import type { ObjectStore } from '../../service/storage/objects.ts';
import { numberKey } from '../../service/storage/store.ts';
import type { Promises } from '../admission/promises.ts';
import type { SequencerBatch, Tables } from '../index/tables.ts';
import { isOurTurn } from './turns.ts';

export type Poster = { wake(): void; run(signal: AbortSignal): Promise<void> };

export type PosterParts = {
  readonly tables: Tables;
  readonly objects: ObjectStore;
  readonly da: DaClient;
  readonly l1: L1;
  readonly sender: Sender;
  readonly inbox: Address;
  /** For how many seconds certificates must promise bytes, by L1's clock. */
  readonly retentionSeconds: number;
  /** L1's clock, unix seconds. */
  readonly l1Time: () => number;
  readonly log: Logger;
  /** Whether there is a closed batch that is not known to be on L1. Without one L1 is not asked. */
  readonly hasClosed: () => boolean;
  /** Called when the timestamp of this batch is too old for L1. */
  readonly onTooOld: (batch: number) => void;
  /** Called when L1 would never take this batch as it is. */
  readonly onUnpostable: (batch: number, reason: string) => void;
  /** Fixes the places of the batch's messages before it is sent. */
  readonly commit: Promises['commit'];
  readonly onPosted: (index: number, gasUsed: bigint) => void;
};

/** It includes the errors of the contracts that the Inbox calls, so that every revert has its name. */
const POST_ABI = [...inboxAbi, ...daCommitteeAbi.filter(({ type }) => type === 'error')];
const ZERO_LENGTH = 0;
const IDLE_MS = 1_000;
const LAST_BACKOFF_MS = 15_000;
/** Time for the transaction to be mined, beyond the retention that the contract asks for. */
const MARGIN_SECONDS = 3_600;

export function createPoster(parts: PosterParts): Poster {
  const { tables, objects, da, l1, sender, inbox, log } = parts;
  const { wake, sleep } = createSleeper();

  const batchCount = async (): Promise<number> =>
    Number(
      await l1.client.readContract({ address: inbox, abi: inboxAbi, functionName: 'batchCount', blockTag: 'latest' }),
    );

  // The next batch is the one that L1 expects. So nothing has to be remembered over a restart.
  const postNext = async (): Promise<boolean> => {
    const index = await batchCount();
    const batch = await tables.batches.get(numberKey(index));
    if (batch === undefined || !batch.closed) return false;
    if (!(await isOurTurn(l1, inbox, sender.address)) || !(await isNext(batch))) return false;
    const args = await argumentsOf(batch);
    const promises = await parts.commit(batch);
    if (promises === 'broken') parts.onUnpostable(index, 'it would break a promise');
    if (promises !== 'kept') return false;
    const sent = await sender.sendAndWait({
      address: inbox,
      abi: POST_ABI,
      functionName: 'postBatch',
      args,
      isDone: async () => (await batchCount()) > index,
    });
    if (sent.kind === 'mined') {
      const { gasUsed, transactionHash, blockNumber } = sent.receipt;
      parts.onPosted(index, gasUsed);
      log.info(
        {
          batch: index,
          messages: batch.messages,
          gas: Number(gasUsed),
          transaction: transactionHash,
          block: Number(blockNumber),
        },
        'batch posted',
      );
    }
    return true;
  };

  // If L1's last batch is not ours, the soft chain is about to be built again.
  const isNext = async (batch: SequencerBatch): Promise<boolean> => {
    if (batch.index === 0) return true;
    const args = [BigInt(batch.index - 1)] as const;
    const [onL1, own] = await Promise.all([
      l1.client.readContract({ address: inbox, abi: inboxAbi, functionName: 'batch', args }),
      tables.batches.get(numberKey(batch.index - 1)),
    ]);
    const delayedUpTo = own === undefined ? -1 : own.delayedFrom + own.delayedRoots.length;
    return (
      onL1.objectRoot === (own?.object?.root ?? ZERO_HASH) &&
      Number(onL1.delayedUpTo) === delayedUpTo &&
      Number(onL1.timestamp) === own?.timestamp
    );
  };

  const argumentsOf = async (batch: SequencerBatch) => {
    const { index, object, timestamp, messages, delayedFrom, delayedRoots } = batch;
    const certificate = object === undefined ? NO_CERTIFICATE : toContractCertificate(await certify(object.root));
    const sequenced = messages - delayedRoots.length;
    const delayedUpTo = BigInt(delayedFrom + delayedRoots.length);
    return [
      BigInt(index),
      object?.root ?? ZERO_HASH,
      object?.length ?? ZERO_LENGTH,
      sequenced,
      BigInt(timestamp),
      delayedUpTo,
      certificate,
    ] as const;
  };

  const certify = async (root: `0x${string}`) => {
    const bytes = await objects.get(root);
    if (bytes === undefined) throw new Error(`batch object ${root} is not stored`);
    const now = Math.max(parts.l1Time(), Math.floor(Date.now() / 1000));
    const expiry = BigInt(now + parts.retentionSeconds + MARGIN_SECONDS);
    return (await da.put([bytes], { expiry })).certificate;
  };

  return {
    wake,
    run: async (signal) => {
      let backoff = IDLE_MS;
      while (!signal.aborted) {
        try {
          if (!parts.hasClosed() || !(await postNext())) await sleep(IDLE_MS, signal);
          backoff = IDLE_MS;
        } catch (error) {
          if (signal.aborted) return;
          if (isTooOld(error)) parts.onTooOld(await batchCount());
          // The batch was closed before that message came, and was held up since: L1 takes only a batch with the
          // message.
          if (isRevert(error, 'DelayedOverdue'))
            parts.onUnpostable(await batchCount(), 'it leaves out a delayed message that is overdue');
          if (isRevert(error, 'NotTurn')) {
            await sleep(IDLE_MS, signal);
            continue;
          }
          log.warn({ err: error }, 'a batch could not be posted; it is tried again');
          await sleep(backoff, signal);
          backoff = Math.min(LAST_BACKOFF_MS, backoff * 2);
        }
      }
    },
  };
}

/**
 * Whether the Inbox refuses a batch because its timestamp lies before the allowed range: it never gets into the range
 * again.
 */
export function isTooOld(error: unknown): boolean {
  if (!isRevert(error, 'TimestampOutOfRange')) return false;
  const [earliest, , actual] = error.args as [earliest: bigint, latest: bigint, actual: bigint];
  return actual < earliest;
}
