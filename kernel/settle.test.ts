import type { PrivateKeyAccount } from 'viem/accounts';
import { beforeEach, expect, test } from 'vitest';
import type { Address } from '../protocol/hex.ts';
import { encodeMessage, type UserMessage, type WorkerAccount } from '../protocol/messages.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import { totalOf } from '../test/kernel/total.fixture.ts';
import {
  ALICE,
  account,
  BOB,
  createWorld,
  GAS_PRICE,
  GATEWAY,
  sign,
  type World,
  workerAccount,
} from '../test/kernel/world.fixture.ts';
import { accountKey, countersKey, settledKey } from './keys.ts';
import { accountRecord, countersRecord, settledRecord } from './records.ts';

const WORKER = account(21);
/** 263 bytes, and a second signature. */
const FEE = (250_000n + 263_000n + 75_000n) * GAS_PRICE;
const EARNED = 10n * FEE;
let world: World;

beforeEach(async () => {
  world = await createWorld(nativeEngine);
  world.deposit(GATEWAY.address, 100n * FEE);
});

const balance = async ({ address }: { address: Address }) =>
  (await world.read(accountKey(address), accountRecord))?.balance ?? 0n;
const nonce = async ({ address }: { address: Address }) =>
  (await world.read(accountKey(address), accountRecord))?.nonce ?? 0n;
const settled = async (worker: PrivateKeyAccount, gateway = GATEWAY) =>
  (await world.read(settledKey(gateway.address, worker.address), settledRecord))?.settled;
const settle = async (sender: PrivateKeyAccount, given: WorkerAccount): Promise<UserMessage> =>
  sign(sender, { kind: 'Settle', nonce: await nonce(sender), ...given });
const sum = () =>
  totalOf(
    world,
    [ALICE, BOB, WORKER, GATEWAY].map(({ address }) => address),
    [],
  );

/** Refused for this reason, with no change of the state. */
async function refusedFree(message: UserMessage, error: string): Promise<void> {
  const before = decodeStateLeaf(world.leaf).stateRoot;
  const { receipt } = world.apply(message);
  expect(receipt).toMatchObject({ kind: 'Settle', ok: false, error });
  expect(receipt.feeWei).toBeUndefined();
  expect(decodeStateLeaf(world.leaf).stateRoot).toBe(before);
}

/** Refused for this reason; the sender has paid the fee, and nothing is settled. */
async function refusedPaid(sender: PrivateKeyAccount, message: UserMessage, error: string): Promise<void> {
  const [before, used] = [await balance(sender), await nonce(sender)];
  const { receipt } = world.apply(message);
  expect(receipt).toMatchObject({ ok: false, error, feeWei: String(FEE) });
  expect(receipt.amountWei).toBeUndefined();
  expect(await balance(sender)).toBe(before - FEE);
  expect(await nonce(sender)).toBe(used + 1n);
}

test('a worker with an empty account settles, and withdraws what is left after the fees', async () => {
  const message = await settle(WORKER, await workerAccount(WORKER.address, EARNED));
  expect(encodeMessage(message)).toHaveLength(263);
  const { receipt } = world.apply(message);
  expect(receipt).toEqual({
    kind: 'Settle',
    ok: true,
    sender: WORKER.address.toLowerCase(),
    nonce: 0,
    feeWei: String(FEE),
    account: WORKER.address.toLowerCase(),
    amountWei: String(EARNED),
  });
  expect(await balance(WORKER)).toBe(EARNED - FEE);
  expect(await balance(GATEWAY)).toBe(100n * FEE - EARNED);
  expect(await settled(WORKER)).toBe(EARNED);
  const withdrawal = { kind: 'Withdraw', nonce: 1n, recipient: BOB.address, amount: 5n } as const;
  expect(world.apply(await sign(WORKER, withdrawal)).receipt).toMatchObject({ ok: true, withdrawal: 0 });
  expect((await world.read(countersKey(), countersRecord))?.withdrawals).toBe(1n);
  expect(await sum()).toBe(100n * FEE);
});

test('a total counts from the beginning: a replay and a lower one pay nothing, a higher one the rest', async () => {
  world.deposit(ALICE.address, 10n * FEE);
  world.apply(await settle(ALICE, await workerAccount(WORKER.address, 70n)));
  expect(await balance(WORKER)).toBe(70n);
  for (const total of [70n, 69n, 0n]) {
    const message = await settle(ALICE, await workerAccount(WORKER.address, total));
    await refusedPaid(ALICE, message, `total: expected more than 70, got ${total}`);
  }
  const { receipt } = world.apply(await settle(ALICE, await workerAccount(WORKER.address, 75n)));
  expect(receipt).toMatchObject({ ok: true, amountWei: '5' });
  expect([await balance(WORKER), await settled(WORKER)]).toEqual([75n, 75n]);
});

