// docs/operations.md#sequencer: the soft chain: steps executed ahead of L1, each one atomic write, and the way back.
import { batchSize } from '../protocol/batch.ts';
import { MAX_BATCH_MESSAGES } from '../protocol/constants.ts';
import { bytesToHex, hexToBytes } from '../protocol/hex.ts';
import { decodeStateLeaf, encodeContext, encodeStateLeaf, type Origin, type StateLeaf } from '../protocol/state.ts';
import { keccakHex, objectRoot } from '../protocol/tree.ts';
import { createDraft } from '../prover/draft.ts';
import type { StepInput, Transition } from '../prover/transition.ts';
import type { ObjectStore } from '../service/objects.ts';
import { numberKey, type Operation, type Store } from '../service/store.ts';
import { indexStep } from './index-step.ts';
import type { BatchRecord, Head, StepRecord, Tables } from './tables.ts';

export type SoftMessage = { readonly bytes: Uint8Array; readonly origin: Origin; readonly sequence?: number };

export type Executed = StepRecord & { readonly step: number };

export type Chain = {
  head(): Head;
  leaf(): StateLeaf;
  /** The batch being filled. */
  open(): BatchRecord | undefined;
  /** Size that the object of the open batch would have with one more message of this length, in bytes. */
  sizeWith(length: number): number;
  /** Begins the next batch. */
  begin(timestamp: number, origin: BatchRecord['origin']): Promise<void>;
  /** Runs one message as the next step of the open batch. `batchCount` is given where it is known: then the last message closes the batch. */
  execute(message: SoftMessage, batchCount?: number): Promise<Executed>;
  /** The context that a message would have if it came next. */
  contextOf(origin: Origin, timestamp: number): Uint8Array;
  close(object: BatchRecord['object']): Promise<BatchRecord>;
  /** Takes all steps from this batch on back. Messages with a sequence are queued again at their old places. */
  rollBack(toBatch: number): Promise<void>;
};

export type ChainParts = {
  readonly store: Store;
  readonly tables: Tables;
  readonly transition: Transition;
  readonly objects: ObjectStore;
  readonly genesisLeaf: Uint8Array;
  readonly onStep: (executed: Executed) => void;
};

const HEAD = 'head';
/** Above every real count: the kernel then leaves the cursor inside the batch. */
const UNKNOWN_COUNT = MAX_BATCH_MESSAGES + 1;
/** Steps that can be taken back: more than the batches of any reorg that the follower survives. */
const KEPT_UNDO = 100_000;

