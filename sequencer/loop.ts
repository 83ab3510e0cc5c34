// docs/operations.md#sequencer: the one loop that changes the soft chain: takes over, rolls back, executes, closes.
import { encodeBatch } from '../protocol/batch.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_MESSAGES, MAX_DELAYED_DUE } from '../protocol/constants.ts';
import { MizuError } from '../protocol/errors.ts';
import { type Hex, hexToBytes } from '../protocol/hex.ts';
import { objectRef } from '../protocol/tree.ts';
import { deriveBatch } from '../prover/derive.ts';
import { explainMissing } from '../prover/forgotten.ts';
import type { BatchRecord as L1Batch, Mirror } from '../prover/mirror.ts';
import type { Logger } from '../service/log.ts';
import type { ObjectStore } from '../service/objects.ts';
import { createSleeper } from '../service/sleeper.ts';
import { numberKey } from '../service/store.ts';
import type { Admission } from './admission.ts';
import { type Chain, readSequenced } from './chain.ts';
import type { Promises } from './promises.ts';
import type { Reconciler } from './reconcile.ts';
import type { BatchRecord, Tables } from './tables.ts';
import type { Tasks } from './tasks.ts';

export type BatchLimits = {
  /** Messages, delayed ones included. */
  readonly messages: number;
  readonly bytes: number;
  readonly ageSeconds: number;
  /** Closed batches that L1 does not have; above it no further one is begun. */
  readonly unposted: number;
};

export type Loop = {
  /** Something has happened: a message, a block, a program that has run. */
  wake(): void;
  /** Builds the chain anew from this batch on: its timestamp can no longer be posted. */
  rebuildFrom(batch: number, reason: string): void;
  /** Not while it waits for something to do. */
  isBusy(): boolean;
  run(signal: AbortSignal): Promise<void>;
};

export type LoopParts = {
  readonly chain: Chain;
  readonly tables: Tables;
  readonly mirror: Mirror;
  readonly reconciler: Reconciler;
  readonly admission: Admission;
  readonly tasks: Tasks;
  readonly objects: ObjectStore;
  readonly promises: Pick<Promises, 'at'>;
  readonly limits: BatchLimits;
  /** Timestamp of L1's last block, unix seconds. */
  readonly l1Time: () => number;
  readonly log: Logger;
  readonly onClosed: () => void;
  readonly onRollBack: (toStep: number) => void;
};

const IDLE_MS = 1_000;
/** Sequenced messages of a batch: however often it is built again, there is room for what L1 wants in it. */
const SEQUENCED_IN_A_BATCH = MAX_BATCH_MESSAGES - MAX_DELAYED_DUE;
const STEPS_A_TURN = 64;

