// docs/prover.md#derivation: the events of Inbox and Rollup, as records.

import { createWriter } from '../../protocol/bytes.ts';
import { type Address, concatBytes, type Hex, hexToBytes, ZERO_HASH } from '../../protocol/hex.ts';
import type { StateLeaf } from '../../protocol/state.ts';
import { keccakHex, type ObjectRef } from '../../protocol/tree.ts';
import type { BlockRef, ContractEvent } from '../../service/l1/logs.ts';
import { numberKey, type Table } from '../../service/storage/store.ts';
import type { PostedBatch } from './batch-record.ts';
import type { Draft } from './draft.ts';
import type { VoidTable } from './voids.ts';

export type DelayedRecord = {
  readonly message: Hex;
  readonly objectRoot: Hex;
  /** The time of its block on L1, in unix seconds. */
  readonly timestamp: bigint;
};

export type AssertionStatus = 'pending' | 'confirmed' | 'rejected' | 'orphaned';

export type AssertionRecord = {
  readonly id: Hex;
  /** Its number in the order in which L1 has taken the assertions. Genesis is 0. */
  readonly place: bigint;
  readonly parent: Hex;
  readonly asserter: Address;
  readonly firstBatch: bigint;
  /** Object root of the step list: the parent's post leaf, then one leaf after each step. */
  readonly stepRoot: Hex;
  readonly stepCount: number;
  readonly post: StateLeaf;
  /** What the claim names on DA: the index of the body comes first. */
  readonly objects: readonly ObjectRef[];
  readonly status: AssertionStatus;
  readonly transaction: Hex;
  readonly confirmedBy?: Hex;
};

export type MirrorHead = {
  readonly batches: bigint;
  readonly delayed: bigint;
  readonly delayedIncluded: bigint;
  readonly assertions: bigint;
  readonly latestConfirmed: Hex;
  readonly fingerprint: Hex;
  /** When the network ended, in unix seconds. It is undefined while the network goes on. */
  readonly endedAt?: bigint;
};

export type MirrorTables = {
  readonly head: Table<MirrorHead>;
  readonly batches: Table<PostedBatch>;
  readonly voids: VoidTable;
  readonly delayed: Table<DelayedRecord>;
  readonly assertions: Table<AssertionRecord>;
  readonly order: Table<Hex>;
  readonly pending: Table<true>;
};

export const HEAD = {
  key: 'head',
  empty: {
    batches: 0n,
    delayed: 0n,
    delayedIncluded: 0n,
    assertions: 0n,
    latestConfirmed: ZERO_HASH,
    fingerprint: ZERO_HASH,
  } as MirrorHead,
} as const;

type Args = {
  BatchPosted: {
    index: bigint;
    objectRoot: Hex;
    timestamp: bigint;
    delayedUpTo: bigint;
    totalMessages: bigint;
    objectLength: number;
    messageCount: number;
  };
  BatchVoided: { index: bigint };
  MessageDelayed: { index: bigint; objectRoot: Hex; timestamp: bigint; message: Hex };
  AssertionCreated: {
    id: Hex;
    parent: Hex;
    asserter: Address;
    stepRoot: Hex;
    stepCount: bigint;
    post: StateLeaf;
    objects: readonly { root: Hex; length: bigint }[];
  };
  AssertionConfirmed: { id: Hex; batch: bigint; stateRoot: Hex };
};

export async function readEvent(
  draft: Draft,
  tables: MirrorTables,
  event: ContractEvent,
  block: BlockRef,
): Promise<void> {
  const head = (await draft.get(tables.head, HEAD.key)) ?? HEAD.empty;
  const change = (fields: Partial<MirrorHead>) => draft.put(tables.head, HEAD.key, { ...head, ...fields });
  switch (event.eventName) {
    case 'BatchPosted':
      return addBatch(draft, tables, head, change, event, block);
    case 'BatchVoided': {
      const { index } = event.args as Args['BatchVoided'];
      if (index >= head.batches) throw new Error(`batch ${index} becomes void and was never posted`);
      const { assertions } = head;
      const made = { assertions, block: block.number, transaction: event.transactionHash };
      return draft.put(tables.voids, numberKey(index), made);
    }
    case 'MessageDelayed': {
      const { index, objectRoot, timestamp, message } = event.args as Args['MessageDelayed'];
      requireNext('delayed message', head.delayed, index);
      await draft.put(tables.delayed, numberKey(index), { message, objectRoot, timestamp });
      return change({ delayed: index + 1n });
    }
    case 'AssertionCreated': {
      const { objects, stepCount, ...args } = event.args as Args['AssertionCreated'];
      const parent = await draft.get(tables.assertions, args.parent);
      if (parent === undefined) throw new Error(`assertion ${args.id} builds on an unknown one`);
      await addAssertion(draft, tables, head, change, {
        ...args,
        firstBatch: parent.post.batch,
        stepCount: Number(stepCount),
        objects: objects.map(({ root, length }) => ({ root, length: Number(length) })),
        status: 'pending',
        transaction: event.transactionHash,
      });
      return draft.put(tables.pending, args.id, true);
    }
    case 'AssertionConfirmed':
      return confirm(draft, tables, head, change, event);
    case 'AssertionRejected':
      return close(draft, tables, event.args.id as Hex, 'rejected');
    case 'AssertionOrphaned':
      return close(draft, tables, event.args.id as Hex, 'orphaned');
    case 'Ended':
      return change({ endedAt: event.args.time as bigint });
  }
}

