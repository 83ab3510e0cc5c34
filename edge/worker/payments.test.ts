// docs/edge.md#exposure: what a worker keeps, settles and is owed, beside a gateway and a sequencer that may be anything.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import type { Address } from '../../protocol/hex.ts';
import type { UserMessage } from '../../protocol/messages.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { createLogger } from '../../service/process/log.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { until } from '../../test/network/network.fixture.ts';
import type { WorkerAccountFrame } from '../frames.ts';
import { createSigner, hashWorkerAccount, type SignedFor } from '../signing.ts';
import { createAccountTable } from './account-table.ts';
import { createExposure, WRITE_OFF_MS } from './exposure.ts';
import { createKeptAccount } from './kept-account.ts';
import type { WorkerNetwork } from './network.ts';
import { createPayments, type SettleConfig, type WorkerPayments } from './payments.ts';

const REGISTRY: Address = '0x00000000000000000000000000000000000000aa';
const INBOX: Address = '0x00000000000000000000000000000000000000bb';
const GATEWAY = createSigner(`0x${'01'.repeat(32)}`);
const OTHER = createSigner(`0x${'03'.repeat(32)}`);
const WORKER = createSigner(`0x${'02'.repeat(32)}`).address;
const SIGNED_FOR: SignedFor = { domain: createDomain(1, REGISTRY), gateway: GATEWAY.address };
const SETTLE: SettleConfig = {
  sequencerUrl: 'http://127.0.0.1',
  settleWei: 100n,
  maxOwedWei: 500n,
  shareBasisPoints: 8_000,
};

