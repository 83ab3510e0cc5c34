// docs/edge.md#worker-accounts: what workers have earned is on the disk with the end of the batch, once, whatever happens.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { objectRef } from '../../protocol/tree.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { createLogger } from '../../service/process/log.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { createSigner, hashWorkerAccount, verifySignature } from '../signing.ts';
import { type Accounts, openAccounts } from './accounts.ts';
import { openOutbox } from './outbox.ts';
import type { FinishedTask } from './task.ts';

const HASH: Hex = `0x${'22'.repeat(32)}`;
const DOMAIN = createDomain(1, '0x00000000000000000000000000000000000000aa');
const GATEWAY = createSigner(`0x${'01'.repeat(32)}`);
const [ANN, BEN] = ['a', 'b'].map((digit): Address => `0x${digit.repeat(40)}`) as [Address, Address];

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-accounts-'));
  store = await openStore(folder);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = (on = store, onPaid: (workers: readonly Address[]) => void = () => undefined): Promise<Accounts> =>
  openAccounts({ store: on, signer: GATEWAY, domain: DOMAIN, basisPoints: 8_000, onPaid });

const finished = (key: string): FinishedTask => {
  const prices = { maxCost: '100000', inputPrice: '5', outputPrice: '7', bytePrice: '1', itemFee: '1' };
  const left = { escrowLeft: '100000', inferenceLeft: '100000', step: 0 };
  const place = { run: HASH, owner: ANN, stage: 1, partition: 0, attempt: 0, model: HASH };
  return {
    key,
    info: { ...place, requestRoot: HASH, requestLength: 1, ...prices, ...left },
    result: new TextEncoder().encode(key),
    inputTokens: 40,
    outputTokens: 20,
    workers: [
      { worker: ANN, inputTokens: 30, outputTokens: 10 },
      { worker: BEN, inputTokens: 10, outputTokens: 10 },
    ],
  };
};

/** A process that answers tasks, and ends as `end` says when its batch is to be settled. */
async function live(tasks: readonly string[], end: 'as it should' | 'killed before' | 'killed after'): Promise<void> {
  const stop = new AbortController();
  const accounts = await open();
  const failing: Store = {
    ...store,
    write: async (operations, options) => {
      const isEnd = operations.some(({ type, key }) => type === 'del' && key.includes('batch'));
      if (!isEnd || end !== 'killed before') await store.write(operations, options);
      if (!isEnd || end === 'as it should') return;
      stop.abort();
      throw new MizuError({ code: 'store/unreadable', message: 'killed', retryable: true });
    },
  };
  let settled = 0;
  const outbox = await openOutbox({
    store: failing,
    sequencer: {
      send: async () => undefined,
      // 40 tokens at 5 and 20 at 7; the second task's item was not taken.
      getReceipt: async () => ({
        ok: true,
        step: 1,
        error: undefined,
        failedItems: [{ item: 1, error: 'run status' }],
        paidWei: [340n, 0n],
      }),
    },
    putObjects: async (objects, { expiry }) => ({
      refs: objects.map(objectRef),
      certificate: { epoch: 0n, expiry, signers: 0n, signatures: [] },
    }),
    signer: GATEWAY,
    domain: DOMAIN,
    retentionSeconds: 1_000,
    accounts,
    log: createLogger('test', 'silent'),
    onSettled: async (keys) => {
      settled += keys.length;
      if (settled >= 2 && end === 'as it should') stop.abort();
    },
  });
  for (const key of tasks) outbox.add(finished(key));
  await outbox.run(stop.signal);
}

test.each([
  ['as it should', 'as it should'],
  ['killed before', 'as it should'],
  ['killed after', undefined],
] as const)('a batch pays its workers once: %s', async (end, then) => {
  await live(['t0', 't1'], end);
  if (end === 'killed before') {
    const before = await open();
    expect(before.total()).toBe(0n);
  }
  if (then !== undefined && end !== then) await live([], then);
  const accounts = await open();
  // 272 wei of 340: 220 of the weight are Ann's and 120 Ben's.
  expect([accounts.earned(ANN), accounts.earned(BEN)]).toEqual([176n, 96n]);
  expect(accounts.total()).toBe(272n);
  expect([...(await entriesOf('batch'))]).toEqual([]);
});

async function entriesOf(table: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of store.table(table).entries()) keys.push(key);
  return keys;
}

test('what it signs is the total since ever, and the worker is told when it grows', async () => {
  const told: Address[][] = [];
  const accounts = await open(store, (workers) => told.push([...workers]));
  expect(accounts.sign(ANN)).toBeUndefined();
  const shares = [{ worker: ANN, weight: 1n }];
  await accounts.pay(
    [
      { paidWei: 100n, shares },
      { paidWei: 50n, shares },
    ],
    store.write,
  );
  await accounts.pay([{ paidWei: 0n, shares }], store.write);
  expect(told).toEqual([[ANN], []]);
  const { total, signature } = accounts.sign(ANN)!;
  expect(total).toBe('120');
  const hash = hashWorkerAccount(DOMAIN, { gateway: GATEWAY.address, worker: ANN, total: 120n });
  expect(verifySignature(hash, signature, GATEWAY.publicKey)).toBe(true);
});

test('after a loss of the data folder it goes on from what the worker shows, if it has signed that', async () => {
  const shares = [{ worker: ANN, weight: 1n }];
  const before = await open();
  await before.pay([{ paidWei: 100n, shares }], store.write);
  const shown = before.sign(ANN)!;
  const lost = mkdtempSync(join(tmpdir(), 'mizu-accounts-'));
  const fresh = await openStore(lost);
  const after = await open(fresh);
  await after.adopt(BEN, shown);
  await after.adopt(ANN, { ...shown, total: '81' });
  expect(after.total()).toBe(0n);
  await after.adopt(ANN, shown);
  await after.pay([{ paidWei: 10n, shares }], fresh.write);
  await after.adopt(ANN, shown);
  expect(after.earned(ANN)).toBe(88n);
  expect((await open(fresh)).earned(ANN)).toBe(88n);
  await fresh.close();
  rmSync(lost, { recursive: true, force: true });
});