type Change = (fields: Partial<MirrorHead>) => Promise<void>;

async function addBatch(
  draft: Draft,
  tables: MirrorTables,
  head: MirrorHead,
  change: Change,
  event: ContractEvent,
  block: BlockRef,
): Promise<void> {
  const args = event.args as Args['BatchPosted'];
  requireNext('batch', head.batches, args.index);
  const roots: Uint8Array[] = [];
  for (let i = head.delayedIncluded; i < args.delayedUpTo; i++) {
    const delayed = await draft.get(tables.delayed, numberKey(i));
    if (delayed === undefined) throw new Error(`delayed message ${i} of batch ${args.index} is not known`);
    roots.push(hexToBytes(delayed.objectRoot));
  }
  const content = createWriter().hex(head.fingerprint, 32).hex(args.objectRoot, 32).u64(args.timestamp);
  const preimage = concatBytes([content.u32(args.messageCount).finish(), ...roots]);
  const fingerprint = keccakHex(preimage);
  await draft.put(tables.batches, numberKey(args.index), {
    ...args,
    delayedFrom: head.delayedIncluded,
    block: block.number,
    transaction: event.transactionHash,
    fingerprint,
    previous: head.fingerprint,
  });
  return change({ batches: args.index + 1n, delayedIncluded: args.delayedUpTo, fingerprint });
}

async function addAssertion(
  draft: Draft,
  tables: MirrorTables,
  head: MirrorHead,
  change: Change,
  record: Omit<AssertionRecord, 'place'>,
): Promise<void> {
  const place = head.assertions;
  await draft.put(tables.assertions, record.id, { ...record, place });
  await draft.put(tables.order, numberKey(place), record.id);
  return change({ assertions: place + 1n });
}

// The constructor confirms an assertion that was never created: genesis.
async function confirm(
  draft: Draft,
  tables: MirrorTables,
  head: MirrorHead,
  change: Change,
  event: ContractEvent,
): Promise<void> {
  const { id, stateRoot } = event.args as Args['AssertionConfirmed'];
  if ((await draft.get(tables.assertions, id)) !== undefined) {
    await close(draft, tables, id, 'confirmed', event.transactionHash);
    return change({ latestConfirmed: id });
  }
  await addAssertion(draft, tables, head, (fields) => change({ ...fields, latestConfirmed: id }), {
    id,
    parent: ZERO_HASH,
    asserter: `0x${'00'.repeat(20)}`,
    firstBatch: 0n,
    stepRoot: ZERO_HASH,
    stepCount: 0,
    post: { stateRoot, receiptHash: ZERO_HASH, batch: 0n, message: 0n, step: 0n },
    objects: [],
    status: 'confirmed',
    transaction: event.transactionHash,
    confirmedBy: event.transactionHash,
  });
}

async function close(
  draft: Draft,
  tables: MirrorTables,
  id: Hex,
  status: AssertionStatus,
  confirmedBy?: Hex,
): Promise<void> {
  const record = await draft.get(tables.assertions, id);
  if (record === undefined) throw new Error(`assertion ${id} ends without having begun`);
  await draft.put(tables.assertions, id, { ...record, status, ...(confirmedBy === undefined ? {} : { confirmedBy }) });
  await draft.delete(tables.pending, id);
}

function requireNext(what: string, expected: bigint, actual: bigint): void {
  if (expected !== actual)
    throw new Error(`${what} ${actual} follows ${expected - 1n}: the L1 node has left out a log`);
}