let folder: string;
let store: Store;
let closers: (() => Promise<void>)[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-payments-'));
  store = await openStore(folder);
  closers = [];
});
afterEach(async () => {
  for (const close of closers) await close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function sign(total: bigint, signer = GATEWAY, worker = WORKER): WorkerAccountFrame {
  const hash = hashWorkerAccount(SIGNED_FOR.domain, { gateway: GATEWAY.address, worker, total });
  return { total: String(total), signature: signer.sign(hash) };
}

type Sent = UserMessage['kind'];

/** A network whose gateway account has `funds`, and that pays the worker from it. */
function createNetwork(funds: bigint, chainId = 1) {
  const state = { funds, settled: 0n, balance: 0n, sent: [] as Sent[] };
  const network: WorkerNetwork = {
    chain: async () => ({ chainId, contracts: { inbox: INBOX, gatewayRegistry: REGISTRY }, minGasPrice: 0n }),
    settled: async () => state.settled,
    balance: async () => state.balance,
    prices: async (model) => (model === 'm' ? { inputPrice: 1n, outputPrice: 2n } : undefined),
    send: async (request) => {
      state.sent.push(request.kind);
      if (request.kind === 'Withdraw') {
        state.balance -= request.amount;
        return { amountWei: request.amount };
      }
      if (request.kind !== 'Settle') throw new Error(request.kind);
      const due = request.total - state.settled;
      const amountWei = due < state.funds ? due : state.funds;
      if (amountWei === 0n) throw new MizuError({ code: 'message/nothing-to-settle', message: 'nothing' });
      state.funds -= amountWei;
      state.settled += amountWei;
      state.balance += amountWei;
      return { amountWei };
    },
  };
  return { state, network };
}

function open(network: WorkerNetwork | undefined, settle: SettleConfig | undefined = SETTLE): WorkerPayments {
  const payments = createPayments({
    worker: WORKER,
    kept: createKeptAccount(WORKER, createAccountTable(store)),
    settle,
    network,
    log: createLogger('test', 'silent'),
    now: () => 0,
    onChange: () => undefined,
  });
  closers.push(payments.close);
  payments.connected(SIGNED_FOR, 8_000);
  return payments;
}

test('the highest account that the gateway has signed is kept, over a restart too', async () => {
  const kept = createKeptAccount(WORKER, createAccountTable(store));
  expect(await kept.of(SIGNED_FOR)).toBeUndefined();
  expect(await kept.take(SIGNED_FOR, sign(70n))).toBe(true);
  expect(await kept.take(SIGNED_FOR, sign(60n))).toBe(true);
  for (const bad of [
    sign(80n, OTHER),
    sign(80n, GATEWAY, OTHER.address),
    { ...sign(80n), total: '81' },
    { ...sign(80n), total: '080' },
    { ...sign(80n), total: 80 as never },
    { ...sign(80n), signature: '0x' as const },
    { total: '80' } as never,
  ])
    expect(await kept.take(SIGNED_FOR, bad)).toBe(false);
  const again = createKeptAccount(WORKER, createAccountTable(store));
  const { signature } = sign(70n);
  expect(await again.of(SIGNED_FOR)).toEqual({
    gateway: GATEWAY.address,
    worker: WORKER,
    total: 70n,
    accountSignature: signature,
  });
  expect(await again.of({ ...SIGNED_FOR, gateway: OTHER.address })).toBeUndefined();
});

test('it settles from a threshold on, and withdraws from another', async () => {
  const { state, network } = createNetwork(1_000n);
  const withdraw = { to: INBOX, wei: 150n };
  const payments = open(network, { ...SETTLE, withdraw });
  await payments.received(sign(99n));
  await payments.received(sign(120n));
  await until('settled', async () => state.settled === 120n);
  await payments.received(sign(230n));
  await until('withdrawn', async () => state.balance === 0n && state.settled === 230n);
  expect(state.sent).toEqual(['Settle', 'Settle', 'Withdraw']);
});

test('a gateway that has no money left is worked for up to the bound, and again when it has paid', async () => {
  const { state, network } = createNetwork(0n);
  const payments = open(network);
  await payments.received(sign(500n));
  expect(payments.takesWork()).toBe(true);
  await payments.received(sign(501n));
  expect(payments.takesWork()).toBe(false);
  state.funds = 300n;
  await until('paid', async () => payments.takesWork());
  expect(state.settled).toBe(300n);
});

test('a gateway that signs nothing is worked for up to the bound as well', async () => {
  const { network } = createNetwork(0n);
  const payments = open(network);
  // 250 tokens at 1 and 190 at 2, of which eight tenths are the worker's: 504 wei.
  payments.answered('m', { input: 250, output: 190 });
  await until('the bound', async () => !payments.takesWork());
  await payments.received(sign(4n));
  expect(payments.takesWork()).toBe(false);
  const bare = open(undefined, undefined);
  bare.answered('m', { input: 10_000, output: 10_000 });
  expect(bare.takesWork()).toBe(true);
});

test('nothing is done for a gateway that gives less than the worker counts with, or for a model that nobody pays for', async () => {
  const { network } = createNetwork(0n);
  const payments = open(network);
  for (const given of [7_999, undefined as never, 'all' as never]) {
    payments.connected(SIGNED_FOR, given);
    expect(payments.takesWork()).toBe(false);
  }
  payments.connected(SIGNED_FOR, 8_000);
  expect(payments.takesWork()).toBe(true);
  payments.answered('unknown', { input: 1, output: 1 });
  await until('noticed', async () => !payments.takesWork());
});

test('nothing is settled for a gateway of another network than the sequencer', async () => {
  const { state, network } = createNetwork(1_000n, 2);
  const payments = open(network);
  await payments.received(sign(200n));
  await until('noticed', async () => !payments.takesWork());
  expect(state.sent).toEqual([]);
});

test('the oldest answers are signed first, and what is not signed in a day is written off', () => {
  let now = 0;
  const exposure = createExposure(() => now);
  exposure.answered(50n);
  now += 3_600_000;
  exposure.answered(30n);
  exposure.signed(60n);
  expect(exposure.unsigned()).toBe(20n);
  exposure.answered(1n);
  now = WRITE_OFF_MS;
  expect(exposure.unsigned()).toBe(21n);
  exposure.signed(100n);
  expect(exposure.unsigned()).toBe(0n);
  exposure.answered(7n);
  now += WRITE_OFF_MS;
  expect(exposure.unsigned()).toBe(0n);
});
