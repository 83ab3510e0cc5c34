// docs/rpc.md#errors, docs/operations.md#priority: what is taken at which price of gas, and in which order it is executed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Address } from '../../protocol/hex.ts';
import { encodeMessage, type UserMessage } from '../../protocol/messages.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { ALICE, account, BOB, DOMAINS, sign } from '../../test/kernel/world.fixture.ts';
import type { StateReader } from '../index/state.ts';
import { openTables, type Tables } from '../index/tables.ts';
import { type Admission, openAdmission } from './admission.ts';

const CAROL = account(5);
const domains = { inbox: DOMAINS.inbox, registry: DOMAINS.gateway, committee: DOMAINS.da };

let folder: string;
let store: Store;
let tables: Tables;
let admission: Admission;
let minGasPrice: bigint;
let nonces: Map<string, bigint>;

const stateOf = () =>
  ({
    account: async (address: Address) => ({ nonce: nonces.get(address.toLowerCase()) ?? 0n, balance: 10n ** 12n }),
    config: async () => ({ minGasPrice, retention: 0n }),
  }) as unknown as StateReader;

const open = () => openAdmission({ store, tables, domains, state: stateOf, limit: 100, onAdmitted: () => undefined });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-admission-'));
  store = await openStore(folder);
  tables = openTables(store);
  minGasPrice = 3n;
  nonces = new Map();
  admission = await open();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const withdrawal = (by: typeof ALICE, nonce: bigint, gasPrice: bigint) =>
  sign(by, { kind: 'Withdraw', nonce, gasPrice, recipient: BOB.address, amount: 1n });
const admit = (message: UserMessage) => admission.admit(encodeMessage(message));

/** Executes what waits; the result is who has sent it and at which price. */
async function drain(): Promise<string[]> {
  const order: string[] = [];
  for (;;) {
    const next = await admission.next();
    if (next === undefined) return order;
    const { message } = next.received;
    if (message?.kind !== 'Withdraw') throw new Error('not a withdrawal');
    const name = message.sender.toLowerCase() === ALICE.address.toLowerCase() ? 'alice' : 'other';
    order.push(`${name} ${message.nonce} at ${message.gasPrice}`);
    nonces.set(message.sender.toLowerCase(), message.nonce + 1n);
    admission.settle(next.sequence);
  }
}

test('a message below the minimum is refused, and the error names the minimum', async () => {
  await expect(admit(await withdrawal(ALICE, 0n, 2n))).rejects.toMatchObject({
    code: 'message/gas-price-too-low',
    expected: "a gasPrice of at least 3 wei, the network's minimum",
    actual: '2 wei',
  });
  expect(admission.waiting()).toBe(0);
  await admit(await withdrawal(ALICE, 0n, 3n));
  expect(admission.waiting()).toBe(1);
});

test('its fee is at its own price: a balance that pays the minimum may be too low for more', async () => {
  await expect(admit(await withdrawal(ALICE, 0n, 10n ** 7n))).rejects.toMatchObject({
    code: 'message/balance-too-low',
  });
});

test('a higher price goes first, but never before an earlier message of its own account', async () => {
  for (const nonce of [0n, 1n, 2n]) await admit(await withdrawal(ALICE, nonce, nonce === 2n ? 90n : 3n));
  await admit(await withdrawal(BOB, 0n, 5n));
  await admit(await withdrawal(CAROL, 0n, 7n));
  expect(await drain()).toEqual(['other 0 at 7', 'other 0 at 5', 'alice 0 at 3', 'alice 1 at 3', 'alice 2 at 90']);
});

test('however many pay more, every fourth message is the oldest that waits', async () => {
  await admit(await withdrawal(ALICE, 0n, 3n));
  const rich = Array.from({ length: 8 }, (_, n) => account(20 + n));
  for (const user of rich) await admit(await withdrawal(user, 0n, 50n));
  expect((await drain()).indexOf('alice 0 at 3')).toBe(3);
});

test('when L1 raises the minimum, what waits below it is refused for nothing, and what follows it in its account', async () => {
  const low = await admit(await withdrawal(ALICE, 0n, 3n));
  const behind = await admit(await withdrawal(ALICE, 1n, 9n));
  await admit(await withdrawal(BOB, 0n, 9n));
  minGasPrice = 6n;
  expect(await drain()).toEqual(['other 0 at 9']);
  expect(await tables.refused.get(low.hash)).toMatchObject({
    code: 'message/gas-price-too-low',
    expected: "a gasPrice of at least 6 wei, the network's minimum",
  });
  expect(await tables.refused.get(behind.hash)).toMatchObject({ code: 'message/reordered', expected: 'nonce 0' });
  // The nonce is free again, for the same message too once its price is enough.
  minGasPrice = 2n;
  await admit(await withdrawal(ALICE, 0n, 3n));
  expect(await drain()).toEqual(['alice 0 at 3']);
});

test('the order by price is the same after a restart', async () => {
  await admit(await withdrawal(ALICE, 0n, 3n));
  await admit(await withdrawal(BOB, 0n, 5n));
  admission = await open();
  expect(await drain()).toEqual(['other 0 at 5', 'alice 0 at 3']);
});
