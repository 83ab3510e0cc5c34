// docs/audits.md#gateway: what a gateway that was down for long does about a task that it has planted.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAddress } from 'viem/accounts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Address, Hex } from '../../protocol/hex.ts';
import { createLogger } from '../../service/process/log.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { type FinishedTask, singleUseKey, type TaskInfo } from '../gateway/task.ts';
import { encodeResultLine, encodeResults } from '../rows.ts';
import { createCanaryPlanter } from './planter.ts';
import { type CanaryRecord, type CanaryTable, openCanaryTable } from './record.ts';

const KEY: Hex = `0x${'11'.repeat(32)}`;
const HASH: Hex = `0x${'22'.repeat(32)}`;
const CONTRACT: Address = `0x${'33'.repeat(20)}`;
const OWNER = privateKeyToAddress(KEY).toLowerCase() as Address;
const PLANT_SECONDS = 600n;

const item = { run: HASH, stage: 1, partition: 0, attempt: 0 };
const usage = { prompt_tokens: 1, completion_tokens: 1 };
const lines = ['one', 'other'].map((content, i) => encodeResultLine(i, { content, finish_reason: 'stop', usage }));
const task: FinishedTask = {
  key: singleUseKey(item),
  info: { ...item, owner: OWNER } as TaskInfo,
  result: encodeResults('builtin/small', lines, { input: 2, output: 2 }),
  inputTokens: 2,
  outputTokens: 2,
  workers: [],
};

let folder: string;
let store: Store;
let table: CanaryTable;
let planted: Hex[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-planter-'));
  store = await openStore(folder);
  table = await openCanaryTable(store);
  planted = [];
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function recordOf(plants: number): CanaryRecord {
  const plant = { salt: HASH, commitment: HASH, signature: HASH, at: 1_000n };
  const facts = { item, owner: OWNER, nonce: 0n, workflow: HASH, truth: HASH, fromBatch: 0n };
  return { state: 'planted', ...facts, plants: Array.from({ length: plants }, () => plant) };
}

const planterAt = (now: bigint) =>
  createCanaryPlanter({
    table,
    audits: {
      plantSeconds: PLANT_SECONDS,
      now: async () => now,
      plant: async (commitment) => void planted.push(commitment),
      plantedAt: async (commitment) => (planted.includes(commitment) ? now : undefined),
    },
    items: { count: async () => 0n },
    gateway: CONTRACT,
    chainId: 1,
    contract: CONTRACT,
    accounts: [KEY],
    share: 1,
    backendOf: () => undefined,
    getRequests: async () => new Uint8Array(0),
    getWorkflow: async () => undefined,
    getNonce: async () => 0n,
    pollMs: 1,
    log: createLogger('test', 'silent'),
  });
const prepareAt = (now: bigint) => planterAt(now).prepare(task, new AbortController().signal);

test('a plant that is good for long is left, an older one is followed by another', async () => {
  await table.put(task.key, recordOf(1));
  expect((await prepareAt(1_000n + PLANT_SECONDS / 2n)).result).not.toEqual(task.result);
  expect(planted).toEqual([]);
  expect((await prepareAt(1_001n + PLANT_SECONDS / 2n)).result).not.toEqual(task.result);
  expect(table.get(task.key)?.plants.map(({ commitment }) => commitment)).toEqual([HASH, ...planted]);
  expect(planted).toHaveLength(1);
});

test('a task that is planted no longer is signed as it came', async () => {
  await table.put(task.key, recordOf(16));
  expect(await prepareAt(1_000n + PLANT_SECONDS)).toBe(task);
  expect(planted).toEqual([]);
  expect(table.get(task.key)).toBeUndefined();
});

test('what is kept is there after a restart', async () => {
  await table.put(task.key, recordOf(2));
  expect((await openCanaryTable(store)).all()).toEqual([[task.key, recordOf(2)]]);
});
