// docs/contracts.md#promises: whatever is signed, built again, sent and taken back, in any order: no promise is broken.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { keccakHex, objectRoot } from '../../protocol/tree.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { numberKey, openStore, type Store } from '../../service/storage/store.ts';
import { openTables, type SequencerBatch, type StepRecord, type Tables } from '../index/tables.ts';
import { createPromises, type Promises, type SignedPromise } from './promises.ts';

const ACCOUNT = privateKeyToAccount(`0x${'44'.repeat(32)}`);
const DOMAIN = createDomain(1, `0x${'55'.repeat(20)}`);
const MESSAGES = Array.from({ length: 12 }, (_, i) => Uint8Array.of(1, 2, 3, i));
const OPERATIONS = 600;
/** Counts over all interleavings: what happens in a single one differs from run to run. */
const counts = { signed: 0, sent: 0 };

let folder: string;
let store: Store;
let tables: Tables;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-promises-'));
  store = await openStore(folder);
  tables = openTables(store);
  await store.write(MESSAGES.map((bytes) => tables.messages.put(keccakHex(bytes), bytes)));
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A chain of batches, as far as promises look at it: each batch has one delayed message before its own messages. */
function createChain(promises: () => Promises, random: (below: number) => number) {
  const batches: { record: SequencerBatch; hashes: Hex[] }[] = [];
  const open = () => batches.findLast(({ record }) => !record.closed);
  const begin = async (): Promise<void> => {
    const last = batches.at(-1)?.record;
    const firstStep = last === undefined ? 0 : last.firstStep + last.messages;
    const index = batches.length;
    const record: SequencerBatch = {
      index,
      origin: 'own',
      timestamp: 1,
      delayedFrom: index,
      delayedRoots: [`0x${'00'.repeat(32)}`],
      firstStep,
      messages: 1,
      closed: false,
    };
    batches.push({ record, hashes: [] });
    await store.write([tables.batches.put(numberKey(index), record)], { sync: false });
  };
  return {
    batches,
    async place(): Promise<void> {
      if (open() === undefined) await begin();
      const batch = open() as { record: SequencerBatch; hashes: Hex[] };
      const { record, hashes } = batch;
      const hash =
        (await promises().at(record.index, hashes.length)) ??
        keccakHex(MESSAGES[random(MESSAGES.length)] as Uint8Array);
      const number = record.firstStep + record.messages + 1;
      const step = { hash, batch: record.index, message: record.messages, origin: 'sequencer' } as StepRecord;
      batch.record = { ...record, messages: record.messages + 1 };
      hashes.push(hash);
      await store.write(
        [
          tables.steps.put(numberKey(number), step),
          tables.executed.put(hash, number),
          tables.batches.put(numberKey(record.index), batch.record),
        ],
        { sync: false },
      );
    },
    async close(): Promise<void> {
      const batch = open();
      if (batch === undefined || (await promises().at(batch.record.index, batch.hashes.length)) !== undefined) return;
      const root = keccakHex(new TextEncoder().encode(batch.hashes.join()));
      batch.record = { ...batch.record, closed: true, object: { root, length: 1 } };
      await store.write([tables.batches.put(numberKey(batch.record.index), batch.record)]);
    },
    async rollBack(to: number): Promise<void> {
      while (batches.length > to) {
        const { record, hashes } = batches.pop() as { record: SequencerBatch; hashes: Hex[] };
        await store.write(
          [
            tables.batches.delete(numberKey(record.index)),
            ...hashes.map((hash) => tables.executed.delete(hash)),
            ...hashes.map((_, i) => tables.steps.delete(numberKey(record.firstStep + 2 + i))),
          ],
          { sync: false },
        );
      }
    },
  };
}

test.each([1, 2, 3, 4, 5, 6])('promises of interleaving %i', async (seed) => {
  const random = createRandom(seed);
  let promises = createPromises({ store, tables, account: ACCOUNT, domain: DOMAIN });
  const chain = createChain(() => promises, random);
  const signed: SignedPromise[] = [];
  // A batch that was ever sent may be mined, even after it was taken back here.
  const sent: { batch: number; hashes: readonly Hex[] }[] = [];
  const underway: Promise<void>[] = [];
  let rebuild: number | undefined;
  const sign = async (hash: Hex): Promise<void> => {
    const promise = await promises.sign(hash);
    if (promise !== undefined) signed.push(promise);
  };
  const send = async ({ record, hashes }: { record: SequencerBatch; hashes: readonly Hex[] }): Promise<void> => {
    const content = [...hashes];
    const verdict = await promises.commit(record);
    if (verdict === 'kept') sent.push({ batch: record.index, hashes: content });
    else if (verdict === 'broken') rebuild = record.index;
  };
  for (let i = 0; i < OPERATIONS; i++) {
    // So does the loop when it hears that a batch cannot be posted.
    if (rebuild !== undefined) await chain.rollBack(rebuild);
    rebuild = undefined;
    const what = random(20);
    if (what < 8) await chain.place();
    else if (what < 10) await chain.close();
    // Nobody waits for it: what comes next comes in the middle of it.
    else if (what < 15) {
      const placed = chain.batches.flatMap(({ hashes }) => hashes);
      if (placed.length > 0) underway.push(sign(placed[random(placed.length)] as Hex));
    } else if (what < 17) {
      const closed = chain.batches.filter(({ record }) => record.closed);
      if (closed.length > 0) underway.push(send(closed[random(closed.length)]!));
    } else if (what < 19) await chain.rollBack(Math.max(0, chain.batches.length - 1 - random(3)));
    else {
      // A crash: what is kept in memory is gone.
      await Promise.all(underway.splice(0));
      promises = createPromises({ store, tables, account: ACCOUNT, domain: DOMAIN });
    }
  }
  await Promise.all(underway);
  counts.signed += signed.length;
  counts.sent += sent.length;
  const places = new Map<string, Hex>();
  for (const { batch, message, messageHash } of signed) {
    const place = `${batch}/${message}`;
    expect(places.get(place) ?? messageHash, place).toBe(messageHash);
    places.set(place, messageHash);
  }
  const rootOf = new Map(MESSAGES.map((bytes) => [keccakHex(bytes), objectRoot(bytes)]));
  for (const { batch, hashes } of sent)
    for (const { message, messageHash } of signed.filter((promise) => promise.batch === batch))
      expect(rootOf.get(hashes[message] as Hex), `${batch}/${message} ${bytesToHex(Uint8Array.of(seed))}`).toBe(
        messageHash,
      );
});

test('there was something to break', () => {
  expect(counts.signed).toBeGreaterThan(60);
  expect(counts.sent).toBeGreaterThan(12);
});
