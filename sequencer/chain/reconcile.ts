// docs/operations.md#sequencer-reorgs: compares the soft chain with L1 and tells from which batch on it must be built again.
import type { BatchRecord, Mirror } from '../../node/l1/mirror.ts';
import { numberKey, type Operation, type Store } from '../../service/storage/store.ts';
import type { Head, PostedRecord, SequencerBatch, Tables } from '../index/tables.ts';

export type ReconcileVerdict =
  | { readonly kind: 'agrees' }
  /** The steps from this batch on are not those that L1 has, or cannot become so. */
  | { readonly kind: 'differs'; readonly batch: number; readonly reason: string }
  /** L1 has this batch and we have none in its place: it has to be taken over. */
  | { readonly kind: 'behind'; readonly batch: BatchRecord };

export type Reconciler = {
  check(head: Head): Promise<ReconcileVerdict>;
  /** The number of batches that L1 has and that are the same as ours. */
  posted(): number;
};

/** How long a delayed message that a reorg has removed may stay away before the soft chain gives it up. */
const MISSING_SECONDS = 30;

export async function openReconciler(store: Store, tables: Tables, mirror: Mirror): Promise<Reconciler> {
  let agreed = 0;
  for await (const [key] of tables.posted.entries({ reverse: true, limit: 1 })) agreed = Number.parseInt(key, 16) + 1;
  let missingSince: number | undefined;

  const stepBack = async (): Promise<void> => {
    while (agreed > 0) {
      const [posted, onL1] = await Promise.all([
        tables.posted.get(numberKey(agreed - 1)),
        mirror.batch(BigInt(agreed - 1)),
      ]);
      if (posted !== undefined && posted.fingerprint === onL1?.fingerprint) return;
      agreed -= 1;
      await store.write([tables.posted.delete(numberKey(agreed))]);
    }
  };

  const follows = async ({ previous }: BatchRecord): Promise<boolean> =>
    agreed === 0 || (await tables.posted.get(numberKey(agreed - 1)))?.fingerprint === previous;

  // The delayed messages in our batches that L1 does not have yet must still be those in L1's queue.
  const checkDelayed = async (head: Head): Promise<ReconcileVerdict> => {
    const known = (await mirror.head()).delayed;
    let isMissing = false;
    const last = head.isOpen ? head.batch : head.batch - 1;
    for (let index = agreed; index <= last; index++) {
      const batch = await tables.batches.get(numberKey(index));
      for (const [i, root] of (batch?.delayedRoots ?? []).entries()) {
        const place = BigInt((batch as SequencerBatch).delayedFrom + i);
        if (place >= known) isMissing = true;
        else if ((await mirror.delayed(place))?.objectRoot !== root)
          return { kind: 'differs', batch: index, reason: `delayed message ${place} is another one now` };
        if (place >= known && missingSince !== undefined && Date.now() - missingSince > MISSING_SECONDS * 1000) {
          return { kind: 'differs', batch: index, reason: `delayed message ${place} is gone from L1` };
        }
      }
    }
    missingSince = isMissing ? (missingSince ?? Date.now()) : undefined;
    return { kind: 'agrees' };
  };

  return {
    posted: () => agreed,
    check: async (head) => {
      await stepBack();
      for (;;) {
        const onL1 = await mirror.batch(BigInt(agreed));
        if (onL1 === undefined) return checkDelayed(head);
        // L1 has changed its mind about an earlier batch meanwhile.
        if (!(await follows(onL1))) {
          await stepBack();
          continue;
        }
        const own = await tables.batches.get(numberKey(agreed));
        if (own === undefined) return { kind: 'behind', batch: onL1 };
        const difference = await differenceOf(own, onL1, mirror);
        if (difference !== undefined) return { kind: 'differs', batch: agreed, reason: difference };
        await store.write(markPosted(tables, agreed, onL1));
        agreed += 1;
      }
    },
  };
}

function markPosted(tables: Tables, index: number, onL1: BatchRecord): Operation[] {
  const { fingerprint, transaction, block, isVoid } = onL1;
  const record: PostedRecord = { fingerprint, transaction, block, ...(isVoid ? { isVoid } : {}) };
  return [tables.posted.put(numberKey(index), record)];
}

async function differenceOf(own: SequencerBatch, onL1: BatchRecord, mirror: Mirror): Promise<string | undefined> {
  if (!own.closed) return 'L1 has a batch in the place of the open one';
  if (own.timestamp !== Number(onL1.timestamp)) return `its timestamp on L1 is ${onL1.timestamp}`;
  if (own.messages !== onL1.messageCount) return `it has ${onL1.messageCount} messages on L1`;
  if (onL1.isVoid && own.object?.root !== onL1.objectRoot) return 'L1 has made it void';
  if (own.object !== undefined && own.object.root !== onL1.objectRoot) return `its object on L1 is ${onL1.objectRoot}`;
  if (own.object === undefined && onL1.objectLength !== 0) return 'it has sequenced messages on L1';
  for (let i = onL1.delayedFrom; i < onL1.delayedUpTo; i++) {
    const root = (await mirror.delayed(i))?.objectRoot;
    if (root !== own.delayedRoots[Number(i - onL1.delayedFrom)]) return `delayed message ${i} is another one on L1`;
  }
  return undefined;
}
