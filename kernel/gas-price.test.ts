// docs/kernel.md#gas-price: who offers less than the least price is refused for nothing; a run keeps its price for life.
import { beforeEach, expect, test } from 'vitest';
import { MAX_GAS_PRICE } from '../protocol/constants.ts';
import { hashWorkflow } from '../protocol/definition.ts';
import { encodeInputs, encodeMessage, hashRun, type Message, type UserMessage } from '../protocol/messages.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { objectRef } from '../protocol/tree.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import {
  ALICE,
  BOB,
  certify,
  createWorld,
  deployMessage,
  GAS_PRICE,
  GATEWAY,
  inferStage,
  MODEL,
  makeDefinition,
  PARTITIONS,
  resultMessage,
  runMessage,
  START,
  sign,
  type UnsignedMessage,
  type World,
} from '../test/kernel/world.fixture.ts';
import { itemGas } from './fees.ts';
import { createGenesis } from './genesis.ts';
import { accountKey, configKey, feesKey, runKey } from './keys.ts';
import { accountRecord, configRecord, feesRecord, runRecord } from './records.ts';

const STAGES = [inferStage(0xffff, { sink: true })];
const WORKFLOW = hashWorkflow(makeDefinition(STAGES));
const RUN = hashRun(ALICE.address, 1n, WORKFLOW);
const FUNDS = 10n ** 15n;
const RESULT = objectRef(new TextEncoder().encode('result'));
const TOKENS_WEI = 10n * 5n + 20n * 7n;

let world: World;
beforeEach(async () => {
  world = await createWorld(nativeEngine);
  world.deposit(ALICE.address, FUNDS);
  world.deposit(GATEWAY.address, FUNDS);
});

const balance = async (of = ALICE) => (await world.read(accountKey(of.address), accountRecord))?.balance ?? 0n;
const fees = async () => (await world.read(feesKey(), feesRecord))?.fees ?? 0n;
const changed = (price: bigint) => world.apply({ kind: 'GasPriceChanged', price }, 'l1').receipt;
const messageGasOf = (message: Message) => 250_000n + 1_000n * BigInt(encodeMessage(message).length);
const withdrawal = (nonce: bigint, gasPrice: bigint) =>
  sign(ALICE, { kind: 'Withdraw', nonce, gasPrice, recipient: BOB.address, amount: 1n });

function refusedFree(message: Message, error: string, origin: 'sequencer' | 'l1' = 'sequencer'): void {
  const before = decodeStateLeaf(world.leaf).stateRoot;
  const { receipt } = world.apply(message, origin);
  expect(receipt).toMatchObject({ kind: message.kind, ok: false, error });
  expect(receipt.feeWei).toBeUndefined();
  expect(decodeStateLeaf(world.leaf).stateRoot).toBe(before);
}

async function startRun(gasPrice: bigint): Promise<void> {
  expect(world.apply(await deployMessage(ALICE, 0n, makeDefinition(STAGES))).receipt.ok).toBe(true);
  const message = await runMessage(ALICE, 1n, { workflow: WORKFLOW, gasPrice });
  expect(world.apply(message).receipt).toMatchObject({ ok: true, run: RUN });
}

const resultOf = (nonce: bigint, partition: number, attempt = 0) =>
  resultMessage(nonce, [
    {
      ...{ run: RUN, stage: 0, partition, attempt, requestRoot: PARTITIONS[partition]!.root, model: MODEL },
      ...{ resultRoot: RESULT.root, resultLength: RESULT.length, inputTokens: 10n, outputTokens: 20n },
    },
  ]);

test('every user message below the least price is refused and charges nobody, whoever signs it', async () => {
  const inputs = encodeInputs(PARTITIONS, await certify(PARTITIONS));
  const bodies: UnsignedMessage[] = [
    { kind: 'Deploy', nonce: 0n, maxFee: FUNDS, definition: new Uint8Array(3) },
    { kind: 'Cancel', nonce: 0n, run: RUN },
    { kind: 'Withdraw', nonce: 0n, recipient: BOB.address, amount: 1n },
    { kind: 'Renew', nonce: 0n, run: RUN, objects: inputs },
  ];
  const run = await runMessage(ALICE, 0n, { gasPrice: GAS_PRICE - 1n });
  for (const message of [run, ...(await Promise.all(bodies.map((body) => sign(ALICE, { ...body, gasPrice: 2n }))))])
    refusedFree(message, 'gasPrice: expected at least 3, got 2');
  const signed = (await withdrawal(0n, 2n)) as UserMessage & { kind: 'Withdraw' };
  // The price is signed: nobody else can raise it.
  const { error } = world.apply({ ...signed, gasPrice: 3n }).receipt;
  expect(error).toMatch(/^signer: expected 0x/);
});

