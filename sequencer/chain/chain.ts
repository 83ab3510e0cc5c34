// docs/operations.md#sequencer: the soft chain: steps executed ahead of L1, each one atomic write, and the way back.
import { createDraft } from '../../node/l1/draft.ts';
import type { StepInput, Transition } from '../../node/transition.ts';
import { fitsBatch } from '../../protocol/batch.ts';
import { MAX_BATCH_MESSAGES } from '../../protocol/constants.ts';
import { bytesToHex, hexToBytes } from '../../protocol/hex.ts';
import type { ReceivedMessage } from '../../protocol/received.ts';
import { decodeStateLeaf, encodeContext, encodeStateLeaf, type Origin, type StateLeaf } from '../../protocol/state.ts';
import { objectRoot } from '../../protocol/tree.ts';
import type { ObjectStore } from '../../service/storage/objects.ts';
import { numberKey, type Operation, type Store } from '../../service/storage/store.ts';
import { indexStep } from '../index/index-step.ts';
import type { Head, Refused, SequencerBatch, StepRecord, Tables } from '../index/tables.ts';

export type SoftMessage = { readonly received: ReceivedMessage; readonly origin: Origin; readonly sequence?: number };

export type Executed = StepRecord & { readonly step: number };

export type Chain = {
  head(): Head;
  leaf(): StateLeaf;
  /** The batch being filled. */
  open(): SequencerBatch | undefined;
  /**
   * Whether the object of the open batch can take one more message of this length and then still has at most `maxBytes`
   * bytes.
   */
  fits(length: number, maxBytes: number): boolean;
  /** Begins the next batch. `timestamp`: unix seconds. */
  begin(timestamp: number, origin: SequencerBatch['origin']): Promise<void>;
  /** Starts programs that these steps, which come next, will ask for. It does not wait for them. */
  lookAhead(steps: readonly StepInput[]): void;
  /**
   * Runs one message as the next step of the open batch. `batchCount`: the batch's number of messages, if it is known;
   * the last one then closes the batch for the kernel. The result is undefined, and nothing has changed, if the message
   * asks for a program that was not run.
   */
  execute(message: SoftMessage, batchCount?: number): Promise<Executed | undefined>;
  /** Whether `execute` would have a result if the message came next in a batch of this timestamp, in unix seconds. */
  isKnown(message: SoftMessage, timestamp: number): boolean;
  /** The context leaf that a message would have if it came next in a batch of this timestamp. */
  contextOf(origin: Origin, timestamp: number): Uint8Array;
  close(object: SequencerBatch['object']): Promise<SequencerBatch>;
  /**
   * Takes back all steps from this batch on. Messages with a sequence are queued again at their old places. Those of a
   * void batch are lost: their senders decide whether they send them again. If the signal aborts, the rest is taken
   * back after the next start.
   */
  rollBack(toBatch: number, signal: AbortSignal): Promise<void>;
};

export type ChainParts = {
  readonly store: Store;
  readonly tables: Tables;
  readonly transition: Transition;
  readonly objects: ObjectStore;
  readonly genesisLeaf: Uint8Array;
  readonly onStep: (executed: Executed) => void;
  /** Whether L1 has made this batch void. */
  readonly isVoid: (batch: number) => Promise<boolean>;
  /** The number of steps that L1 has confirmed: none of their batches becomes void any more. */
  readonly confirmedSteps: () => Promise<number>;
};

const HEAD = 'head';
/** Above every real count: the kernel then leaves the cursor inside the batch. */
const UNKNOWN_COUNT = MAX_BATCH_MESSAGES + 1;
/**
 * How many steps can be taken back at least, confirmed ones included: more than any reorg has that the follower
 * survives.
 */
const KEPT_UNDO = 100_000;
/** The most old steps that one new step makes final. */
const FORGOTTEN_AT_ONCE = 4;

