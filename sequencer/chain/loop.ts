// docs/operations.md#sequencer: the one loop that changes the soft chain: takes over, rolls back, executes, closes.
import { explainMissing } from '../../node/forgotten.ts';
import { deriveBatch } from '../../node/l1/derive.ts';
import type { BatchRecord, DelayedRecord, Mirror } from '../../node/l1/mirror.ts';
import type { StepInput } from '../../node/transition.ts';
import { encodeBatch } from '../../protocol/batch.ts';
import { MAX_BATCH_MESSAGES, MAX_DELAYED_DUE } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Hex, hexToBytes } from '../../protocol/hex.ts';
import type { Message } from '../../protocol/messages.ts';
import { type ReceivedMessage, receiveMessage } from '../../protocol/received.ts';
import { objectRef } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import { createSleeper } from '../../service/process/sleeper.ts';
import type { ObjectStore } from '../../service/storage/objects.ts';
import { numberKey } from '../../service/storage/store.ts';
import type { Admission } from '../admission/admission.ts';
import type { Promises } from '../admission/promises.ts';
import type { SequencerBatch, Tables } from '../index/tables.ts';
import { type Chain, readSequenced } from './chain.ts';
import type { Reconciler } from './reconcile.ts';
import type { TaskClock, Tasks } from './tasks.ts';

export type BatchLimits = {
  /** The most messages of a batch, delayed ones included. */
  readonly messages: number;
  /** The most bytes of a batch object. */
  readonly bytes: number;
  /** The age at which a batch is closed. */
  readonly ageSeconds: number;
  /** How many closed batches L1 may lack before no further one is begun. */
  readonly unposted: number;
};

export type Loop = {
  /** Says that something has happened: a message, a block, a program that has run. */
  wake(): void;
  /** Builds the chain anew from this batch on, which L1 would not take as it is. */
  rebuildFrom(batch: number, reason: string): void;
  /** False while the loop waits for something to do. */
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
  /** The age of a delayed message from which on L1 takes no batch that leaves it out. */
  readonly delaySeconds: number;
  /** By how much a batch's timestamp may be before L1's. */
  readonly maxBehindSeconds: number;
  /** The timestamp of L1's last block, in unix seconds. */
  readonly l1Time: () => number;
  readonly log: Logger;
  readonly onClosed: () => void;
  readonly onRollBack: (toStep: number) => void;
};

const IDLE_MS = 1_000;
/**
 * After so many turns in a row with nothing to do and no batch open, turns are rarer: what comes from others wakes the
 * loop.
 */
const QUIET_TURNS = 8;
const QUIET_MS = 4_000;
/**
 * The most sequenced messages of a batch: however often it is built again, there is room for the delayed messages that
 * L1 demands in it.
 */
const SEQUENCED_IN_A_BATCH = MAX_BATCH_MESSAGES - MAX_DELAYED_DUE;
/** Steps after which L1 is looked at again. */
const STEPS_A_TURN = 64;
/** How many messages of a batch of L1's are looked at while the program of one before them runs. */
const LOOK_AHEAD = 64;
/**
 * The most seconds by which a timestamp stays behind L1's clock so that what was begun is paid: five of the dearest
 * tasks take 1,720 s.
 */
const HELD_SECONDS = 1_800;

