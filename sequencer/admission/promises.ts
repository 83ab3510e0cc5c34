// docs/contracts.md#promises: places that this sequencer has promised to messages. Durable before the signature leaves.
import type { LocalAccount } from 'viem';
import { MAX_BATCH_MESSAGES } from '../../protocol/constants.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { type Domain, TYPES } from '../../protocol/typed-data.ts';
import { createMutex } from '../../service/process/mutex.ts';
import { numberKey, type Operation, type Store } from '../../service/storage/store.ts';
import type { SequencerBatch, Tables } from '../index/tables.ts';

export type SignedPromise = {
  readonly batch: number;
  /** The message's index among the sequenced messages of the batch. */
  readonly message: number;
  /** Object root of the message's bytes. */
  readonly messageHash: Hex;
  readonly sequencer: Address;
  readonly signature: Hex;
};

export type Promises = {
  /** Promises the message its place. The result is undefined while it has no place in a batch of our own. */
  sign(hash: Hex): Promise<SignedPromise | undefined>;
  /** The hash of the message that was promised this place. */
  at(batch: number, message: number): Promise<Hex | undefined>;
  /**
   * Called before the batch is sent to L1. From then on its places count as promised, and no place behind them is ever
   * promised, even if the batch is built anew before L1 has it. The result is `broken` if the batch breaks a promise,
   * and `changed` if the batch is not the one that is stored any more.
   */
  commit(batch: SequencerBatch): Promise<'kept' | 'broken' | 'changed'>;
};

export type PromisesParts = {
  readonly store: Store;
  readonly tables: Tables;
  readonly account: LocalAccount;
  readonly domain: Domain;
};

/** The number of batches after which a promise is forgotten: no reorganisation of L1 reaches so far back. */
const KEPT_BATCHES = 10_000;

export function createPromises({ store, tables, account, domain }: PromisesParts): Promises {
  const inOrder = createMutex();
  const keyOf = (batch: number, message: number) => `${numberKey(batch)}${numberKey(message)}`;
  const at = (batch: number, message: number) => tables.promised.get(keyOf(batch, message));

  const promisedPlaces = async (batch: number): Promise<number> => {
    const range = { gte: keyOf(batch, 0), lt: keyOf(batch + 1, 0), reverse: true, limit: 1 };
    for await (const [key] of tables.promised.entries(range)) return Number.parseInt(key.slice(-16), 16) + 1;
    return 0;
  };

  const placeOf = async (hash: Hex) => {
    const number = await tables.executed.get(hash);
    const step = number === undefined ? undefined : await tables.steps.get(numberKey(number));
    const batch = step === undefined ? undefined : await tables.batches.get(numberKey(step.batch));
    if (step === undefined || batch === undefined || step.hash !== hash) return undefined;
    if (step.origin !== 'sequencer' || batch.origin !== 'own') return undefined;
    return { batch, message: step.message - batch.delayedRoots.length };
  };

  // The hashes of a batch's sequenced messages at the places `[from, to)`. The result is undefined if one is not in the
  // batch.
  const readPlaces = async (batch: SequencerBatch, from: number, to: number): Promise<Hex[] | undefined> => {
    const hashes: Hex[] = [];
    const first = batch.firstStep + batch.delayedRoots.length + 1;
    for (let place = from; place < to; place++) {
      const step = await tables.steps.get(numberKey(first + place));
      if (step?.batch !== batch.index) return undefined;
      hashes.push(step.hash);
    }
    return hashes;
  };

  // A message would not be at its place without those before it. So all places up to it are kept: the promised places
  // of a batch are always its first ones, and whoever builds the batch again puts those messages there.
  const keep = async (
    batch: number,
    first: number,
    hashes: readonly Hex[],
    others: readonly Operation[],
  ): Promise<boolean> => {
    const operations = [...others];
    for (const [i, hash] of hashes.entries()) {
      const place = first + i;
      const known = await at(batch, place);
      // Another message was promised this place when the batch was built before: the loop will put that message there.
      if (known !== undefined && known !== hash) return false;
      if (known === undefined) operations.push(tables.promised.put(keyOf(batch, place), hash));
    }
    const old = numberKey(Math.max(0, batch - KEPT_BATCHES));
    for await (const [key] of tables.promised.entries({ lt: old, limit: MAX_BATCH_MESSAGES }))
      operations.push(tables.promised.delete(key));
    for await (const [key] of tables.sent.entries({ lt: old, limit: MAX_BATCH_MESSAGES }))
      operations.push(tables.sent.delete(key));
    if (operations.length > 0) await store.write(operations, { sync: true });
    return true;
  };

  const sign = async (hash: Hex): Promise<SignedPromise | undefined> => {
    const place = await placeOf(hash);
    if (place === undefined) return undefined;
    const { batch, message } = place;
    const sent = await tables.sent.get(numberKey(batch.index));
    if (sent !== undefined && message >= sent) return undefined;
    const from = Math.min(message, Math.max(0, (await promisedPlaces(batch.index)) - 1));
    const hashes = await readPlaces(batch, from, message + 1);
    if (hashes === undefined || !(await keep(batch.index, from, hashes, []))) return undefined;
    // The batch may have been rolled back meanwhile. If it is rolled back later, whoever builds it again finds the
    // places written down.
    const still = await placeOf(hash);
    if (still?.batch.index !== batch.index || still.message !== message) return undefined;
    const bytes = await tables.messages.get(hash);
    if (bytes === undefined) throw new Error(`message ${hash} is not stored`);
    const promised = { batch: batch.index, message, messageHash: objectRoot(bytes) };
    const signature = await account.signTypedData({
      domain,
      types: { Promise: TYPES.Promise },
      primaryType: 'Promise',
      message: { ...promised, batch: BigInt(promised.batch) },
    });
    return { ...promised, sequencer: account.address, signature };
  };

  const commit = async (batch: SequencerBatch) => {
    const count = batch.messages - batch.delayedRoots.length;
    const hashes = await readPlaces(batch, 0, count);
    const now = await tables.batches.get(numberKey(batch.index));
    if (hashes === undefined || now?.closed !== true || now.object?.root !== batch.object?.root) return 'changed';
    if ((await at(batch.index, count)) !== undefined) return 'broken';
    const sent = Math.min((await tables.sent.get(numberKey(batch.index))) ?? count, count);
    return (await keep(batch.index, 0, hashes, [tables.sent.put(numberKey(batch.index), sent)])) ? 'kept' : 'broken';
  };

  return {
    sign: (hash) => inOrder(() => sign(hash)),
    at,
    commit: (batch) => inOrder(() => commit(batch)),
  };
}
