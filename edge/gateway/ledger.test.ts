// docs/edge.md#run-money: an outbox and a sequencer that executes and lists whenever it likes; the kernel's limits are
// the escrow and maxInferenceCost.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Hex } from '../../protocol/hex.ts';
import { decodeMessage, type Message } from '../../protocol/messages.ts';
import { keccakHex, objectRef } from '../../protocol/tree.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { createLogger } from '../../service/process/log.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { createSigner } from '../signing.ts';
import { openOutbox } from './outbox.ts';
import type { BatchReceipt } from './sequencer.ts';
import { type FinishedTask, singleUseKey, type TaskInfo } from './task.ts';

type Results = Extract<Message, { kind: 'InferenceResult' }>;
type Run = { escrow: bigint; inference: bigint };

const MODEL: Hex = `0x${'22'.repeat(32)}`;
const [INPUT_PRICE, OUTPUT_PRICE, BYTE_PRICE, ITEM_FEE] = [5n, 7n, 2n, 40n];
const MAX_ITEM_COST = 120n;
const TASKS = 150;
const RUNS = 3;
const seen = { taken: 0, unpaid: 0, restarts: 0 };
const runId = (run: number): Hex => `0x${String(run + 1).repeat(64)}`;

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-ledger-'));
  store = await openStore(folder);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Executes in order what was sent, as many at a time as `random` says, and lists what is left of the runs. */
function createChain(random: (below: number) => number) {
  const runs = new Map<Hex, Run>();
  for (let i = 0; i < RUNS; i++) {
    // The limits bind for about half of the tasks; one limit or the other is reached first.
    const inference = BigInt(1_000 + random(3_000));
    runs.set(runId(i), { escrow: inference + BigInt(random(2_000)), inference });
  }
  const queued: { hash: Hex; message: Results }[] = [];
  const receipts = new Map<Hex, BatchReceipt>();
  let step = 0;
  const executeOne = (): void => {
    const next = queued.shift();
    if (next === undefined) return;
    step += 1;
    for (const { run, resultLength, inputTokens, outputTokens } of next.message.items) {
      const money = runs.get(run) as Run;
      const wei = BigInt(resultLength) * BYTE_PRICE + inputTokens * INPUT_PRICE + outputTokens * OUTPUT_PRICE;
      // The kernel would refuse the item, and the gateway would pay for it.
      expect(wei).toBeLessThanOrEqual(money.inference);
      expect(wei).toBeLessThanOrEqual(MAX_ITEM_COST);
      expect(wei + ITEM_FEE).toBeLessThanOrEqual(money.escrow);
      money.inference -= wei;
      money.escrow -= wei + ITEM_FEE;
      seen.taken += 1;
    }
    receipts.set(next.hash, { ok: true, step, error: undefined, failedItems: [], paidWei: [] });
  };
  return {
    runs,
    send: async (bytes: Uint8Array) => {
      const message = decodeMessage(bytes);
      if (message.kind !== 'InferenceResult') throw new Error(message.kind);
      const hash = keccakHex(bytes);
      const isKnown = receipts.has(hash) || queued.some((one) => one.hash === hash);
      if (!isKnown) queued.push({ hash, message });
    },
    getReceipt: async (hash: Hex) => {
      for (let left = random(3); left > 0; left--) executeOne();
      return receipts.get(hash);
    },
    list: (run: Hex) => {
      const { escrow, inference } = runs.get(run) as Run;
      const [least = 0n] = [escrow - ITEM_FEE, inference, MAX_ITEM_COST].sort((a, b) => Number(a - b));
      return {
        maxCost: String(least < 0n ? 0n : least),
        inputPrice: String(INPUT_PRICE),
        outputPrice: String(OUTPUT_PRICE),
        bytePrice: String(BYTE_PRICE),
        escrowLeft: String(escrow),
        inferenceLeft: String(inference),
        itemFee: String(ITEM_FEE),
        step,
      };
    },
  };
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'no item is signed that its run cannot pay beside the others, seed %i',
  async (seed) => {
    const random = createRandom(seed);
    const chain = createChain(random);
    const infoOf = (partition: number): TaskInfo => {
      const run = runId(random(RUNS));
      const place = { run, owner: `0x${'0a'.repeat(20)}` as const, stage: 1, partition, attempt: 0 };
      return { ...place, model: MODEL, requestRoot: MODEL, requestLength: 1, ...chain.list(run) };
    };
    const finish = (info: TaskInfo): FinishedTask => {
      const result = new Uint8Array(1 + random(30));
      return { key: singleUseKey(info), info, result, inputTokens: random(10), outputTokens: random(10), workers: [] };
    };
    const tasks = new Map<string, FinishedTask>();
    let stop = new AbortController();
    const open = () =>
      openOutbox({
        store,
        sequencer: chain,
        putObjects: async (objects, { expiry }) => ({
          refs: objects.map(objectRef),
          certificate: { epoch: 0n, expiry, signers: 0n, signatures: [] },
        }),
        signer: createSigner(`0x${'01'.repeat(32)}`),
        domain: createDomain(1, '0x00000000000000000000000000000000000000aa'),
        retentionSeconds: 1000,
        accounts: { pay: (_items, write) => write([]) },
        log: createLogger('test', 'silent'),
        onSettled: async (keys, failed) => {
          for (const key of keys) {
            const { info, result } = tasks.get(key) as FinishedTask;
            tasks.delete(key);
            if (failed.length === 0) continue;
            const { escrow, inference } = chain.runs.get(info.run) as Run;
            const wei = BigInt(result.length) * BYTE_PRICE;
            // Nothing of the run is under way then, so the money is really gone.
            expect(wei > inference || wei + ITEM_FEE > escrow).toBe(true);
            seen.unpaid += 1;
          }
          if (tasks.size === 0) stop.abort();
        },
      });
    let outbox = await open();
    // Tasks are listed early and late, finished in another order, and the list comes at any time.
    const infos = Array.from({ length: TASKS }, (_, i) => infoOf(i));
    for (const info of infos) tasks.set(singleUseKey(info), finish(info));
    const waiting = [...tasks.values()].sort(() => random(3) - 1);
    while (tasks.size > 0) {
      const running = outbox.run(stop.signal);
      for (const task of waiting.splice(0, 20 + random(30))) outbox.add(task);
      const old = infos.map((info) => ({ ...info, ...chain.list(info.run) }));
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const info of old) if (random(3) === 0) outbox.note(info);
      if (waiting.length > 0 && random(2) === 0) {
        // After a restart it is known what was signed, but not what that leaves.
        stop.abort();
        await running;
        stop = new AbortController();
        outbox = await open();
        for (const task of tasks.values()) if (!waiting.includes(task)) outbox.add(task);
        seen.restarts += 1;
      } else if (waiting.length === 0) await running;
      else {
        stop.abort();
        await running;
        stop = new AbortController();
      }
    }
  },
);

test('there was something to refuse', () => {
  expect(seen.taken).toBeGreaterThan(100);
  expect(seen.unpaid).toBeGreaterThan(100);
  expect(seen.restarts).toBeGreaterThan(3);
});
