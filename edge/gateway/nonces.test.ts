// docs/edge.md#batches: whatever becomes of processes, folders and clocks, no two batches that leave a gateway have one nonce.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { hashInferenceItems } from '../../protocol/inference.ts';
import { decodeMessage } from '../../protocol/messages.ts';
import { objectRef } from '../../protocol/tree.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { createLogger } from '../../service/process/log.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { createSigner } from '../signing.ts';
import { openOutbox } from './outbox.ts';
import type { FinishedTask } from './task.ts';

const HASH: Hex = `0x${'22'.repeat(32)}`;
const NOW = 1_800_000_000_000;
const OK = { ok: true, step: 1, error: undefined, failedItems: [], paidWei: [] };
const LOST = new MizuError({ code: 'http/unreachable', message: 'down', retryable: true });

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mizu-nonces-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** What left the gateway: the roots of items by nonce. */
type Sent = Map<bigint, Set<Hex>>;

/** What becomes of the batches of one life of a process. */
type Ending =
  /** All are executed. */
  | 'settled'
  /** The first is refused by the kernel, and signed anew. */
  | 'refused'
  /** Nothing is answered: the process ends with what it has signed. */
  | 'unanswered'
  /** The disk takes the first write and says that it has not; then the process ends. */
  | 'write failed';

type Life = {
  readonly folder: string;
  readonly nowMs: number;
  readonly tasks: readonly string[];
  readonly ending: Ending;
};

async function live({ folder, nowMs, tasks, ending }: Life, sent: Sent): Promise<void> {
  const store = await openStore(folder);
  const stop = new AbortController();
  let [settled, refused] = [0, false];
  const outbox = await openOutbox({
    store: ending === 'write failed' ? failing(store, stop) : store,
    sequencer: {
      send: async (bytes) => {
        const message = decodeMessage(bytes);
        if (message.kind !== 'InferenceResult') throw new Error(message.kind);
        const roots = sent.get(message.nonce) ?? new Set();
        sent.set(message.nonce, roots.add(hashInferenceItems(message.items)));
        if (ending === 'unanswered') {
          stop.abort();
          throw LOST;
        }
      },
      getReceipt: async () => {
        if (ending !== 'refused' || refused) return OK;
        refused = true;
        return { ...OK, ok: false, error: 'certificate' };
      },
    },
    putObjects: async (objects, { expiry }) => ({
      refs: objects.map(objectRef),
      certificate: { epoch: 0n, expiry, signers: 0n, signatures: [] },
    }),
    signer: createSigner(`0x${'01'.repeat(32)}`),
    domain: createDomain(1, '0x00000000000000000000000000000000000000aa'),
    retentionSeconds: 1_000,
    accounts: { pay: (_items, write) => write([]) },
    log: createLogger('test', 'silent'),
    now: () => nowMs,
    onSettled: async (keys) => {
      settled += keys.length;
      if (settled >= tasks.length) stop.abort();
    },
  });
  for (const key of tasks) outbox.add(finished(key));
  if (tasks.length === 0) stop.abort();
  await outbox.run(stop.signal);
  await store.close();
}

/** The first write with a nonce reaches the disk, and fails nevertheless. */
function failing(store: Store, stop: AbortController): Store {
  return {
    ...store,
    write: async (operations, options) => {
      await store.write(operations, options);
      if (!operations.some(({ key }) => key.startsWith('nonce!'))) return;
      stop.abort();
      throw new MizuError({ code: 'store/unreadable', message: 'no space left', retryable: true });
    },
  };
}

function finished(key: string): FinishedTask {
  const prices = { maxCost: '100', inputPrice: '5', outputPrice: '7', bytePrice: '1', itemFee: '1' };
  const left = { escrowLeft: '100000', inferenceLeft: '100000', step: 0 };
  const place = { run: HASH, owner: `0x${'0a'.repeat(20)}` as const, stage: 1, partition: 0, attempt: 0 };
  return {
    key,
    info: { ...place, model: HASH, requestRoot: HASH, requestLength: 1, ...prices, ...left },
    result: new TextEncoder().encode(key),
    inputTokens: 3,
    outputTokens: 2,
    workers: [],
  };
}

const twice = (sent: Sent) => [...sent].filter(([, roots]) => roots.size > 1);

// Each life may find the folder as the last one left it, a copy of it that was made before, or none; and its clock
// may stand still, go on, or go back.
const lives = fc.array(
  fc.record({
    data: fc.constantFrom('kept', 'kept', 'lost', 'restored'),
    aheadMs: fc.constantFrom(0, 0, 1, 5_000, -5_000),
    tasks: fc.array(fc.integer({ min: 0, max: 1_000 }).map(String), { maxLength: 3 }),
    ending: fc.constantFrom<Ending>('settled', 'refused', 'unanswered', 'write failed'),
  }),
  { minLength: 2, maxLength: 5 },
);

test('over crashes, refusals, failed writes, lost and restored folders and clocks set back', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(lives, async (all) => {
      const sent: Sent = new Map();
      runs += 1;
      const backup = join(root, `${runs}-backup`);
      let folder = join(root, `${runs}-0`);
      for (const [i, { data, aheadMs, ...life }] of all.entries()) {
        if (data !== 'kept') folder = join(root, `${runs}-${i + 1}`);
        if (data === 'restored' && i > 1) cpSync(backup, folder, { recursive: true });
        await live({ ...life, folder, nowMs: NOW + aheadMs }, sent);
        if (i === 0) cpSync(folder, backup, { recursive: true });
      }
      expect(twice(sent)).toEqual([]);
    }),
    // Nonces of two folders differ by 22 bits of their items: a chance that is not left to a test.
    { numRuns: 14, seed: 11 },
  );
});

test('two processes with one key in one millisecond', async () => {
  const sent: Sent = new Map();
  const lifeOf = (name: string): Life => ({
    folder: join(root, name),
    nowMs: NOW,
    tasks: Array.from({ length: 40 }, (_, i) => `${name}${i}`),
    ending: 'settled',
  });
  await Promise.all([live(lifeOf('a'), sent), live(lifeOf('b'), sent)]);
  expect(sent.size).toBe(4);
  expect(twice(sent)).toEqual([]);
});

test('what is signed anew has a nonce above the refused one, in the millisecond of it too', async () => {
  const sent: Sent = new Map();
  await live({ folder: join(root, 'a'), nowMs: NOW, tasks: ['t'], ending: 'refused' }, sent);
  const [first = 0n, second = 0n] = sent.keys();
  expect(second > first).toBe(true);
  expect(first >> 22n).toBe(BigInt(NOW));
  expect(second >> 22n).toBe(BigInt(NOW) + 1n);
});

test('a nonce that was written before this rule, in milliseconds, is below every later one', async () => {
  const folder = join(root, 'a');
  const store = await openStore(folder);
  await store.write([store.table<bigint>('nonce').put('last', BigInt(NOW) + 7n)]);
  await store.close();
  const sent: Sent = new Map();
  await live({ folder, nowMs: NOW, tasks: ['t'], ending: 'settled' }, sent);
  const [nonce = 0n] = sent.keys();
  expect(nonce > BigInt(NOW) + 7n).toBe(true);
});