test('a message pays its own price, and one that no account could ever pay is refused', async () => {
  const before = await balance();
  const message = await withdrawal(0n, 11n);
  const fee = messageGasOf(message) * 11n;
  expect(world.apply(message).receipt).toMatchObject({ ok: true, feeWei: String(fee) });
  expect(await balance()).toBe(before - fee - 1n);
  expect(await fees()).toBe(fee);
  const most = await withdrawal(1n, MAX_GAS_PRICE);
  const due = messageGasOf(most) * MAX_GAS_PRICE;
  refusedFree(most, `balance: expected at least the fee of ${due}, got ${await balance()}`);
  refusedFree(await withdrawal(1n, MAX_GAS_PRICE + 1n), 'gasPrice: expected below 2^96, got more');
  refusedFree(await withdrawal(1n, 2n ** 256n - 1n), 'gasPrice: expected below 2^96, got more');
});

test('L1 sets the least price for all messages behind it, and the rest of the record stays', async () => {
  const before = await world.read(configKey(), configRecord);
  expect(changed(5n)).toMatchObject({ kind: 'GasPriceChanged', ok: true, amountWei: '5' });
  expect(await world.read(configKey(), configRecord)).toEqual({ ...before, minGasPrice: 5n });
  refusedFree(await withdrawal(0n, 4n), 'gasPrice: expected at least 5, got 4');
  expect(world.apply(await withdrawal(0n, 5n)).receipt.ok).toBe(true);
  expect(changed(1n).ok).toBe(true);
  expect(world.apply(await withdrawal(1n, 1n)).receipt.ok).toBe(true);
  expect(changed(MAX_GAS_PRICE).ok).toBe(true);
  expect(await world.read(configKey(), configRecord)).toEqual({ ...before, minGasPrice: MAX_GAS_PRICE });
  refusedFree({ kind: 'GasPriceChanged', price: 5n }, 'origin: expected L1, got sequencer');
  refusedFree({ kind: 'GasPriceChanged', price: MAX_GAS_PRICE + 1n }, 'price: expected below 2^96, got more', 'l1');
});

test('a run keeps its price: its items, and its expiry, cost the same when the least price has risen', async () => {
  await startRun(4n);
  expect(await world.read(runKey(RUN), runRecord)).toMatchObject({ gasPrice: 4n });
  changed(1_000n);
  const before = await fees();
  const gas = itemGas({ sink: true, signatures: 4, items: 1, resultLength: RESULT.length });
  expect(world.apply(await resultOf(1n, 0)).receipt.items?.[0]).toMatchObject({ ok: true });
  expect(await fees()).toBe(before + gas * 4n);
  expect(await world.read(runKey(RUN), runRecord)).toMatchObject({ spent: gas * 4n + TOKENS_WEI, gasPrice: 4n });
  world.time = START + 3601n;
  expect(world.apply({ kind: 'Expire', run: RUN }).receipt).toMatchObject({ feeWei: String(250_000n * 4n) });
});

test('what an item may cost counts at the price of its run', async () => {
  world.apply(await deployMessage(ALICE, 0n, makeDefinition(STAGES)));
  const told = TOKENS_WEI + 10n * BigInt(RESULT.length) * 100n;
  const bounds = { workflow: WORKFLOW, gasPrice: 100n, maxItemCost: told - 1n };
  expect(world.apply(await runMessage(ALICE, 1n, bounds)).receipt.ok).toBe(true);
  expect(world.apply(await resultOf(1n, 0)).receipt.items?.[0]).toMatchObject({
    error: `cost: expected at most maxItemCost ${told - 1n}, got ${told}`,
  });
});

test('a gateway pays the least price of now for items that are not taken, whatever their run pays', async () => {
  await startRun(1_000n);
  changed(7n);
  const before = await balance(GATEWAY);
  expect(world.apply(await resultOf(1n, 0, 9)).receipt.items?.[0]).toMatchObject({ ok: false });
  expect(await balance(GATEWAY)).toBe(before - 250_000n * 7n);
});

test('a network does not begin with a price that no message could offer', async () => {
  const config = {
    ...{ chainId: 1, inboxDomain: RESULT.root, daDomain: RESULT.root, gatewayDomain: RESULT.root },
    ...{ retention: 1n, committeeOverlap: 1n, committee: { epoch: 0n, threshold: 1, members: [ALICE.address] } },
  };
  await expect(createGenesis({ ...config, minGasPrice: MAX_GAS_PRICE + 1n })).rejects.toThrow('below 2^96');
  await expect(createGenesis({ ...config, minGasPrice: MAX_GAS_PRICE })).resolves.toBeDefined();
});