export async function openChain(parts: ChainParts): Promise<Chain> {
  const { store, tables, transition, objects } = parts;
  let head = (await tables.head.get(HEAD)) ?? genesisHead(parts.genesisLeaf);
  let open = head.isOpen ? await requireBatch(tables, head.batch) : undefined;
  let lengths = open === undefined ? [] : await readLengths(tables, open);
  let oldestUndo = head.step + 1;
  for await (const [key] of tables.undo.entries({ limit: 1 })) oldestUndo = Number.parseInt(key, 16);

  // The oldest steps that can still be taken back and never have to be.
  const forgettable = async (number: number): Promise<number[]> => {
    const steps: number[] = [];
    if (oldestUndo > number - KEPT_UNDO) return steps;
    const last = Math.min(number - KEPT_UNDO, await parts.confirmedSteps());
    for (let step = oldestUndo; step <= last && steps.length < FORGOTTEN_AT_ONCE; step++) steps.push(step);
    return steps;
  };

  const commit = async (
    next: Head,
    batch: SequencerBatch | undefined,
    operations: readonly Operation[],
    sync: boolean,
    after?: () => void,
  ) => {
    await store.write([...operations, tables.head.put(HEAD, next)], { sync });
    head = next;
    open = batch;
    // It is called in the same turn as the head changes: nobody sees one without the other.
    after?.();
  };

  const execute = async (
    { received, origin, sequence }: SoftMessage,
    batchCount?: number,
  ): Promise<Executed | undefined> => {
    const { bytes, hash } = received;
    const batch = requireOpen(open);
    const { timestamp, index, messages } = batch;
    const step: StepInput = {
      message: received,
      context: encodeStepContext(batch, messages, origin, timestamp, batchCount ?? UNKNOWN_COUNT),
    };
    const outcome = await transition.stepIfKnown(hexToBytes(head.leaf), step.context, received);
    if (outcome === undefined) return undefined;
    const number = head.step + 1;
    const leaf = bytesToHex(outcome.stateLeaf);
    // A message that comes from L1 may stand in the queue as well: it must not be executed once more from there.
    const place = sequence ?? (await tables.admitted.get(hash));
    const placed = place === undefined ? {} : { sequence: place };
    const record: StepRecord = {
      hash,
      batch: index,
      message: messages,
      origin,
      leaf,
      receipt: outcome.receipt,
      ...placed,
    };
    const delayedRoots = origin === 'l1' ? [...batch.delayedRoots, objectRoot(bytes)] : batch.delayedRoots;
    const filled: SequencerBatch = { ...batch, messages: messages + 1, delayedRoots };
    const draft = createDraft();
    await indexStep(draft, tables, objects, {
      received,
      receipt: outcome.receipt,
      step: number,
      batch: index,
      timestamp,
    });
    await draft.put(tables.executed, hash, number);
    const key = numberKey(number);
    const forgotten = await forgettable(number);
    const wasRefused = (await tables.refused.get(hash)) !== undefined;
    const next: Head = { ...head, leaf, step: number, delayed: head.delayed + (origin === 'l1' ? 1 : 0) };
    const operations = [
      ...draft.operations(),
      tables.steps.put(key, record),
      tables.undo.put(key, draft.undo.map(toStored)),
      tables.messages.put(hash, bytes),
      tables.batches.put(numberKey(index), filled),
      ...(place === undefined ? [] : [tables.queue.delete(numberKey(place))]),
      // A message that was refused for an order of L1's that is gone, or lost in a void batch, may come back.
      ...(wasRefused ? [tables.refused.delete(hash)] : []),
      ...forgotten.map((step) => tables.undo.delete(numberKey(step))),
    ];
    // The message itself is durable since its admission; a step lost with the machine's power is run again.
    const executed = { ...record, step: number };
    await commit(next, filled, operations, false, () => parts.onStep(executed));
    oldestUndo += forgotten.length;
    if (origin === 'sequencer') lengths.push(bytes.length);
    return executed;
  };

  // What becomes of the message of a step that is taken back: it is queued again, or counts as lost if its batch is
  // void, unless the same bytes have an earlier step that stays.
  const letGo = async (
    { hash, batch, origin, sequence }: StepRecord,
    undo: readonly StoredUndo[],
  ): Promise<Operation[]> => {
    if (origin === 'sequencer' && (await parts.isVoid(batch))) {
      const { key } = tables.executed.delete(hash);
      const isLost = undo.some((operation) => operation.key === key && operation.value === null);
      return isLost ? [tables.refused.put(hash, lostIn(batch))] : [];
    }
    if (sequence === undefined) return [];
    const bytes = await tables.messages.get(hash);
    return [tables.queue.put(numberKey(sequence), { hash, length: bytes?.length ?? 0 })];
  };

  const takeBackStep = async (): Promise<void> => {
    const key = numberKey(head.step);
    const [record, undo] = await Promise.all([tables.steps.get(key), tables.undo.get(key)]);
    if (record === undefined || undo === undefined)
      throw new Error(`step ${head.step} cannot be taken back: it is too old`);
    const batch = await requireBatch(tables, record.batch);
    const { object: _object, ...rest } = batch;
    const delayedRoots = record.origin === 'l1' ? batch.delayedRoots.slice(0, -1) : batch.delayedRoots;
    const emptied: SequencerBatch = { ...rest, closed: false, messages: record.message, delayedRoots };
    const previous = head.step === 1 ? bytesToHex(parts.genesisLeaf) : (await requireStep(tables, head.step - 1)).leaf;
    const isFirst = record.message === 0;
    const operations = [
      ...undo.map(fromStored),
      tables.steps.delete(key),
      tables.undo.delete(key),
      isFirst ? tables.batches.delete(numberKey(record.batch)) : tables.batches.put(numberKey(record.batch), emptied),
      ...(await letGo(record, undo)),
    ];
    const next: Head = {
      leaf: previous,
      step: head.step - 1,
      delayed: head.delayed - (record.origin === 'l1' ? 1 : 0),
      batch: record.batch,
      isOpen: !isFirst,
    };
    await commit(next, isFirst ? undefined : emptied, operations, false);
  };

  const contextOf = (origin: Origin, timestamp: number): Uint8Array => {
    const { batch, message } = decodeStateLeaf(hexToBytes(head.leaf));
    return encodeStepContext({ index: Number(batch) }, Number(message), origin, timestamp, UNKNOWN_COUNT);
  };

  return {
    head: () => head,
    leaf: () => decodeStateLeaf(hexToBytes(head.leaf)),
    open: () => open,
    fits: (length, maxBytes) => fitsBatch([...lengths, length], maxBytes),
    begin: async (timestamp, origin) => {
      if (open !== undefined) throw new Error(`batch ${open.index} is still open`);
      const batch: SequencerBatch = {
        index: head.batch,
        origin,
        timestamp,
        delayedFrom: head.delayed,
        delayedRoots: [],
        firstStep: head.step,
        messages: 0,
        closed: false,
      };
      await commit({ ...head, isOpen: true }, batch, [tables.batches.put(numberKey(batch.index), batch)], false);
      lengths = [];
    },
    execute,
    contextOf,
    lookAhead: (steps) => void transition.speculate(hexToBytes(head.leaf), steps),
    isKnown: ({ received, origin }, timestamp) =>
      transition.isKnown(hexToBytes(head.leaf), contextOf(origin, timestamp), received),
    close: async (object) => {
      const batch = requireOpen(open);
      if (batch.messages === 0) throw new Error(`batch ${batch.index} has no messages`);
      const closed: SequencerBatch = { ...batch, closed: true, ...(object === undefined ? {} : { object }) };
      const last = await requireStep(tables, head.step);
      const leaf = bytesToHex(
        encodeStateLeaf({ ...decodeStateLeaf(hexToBytes(head.leaf)), batch: BigInt(batch.index + 1), message: 0n }),
      );
      const operations = [
        tables.batches.put(numberKey(batch.index), closed),
        tables.steps.put(numberKey(head.step), { ...last, leaf }),
      ];
      await commit({ ...head, leaf, batch: batch.index + 1, isOpen: false }, undefined, operations, true);
      return closed;
    },
    rollBack: async (toBatch, signal) => {
      if (open !== undefined && open.messages === 0) {
        await commit({ ...head, isOpen: false }, undefined, [tables.batches.delete(numberKey(open.index))], false);
      }
      while (head.step > 0 && !signal.aborted && (await requireStep(tables, head.step)).batch >= toBatch)
        await takeBackStep();
      lengths = open === undefined ? [] : await readLengths(tables, open);
    },
  };
}