export async function openChain(parts: ChainParts): Promise<Chain> {
  const { store, tables, transition, objects } = parts;
  let head = (await tables.head.get(HEAD)) ?? genesisHead(parts.genesisLeaf);
  let open = head.isOpen ? await requireBatch(tables, head.batch) : undefined;
  let lengths = open === undefined ? [] : await readLengths(tables, open);

  const commit = async (
    next: Head,
    batch: BatchRecord | undefined,
    operations: readonly Operation[],
    sync: boolean,
    after?: () => void,
  ) => {
    await store.write([...operations, tables.head.put(HEAD, next)], { sync });
    head = next;
    open = batch;
    // In the same turn as the new head: nobody sees one without the other.
    after?.();
  };

  const execute = async ({ bytes, origin, sequence }: SoftMessage, batchCount?: number): Promise<Executed> => {
    const batch = requireOpen(open);
    const { timestamp, index, messages } = batch;
    const step: StepInput = {
      message: bytes,
      context: encodeStepContext(batch, messages, origin, timestamp, batchCount ?? UNKNOWN_COUNT),
    };
    const outcome = await transition.step(hexToBytes(head.leaf), step.context, bytes);
    const number = head.step + 1;
    const hash = keccakHex(bytes);
    const leaf = bytesToHex(outcome.stateLeaf);
    // Also where a message comes from L1: it must not be executed from the queue once more.
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
    const filled: BatchRecord = { ...batch, messages: messages + 1, delayedRoots };
    const draft = createDraft();
    await indexStep(draft, tables, objects, {
      message: bytes,
      receipt: outcome.receipt,
      step: number,
      batch: index,
      timestamp,
    });
    await draft.put(tables.executed, hash, number);
    const key = numberKey(number);
    const next: Head = { ...head, leaf, step: number, delayed: head.delayed + (origin === 'l1' ? 1 : 0) };
    const operations = [
      ...draft.operations(),
      tables.steps.put(key, record),
      tables.undo.put(key, draft.undo.map(toStored)),
      tables.messages.put(hash, bytes),
      tables.batches.put(numberKey(index), filled),
      // Refused for an order of L1's that is gone, it may come back to a place that it was promised.
      ...(place === undefined ? [] : [tables.queue.delete(numberKey(place)), tables.refused.delete(hash)]),
      ...(number > KEPT_UNDO ? [tables.undo.delete(numberKey(number - KEPT_UNDO))] : []),
    ];
    // The message itself is durable since its admission; a step lost with the machine's power is run again.
    const executed = { ...record, step: number };
    await commit(next, filled, operations, false, () => parts.onStep(executed));
    if (origin === 'sequencer') lengths.push(bytes.length);
    return executed;
  };

  const takeBackStep = async (): Promise<void> => {
    const key = numberKey(head.step);
    const [record, undo] = await Promise.all([tables.steps.get(key), tables.undo.get(key)]);
    if (record === undefined || undo === undefined)
      throw new Error(`step ${head.step} cannot be taken back: it is too old`);
    const batch = await requireBatch(tables, record.batch);
    const { object: _object, ...rest } = batch;
    const delayedRoots = record.origin === 'l1' ? batch.delayedRoots.slice(0, -1) : batch.delayedRoots;
    const emptied: BatchRecord = { ...rest, closed: false, messages: record.message, delayedRoots };
    const previous = head.step === 1 ? bytesToHex(parts.genesisLeaf) : (await requireStep(tables, head.step - 1)).leaf;
    const isFirst = record.message === 0;
    const bytes = await tables.messages.get(record.hash);
    const operations = [
      ...undo.map(fromStored),
      tables.steps.delete(key),
      tables.undo.delete(key),
      isFirst ? tables.batches.delete(numberKey(record.batch)) : tables.batches.put(numberKey(record.batch), emptied),
      ...(record.sequence === undefined
        ? []
        : [tables.queue.put(numberKey(record.sequence), { hash: record.hash, length: bytes?.length ?? 0 })]),
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

  return {
    head: () => head,
    leaf: () => decodeStateLeaf(hexToBytes(head.leaf)),
    open: () => open,
    sizeWith: (length) => batchSize([...lengths, length]),
    begin: async (timestamp, origin) => {
      if (open !== undefined) throw new Error(`batch ${open.index} is still open`);
      const batch: BatchRecord = {
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
    contextOf: (origin, timestamp) => {
      const { batch, message } = decodeStateLeaf(hexToBytes(head.leaf));
      return encodeStepContext({ index: Number(batch) }, Number(message), origin, timestamp, UNKNOWN_COUNT);
    },
    close: async (object) => {
      const batch = requireOpen(open);
      if (batch.messages === 0) throw new Error(`batch ${batch.index} has no messages`);
      const closed: BatchRecord = { ...batch, closed: true, ...(object === undefined ? {} : { object }) };
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
    rollBack: async (toBatch) => {
      if (open !== undefined && open.messages === 0) {
        await commit({ ...head, isOpen: false }, undefined, [tables.batches.delete(numberKey(open.index))], false);
      }
      while (head.step > 0 && (await requireStep(tables, head.step)).batch >= toBatch) await takeBackStep();
      lengths = open === undefined ? [] : await readLengths(tables, open);
    },
  };
}

/** Bytes of the sequenced messages of a batch, in order. */
export async function readSequenced(tables: Tables, batch: BatchRecord): Promise<Uint8Array[]> {
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

async function requireBatch(tables: Tables, index: number): Promise<BatchRecord> {
  const record = await tables.batches.get(numberKey(index));
  if (record === undefined) throw new Error(`batch ${index} is not stored`);
  return record;
}

function requireOpen(batch: BatchRecord | undefined): BatchRecord {
  if (batch === undefined) throw new Error('no batch is open');
  return batch;
}

async function readLengths(tables: Tables, batch: BatchRecord): Promise<number[]> {
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

function toStored(operation: Operation): { key: string; value: string | null } {
  return {
    key: operation.key,
    value: operation.type === 'put' ? Buffer.from(operation.value).toString('base64') : null,
  };
}

function fromStored({ key, value }: { key: string; value: string | null }): Operation {
  return value === null
    ? { type: 'del', key }
    : { type: 'put', key, value: new Uint8Array(Buffer.from(value, 'base64')) };
}