export function createLoop(parts: LoopParts): Loop {
  const { chain, tables, mirror, reconciler, admission, tasks, objects, promises, limits, log } = parts;
  const { wake, sleep } = createSleeper();
  let rebuild: { batch: number; reason: string } | undefined;
  let openedAt = 0;
  let preferTask = false;
  let isBusy = false;

  const rollBack = async (batch: number, reason: string, signal: AbortSignal): Promise<void> => {
    const before = chain.head().step;
    await chain.rollBack(batch, signal);
    parts.onRollBack(chain.head().step);
    await admission.reload();
    await tasks.load();
    log.warn({ batch, reason, steps: before - chain.head().step }, 'the soft chain is rolled back and built again');
  };

  const takeOver = async (batch: L1Batch): Promise<void> => {
    const steps = await deriveBatch(mirror, objects, batch);
    const delayed = Number(batch.delayedUpTo - batch.delayedFrom);
    await chain.begin(Number(batch.timestamp), 'l1');
    for (const [i, { message }] of steps.entries()) {
      const origin = i < delayed ? 'l1' : 'sequencer';
      await tasks.observe((await chain.execute({ bytes: message, origin }, steps.length)).receipt);
    }
    const hasObject = batch.messageCount > delayed;
    await chain.close(hasObject ? { root: batch.objectRoot, length: batch.objectLength } : undefined);
    log.info({ batch: Number(batch.index), messages: steps.length }, 'took a batch over from L1');
  };

  const agreeWithL1 = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const head = chain.head();
      if (rebuild !== undefined) {
        const { batch, reason } = rebuild;
        rebuild = undefined;
        if (batch >= reconciler.posted()) await rollBack(batch, reason, signal);
      }
      // A crash in the middle of taking a batch over.
      if (chain.open()?.origin === 'l1') await rollBack(head.batch, 'it was not taken over wholly', signal);
      const verdict = await reconciler.check(chain.head());
      if (verdict.kind === 'agrees') return;
      if (verdict.kind === 'differs') await rollBack(verdict.batch, verdict.reason, signal);
      else {
        const { batch } = verdict;
        await takeOver(batch).catch(async (error: unknown) => {
          throw await explainMissing(mirror, batch, error);
        });
      }
    }
  };

  // A batch that is built again keeps the places that were promised in it.
  const nextPromised = async (): Promise<Hex | undefined> => {
    const open = chain.open();
    return promises.at(chain.head().batch, open === undefined ? 0 : open.messages - open.delayedRoots.length);
  };

  const close = async (): Promise<void> => {
    const batch = chain.open();
    if (batch === undefined || batch.messages === 0 || (await nextPromised()) !== undefined) return;
    const messages = await readSequenced(tables, batch);
    const bytes = messages.length === 0 ? undefined : encodeBatch(messages);
    if (bytes !== undefined) await objects.put(bytes);
    const closed = await chain.close(bytes === undefined ? undefined : objectRef(bytes));
    log.info({ batch: closed.index, messages: closed.messages, bytes: bytes?.length ?? 0 }, 'batch closed');
    parts.onClosed();
  };

  const isOld = (): boolean => Date.now() - openedAt >= limits.ageSeconds * 1000;

  const nextTimestamp = async (): Promise<number> => {
    const previous = (await tables.batches.get(numberKey(Math.max(0, chain.head().batch - 1))))?.timestamp ?? 0;
    return Math.max(previous, parts.l1Time(), Math.floor(Date.now() / 1000));
  };

  const begin = async (): Promise<boolean> => {
    if (chain.open() !== undefined) return true;
    if (chain.head().batch - reconciler.posted() >= limits.unposted) return false;
    await chain.begin(await nextTimestamp(), 'own');
    openedAt = Date.now();
    return true;
  };

  const nextDelayed = async (): Promise<Uint8Array | undefined> => {
    const open = chain.open();
    // Delayed messages come first in a batch: once it has a sequenced one, they wait for the next.
    if (open !== undefined && (open.messages > open.delayedRoots.length || open.messages >= MAX_DELAYED_DUE))
      return undefined;
    const record = await mirror.delayed(BigInt(chain.head().delayed));
    return record === undefined ? undefined : hexToBytes(record.message);
  };

  const nextSequenced = async (): Promise<{ bytes: Uint8Array; sequence?: number } | undefined> => {
    const promised = await nextPromised();
    if (promised !== undefined) {
      const bytes = await tables.messages.get(promised);
      if (bytes === undefined) throw new Error(`promised message ${promised} is not stored`);
      return { bytes };
    }
    const task = tasks.nextAdvance() ?? tasks.nextExpire(chain.open()?.timestamp ?? (await nextTimestamp()));
    preferTask = !preferTask;
    if (task !== undefined && preferTask) return { bytes: task };
    tasks.release();
    const queued = await admission.next(tasks.holds);
    return queued ?? (task === undefined ? undefined : { bytes: task });
  };

  // One message, or false if there is none.
  const advance = async (): Promise<boolean> => {
    const delayed = await nextDelayed();
    const next = delayed === undefined ? await nextSequenced() : undefined;
    const bytes = delayed ?? next?.bytes;
    if (bytes === undefined) return false;
    if (
      delayed === undefined &&
      chain.open() !== undefined &&
      chain.sizeWith(bytes.length) > Math.min(limits.bytes, MAX_BATCH_BYTES)
    )
      await close();
    if (!(await begin())) return false;
    const sequence = next?.sequence === undefined ? {} : { sequence: next.sequence };
    const executed = await chain.execute({ bytes, origin: delayed === undefined ? 'sequencer' : 'l1', ...sequence });
    await tasks.observe(executed.receipt);
    const { messages, delayedRoots } = chain.open() as BatchRecord;
    const isFull = messages - delayedRoots.length >= SEQUENCED_IN_A_BATCH;
    if (isFull || messages >= Math.min(limits.messages, MAX_BATCH_MESSAGES)) await close();
    return true;
  };

  const turn = async (signal: AbortSignal): Promise<void> => {
    isBusy = true;
    await agreeWithL1(signal);
    let steps = 0;
    // L1 is looked at again every so often, also under load.
    while (!signal.aborted && steps < STEPS_A_TURN && rebuild === undefined) {
      tasks.runAhead();
      if (isOld()) await close();
      if (!(await advance())) break;
      steps += 1;
    }
    if (isOld()) await close();
    if (steps > 0) return;
    isBusy = false;
    const untilOld = limits.ageSeconds * 1000 - (Date.now() - openedAt);
    await sleep(chain.open() === undefined ? IDLE_MS : Math.max(1, Math.min(IDLE_MS, untilOld)), signal);
  };

  return {
    wake,
    isBusy: () => isBusy,
    rebuildFrom: (batch, reason) => {
      rebuild = { batch, reason };
      wake();
    },
    run: async (signal) => {
      await tasks.load();
      openedAt = Date.now();
      while (!signal.aborted) {
        try {
          await turn(signal);
        } catch (error) {
          // DA or L1 out of reach: what was begun is taken back by the next turn.
          if (signal.aborted || !(error instanceof MizuError) || !error.retryable) throw error;
          isBusy = false;
          log.warn({ err: error }, 'the sequencer waits for another party');
          await sleep(IDLE_MS, signal);
        }
      }
    },
  };
}