/** The bytes of a batch's sequenced messages, in order. */
export async function readSequenced(tables: Tables, batch: SequencerBatch): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  const first = batch.firstStep + batch.delayedRoots.length + 1;
  for (let step = first; step <= batch.firstStep + batch.messages; step++) {
    const { hash } = await requireStep(tables, step);
    const bytes = await tables.messages.get(hash);
    if (bytes === undefined) throw new Error(`message ${hash} of step ${step} is not stored`);
    messages.push(bytes);
  }
  return messages;
}

async function requireStep(tables: Tables, step: number): Promise<StepRecord> {
  const record = await tables.steps.get(numberKey(step));
  if (record === undefined) throw new Error(`step ${step} is not stored`);
  return record;
}

async function requireBatch(tables: Tables, index: number): Promise<SequencerBatch> {
  const record = await tables.batches.get(numberKey(index));
  if (record === undefined) throw new Error(`batch ${index} is not stored`);
  return record;
}

function requireOpen(batch: SequencerBatch | undefined): SequencerBatch {
  if (batch === undefined) throw new Error('no batch is open');
  return batch;
}

async function readLengths(tables: Tables, batch: SequencerBatch): Promise<number[]> {
  return (await readSequenced(tables, batch)).map((message) => message.length);
}

function encodeStepContext(
  batch: { index: number },
  message: number,
  origin: Origin,
  timestamp: number,
  batchCount: number,
): Uint8Array {
  return encodeContext({
    timestamp: BigInt(timestamp),
    origin,
    batch: BigInt(batch.index),
    message: BigInt(message),
    batchCount: BigInt(batchCount),
  });
}

function genesisHead(leaf: Uint8Array): Head {
  return { leaf: bytesToHex(leaf), step: 0, delayed: 0, batch: 0, isOpen: false };
}

function lostIn(batch: number): Refused {
  return {
    code: 'message/void',
    message: `L1 has made batch ${batch} void. This message was in it and has had no effect.`,
    expected: 'an assertion of the batch in the time for which DA promises its bytes',
    actual: `nobody asserted batch ${batch} in that time`,
    hint: 'Send the same bytes again if you still want it and its nonce is still the next one (mizu_getAccount).',
  };
}

type StoredUndo = { readonly key: string; readonly value: string | null };

function toStored(operation: Operation): StoredUndo {
  return {
    key: operation.key,
    value: operation.type === 'put' ? Buffer.from(operation.value).toString('base64') : null,
  };
}

function fromStored({ key, value }: StoredUndo): Operation {
  return value === null
    ? { type: 'del', key }
    : { type: 'put', key, value: new Uint8Array(Buffer.from(value, 'base64')) };
}