export function createLoop(parts: LoopParts): Loop {
  const { chain, tables, mirror, reconciler, admission, tasks, objects, promises, limits, log } = parts;
  const { wake, sleep } = createSleeper();
  let rebuild: { batch: number; reason: string } | undefined;
  /** The batch of L1's that is being taken over. */
  let taking: { readonly batch: BatchRecord; readonly steps: readonly StepInput[] } | undefined;
  /** The delayed message that ends a run and waits for what was begun for it. */
  let held: Message | undefined;
  let openedAt = 0;
  let quietTurns = 0;
  let preferTask = false;
  let isBusy = false;

  const readClock = async (): Promise<TaskClock> => {
    const now = Math.max(parts.l1Time(), Math.floor(Date.now() / 1000));
    const open = chain.open();
    if (open !== undefined) return { now, timestamp: open.timestamp };
    const previous = (await tables.batches.get(numberKey(Math.max(0, chain.head().batch - 1))))?.timestamp ?? 0;
    const earliest = now - Math.min(HELD_SECONDS, Math.floor(parts.maxBehindSeconds / 2));
    const promisedTo = tasks.promisedTo();
    const until = promisedTo === undefined ? now : Math.min(now, Number(promisedTo));
    return { now, timestamp: Math.max(previous, earliest, until) };
  };

  const rollBack = async (batch: number, reason: string, signal: AbortSignal): Promise<void> => {
    const before = chain.head().step;
    taking = undefined;
    held = undefined;
    await chain.rollBack(batch, signal);
    parts.onRollBack(chain.head().step);
    await admission.reload();
    await tasks.load(await readClock());
    log.warn({ batch, reason, steps: before - chain.head().step }, 'the soft chain is rolled back and built again');
  };

  // The result is false if the program of the batch's next message has to be run first: a later turn goes on with it.
  const takeOver = async ({ batch, steps }: NonNullable<typeof taking>): Promise<boolean> => {
    const delayed = Number(batch.delayedUpTo - batch.delayedFrom);
    const { messages, timestamp } = chain.open() as SequencerBatch;
    for (const [i, { message: received }] of steps.entries()) {
      if (i < messages) continue;
      const origin = i < delayed ? 'l1' : 'sequencer';
      const executed = await chain.execute({ received, origin }, steps.length);
      if (executed === undefined) {
        beginFor(received, { now: timestamp, timestamp });
        chain.lookAhead(steps.slice(i, i + LOOK_AHEAD));
        return false;
      }
      await tasks.observe(executed.receipt);
    }
    taking = undefined;
    const hasObject = batch.messageCount > delayed;
    await chain.close(hasObject ? { root: batch.objectRoot, length: batch.objectLength } : undefined);
    log.info({ batch: Number(batch.index), messages: steps.length }, 'took a batch over from L1');
    return true;
  };

  const startTakeOver = async (batch: BatchRecord): Promise<void> => {
    const steps = await deriveBatch(mirror, objects, batch);
    await chain.begin(Number(batch.timestamp), 'l1');
    taking = { batch, steps };
  };

  const beginFor = ({ message }: ReceivedMessage, clock: TaskClock): void => {
    if (!tasks.begin(message, clock)) throw new Error('the kernel asks for a program of no task that is ready');
  };

  // The result is false if a batch of L1's cannot be taken over yet, because a program of it has to be run.
  const agreeWithL1 = async (signal: AbortSignal): Promise<boolean> => {
    while (!signal.aborted) {
      const head = chain.head();
      if (rebuild !== undefined) {
        const { batch, reason } = rebuild;
        rebuild = undefined;
        if (batch >= reconciler.posted()) await rollBack(batch, reason, signal);
      }
      if (chain.open()?.origin === 'l1') {
        const onL1 = taking && (await mirror.batch(taking.batch.index));
        if (taking !== undefined && onL1?.fingerprint === taking.batch.fingerprint) {
          if (!(await takeOver(taking))) return false;
          continue;
        }
        // There was a crash or a failure in the middle of it, or L1 has another batch in its place now.
        await rollBack(head.batch, 'it was not taken over wholly', signal);
      }
      const verdict = await reconciler.check(chain.head());
      if (verdict.kind === 'agrees') return true;
      if (verdict.kind === 'differs') await rollBack(verdict.batch, verdict.reason, signal);
      else {
        const { batch } = verdict;
        await startTakeOver(batch).catch(async (error: unknown) => {
          throw await explainMissing(mirror, batch, error);
        });
      }
    }
    return false;
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

  const begin = async (): Promise<boolean> => {
    if (chain.open() !== undefined) return true;
    if (chain.head().batch - reconciler.posted() >= limits.unposted) return false;
    await chain.begin((await readClock()).timestamp, 'own');
    openedAt = Date.now();
    return true;
  };

  // A message that is forced past the sequencer holds up nobody. It waits, and with it all messages behind it on L1,
  // while its program runs or while it would end what was begun for its run. 'due': soon L1 takes no batch without it,
  // so nothing may come before it.
  const nextDelayed = async (clock: TaskClock): Promise<ReceivedMessage | 'due' | undefined> => {
    const open = chain.open();
    // Delayed messages come first in a batch: once it has a sequenced one, they wait for the next.
    if (open !== undefined && (open.messages > open.delayedRoots.length || open.messages >= MAX_DELAYED_DUE))
      return undefined;
    held = undefined;
    const record = await mirror.delayed(BigInt(chain.head().delayed));
    if (record === undefined) return undefined;
    const received = receiveMessage(hexToBytes(record.message));
    const { message } = received;
    const waits =
      message?.kind === 'Advance' &&
      !chain.isKnown({ received, origin: 'l1' }, clock.timestamp) &&
      tasks.begin(message, clock);
    if (waits) return isDue(record) ? 'due' : undefined;
    if (isDue(record) || !tasks.holds(message)) return received;
    held = message;
    return undefined;
  };

  const isDue = ({ timestamp }: DelayedRecord): boolean => parts.l1Time() >= Number(timestamp) + parts.delaySeconds / 2;

  const nextSequenced = async ({
    timestamp,
  }: TaskClock): Promise<{ received: ReceivedMessage; sequence?: number } | undefined> => {
    const promised = await nextPromised();
    if (promised !== undefined) {
      const bytes = await tables.messages.get(promised);
      if (bytes === undefined) throw new Error(`promised message ${promised} is not stored`);
      return { received: receiveMessage(bytes, promised) };
    }
    // Tasks and messages by turns. A task is only asked for when it is its turn: to be asked for is a turn of its run.
    const nextTask = () => {
      const task = tasks.nextAdvance() ?? tasks.nextExpire(timestamp);
      return task === undefined ? undefined : { received: receiveMessage(task) };
    };
    preferTask = !preferTask;
    const task = preferTask ? nextTask() : undefined;
    if (task !== undefined) return task;
    tasks.release();
    if (held !== undefined) tasks.holds(held);
    return (await admission.next(tasks.holds)) ?? (preferTask ? undefined : nextTask());
  };

  // Executes one message. The result is false if there is none, or if its program has to be run first.
  const advance = async (clock: TaskClock): Promise<boolean> => {
    const delayed = await nextDelayed(clock);
    if (delayed === 'due') return false;
    const next = delayed === undefined ? await nextSequenced(clock) : undefined;
    const received = delayed ?? next?.received;
    if (received === undefined) return false;
    if (delayed === undefined && chain.open() !== undefined && !chain.fits(received.bytes.length, limits.bytes))
      await close();
    if (!(await begin())) return false;
    const sequence = next?.sequence === undefined ? {} : { sequence: next.sequence };
    const executed = await chain.execute({ received, origin: delayed === undefined ? 'sequencer' : 'l1', ...sequence });
    if (executed === undefined) {
      beginFor(received, await readClock());
      return false;
    }
    await tasks.observe(executed.receipt);
    const { messages, delayedRoots } = chain.open() as SequencerBatch;
    const isFull = messages - delayedRoots.length >= SEQUENCED_IN_A_BATCH;
    if (isFull || messages >= Math.min(limits.messages, MAX_BATCH_MESSAGES)) await close();
    return true;
  };

  const turn = async (signal: AbortSignal): Promise<void> => {
    isBusy = true;
    let steps = 0;
    const agrees = await agreeWithL1(signal);
    // L1 is looked at again every so often, also under load.
    while (agrees && !signal.aborted && steps < STEPS_A_TURN && rebuild === undefined) {
      if (isOld()) await close();
      const clock = await readClock();
      tasks.runAhead(clock);
      if (!(await advance(clock))) break;
      steps += 1;
    }
    if (agrees && isOld()) await close();
    if (steps > 0) {
      quietTurns = 0;
      return;
    }
    isBusy = false;
    const untilOld = limits.ageSeconds * 1000 - (Date.now() - openedAt);
    const willClose = agrees && (chain.open()?.messages ?? 0) > 0;
    quietTurns = willClose ? 0 : quietTurns + 1;
    const idleMs = quietTurns > QUIET_TURNS ? QUIET_MS : IDLE_MS;
    await sleep(willClose ? Math.max(1, Math.min(IDLE_MS, untilOld)) : idleMs, signal);
  };

  return {
    wake,
    isBusy: () => isBusy,
    rebuildFrom: (batch, reason) => {
      rebuild = { batch, reason };
      wake();
    },
    run: async (signal) => {
      await tasks.load(await readClock());
      openedAt = Date.now();
      while (!signal.aborted) {
        try {
          await turn(signal);
        } catch (error) {
          // DA or L1 is out of reach. The next turn takes back what was begun.
          if (signal.aborted || !(error instanceof MizuError) || !error.retryable) throw error;
          isBusy = false;
          taking = undefined;
          log.warn({ err: error }, 'another party does not answer; the sequencer tries again');
          await sleep(IDLE_MS, signal);
        }
      }
    },
  };
}