test('a gateway that has less pays what it has, and the rest when it has it', async () => {
  world.deposit(ALICE.address, 10n * FEE);
  const given = await workerAccount(WORKER.address, 130n * FEE);
  expect(world.apply(await settle(ALICE, given)).receipt).toMatchObject({ ok: true, amountWei: String(100n * FEE) });
  expect([await balance(GATEWAY), await settled(WORKER)]).toEqual([0n, 100n * FEE]);
  await refusedPaid(ALICE, await settle(ALICE, given), 'balance of the gateway: expected more than 0, got 0');
  world.deposit(GATEWAY.address, 50n * FEE);
  expect(world.apply(await settle(ALICE, given)).receipt).toMatchObject({ ok: true, amountWei: String(30n * FEE) });
  expect([await balance(GATEWAY), await settled(WORKER)]).toEqual([20n * FEE, 130n * FEE]);
});

test('only the gateway can sign an account, for the one worker, of the one gateway', async () => {
  world.deposit(ALICE.address, 10n * FEE);
  world.deposit(BOB.address, FEE);
  const good = await workerAccount(WORKER.address, 70n);
  const forged = await workerAccount(WORKER.address, 70n, GATEWAY, BOB);
  const signer = `account signer: expected ${GATEWAY.address.toLowerCase()}, got ${BOB.address.toLowerCase()}`;
  await refusedPaid(ALICE, await settle(ALICE, forged), signer);
  for (const changed of [{ total: 71n }, { worker: ALICE.address }])
    await refusedPaid(ALICE, await settle(ALICE, { ...good, ...changed }), expect.stringMatching(/^account signer: /));
  await refusedPaid(
    ALICE,
    await settle(ALICE, { ...good, gateway: BOB.address }),
    expect.stringMatching(/^account signer: /),
  );
  expect([await settled(WORKER), await balance(WORKER)]).toEqual([undefined, 0n]);
});

test('who cannot pay the fee after the payment is refused, and nothing changes', async () => {
  const tooLittle = await settle(WORKER, await workerAccount(WORKER.address, FEE - 1n));
  await refusedFree(tooLittle, `balance: expected at least the fee of ${FEE}, got ${FEE - 1n}`);
  const stranger = await settle(BOB, await workerAccount(WORKER.address, EARNED));
  await refusedFree(stranger, `balance: expected at least the fee of ${FEE}, got 0`);
  const unsigned = await settle(WORKER, await workerAccount(WORKER.address, EARNED, GATEWAY, BOB));
  await refusedFree(unsigned, `balance: expected at least the fee of ${FEE}, got 0`);
  // The gateway's own fee comes after what it pays.
  const own = await settle(GATEWAY, await workerAccount(WORKER.address, 100n * FEE));
  await refusedFree(own, `balance: expected at least the fee of ${FEE}, got 0`);
  const { receipt } = world.apply(await settle(WORKER, await workerAccount(WORKER.address, FEE)));
  expect(receipt).toMatchObject({ ok: true, amountWei: String(FEE) });
  expect(await balance(WORKER)).toBe(0n);
});

test('a gateway settles for a worker, and with itself, where nothing moves but the fee', async () => {
  world.apply(await settle(GATEWAY, await workerAccount(WORKER.address, 99n * FEE)));
  expect([await balance(WORKER), await balance(GATEWAY)]).toEqual([99n * FEE, 0n]);
  world.deposit(GATEWAY.address, FEE);
  const { receipt } = world.apply(await settle(GATEWAY, await workerAccount(GATEWAY.address, 5n)));
  expect(receipt).toMatchObject({ ok: true, amountWei: '5' });
  expect([await balance(GATEWAY), await settled(GATEWAY)]).toEqual([0n, 5n]);
  expect(await sum()).toBe(101n * FEE);
});

test('any account is good for what it signs: also one that is no gateway of the registry, up to 2^256 - 1', async () => {
  world.deposit(ALICE.address, 3n * FEE);
  const given = await workerAccount(WORKER.address, 2n ** 256n - 1n, ALICE);
  expect(world.apply(await settle(WORKER, given)).receipt).toMatchObject({ ok: true, amountWei: String(3n * FEE) });
  expect(await settled(WORKER, ALICE)).toBe(3n * FEE);
  expect(await sum()).toBe(103n * FEE);
});

test('a message of another length, nonce or signature is refused for nobody’s money', async () => {
  world.deposit(ALICE.address, FEE);
  const message = await settle(ALICE, await workerAccount(WORKER.address, 5n));
  const bytes = encodeMessage(message);
  expect(world.apply(bytes.subarray(0, 262)).receipt.error).toBe('message: expected bytes of 263, got 262');
  const late = await sign(ALICE, { kind: 'Settle', nonce: 3n, ...(await workerAccount(WORKER.address, 5n)) });
  await refusedFree(late, 'nonce: expected 0, got 3');
  // What the account's signature is stands in what the sender has signed.
  const { accountSignature } = await workerAccount(WORKER.address, 6n);
  await refusedFree({ ...message, accountSignature } as UserMessage, expect.stringMatching(/^signer: expected /));
});
