import { beforeEach, expect, test } from 'vitest';
import { hashWorkflow } from '../protocol/definition.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { InferenceItem } from '../protocol/inference.ts';
import { encodeMessage, hashRun } from '../protocol/messages.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { objectRef } from '../protocol/tree.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import { createXorshift } from '../test/kernel/random.fixture.ts';
import { totalOf } from '../test/kernel/total.fixture.ts';
import {
  ALICE,
  account,
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
  sign,
  type World,
} from '../test/kernel/world.fixture.ts';
import { itemGas, resultGas } from './fees.ts';
import { accountKey, feesKey, runKey } from './keys.ts';
import { accountRecord, feesRecord, runRecord } from './records.ts';

const ROGUE = account(99);
const DEFINITION = makeDefinition([inferStage(0xffff, { sink: true })]);
const WORKFLOW = hashWorkflow(DEFINITION);
const COST = 10n * 5n + 3n * 7n;
/** Wei for a byte of a result. */
const BYTE = 10n * GAS_PRICE;
/** Wei for an item's tokens and its one byte. */
const TOLD = COST + BYTE;
/** Wei that the escrow pays beside the tokens: for a task of a sink, and for an item's share of four signatures. */
const taskOf = (items: bigint) => (420_000n + 300_000n / items) * GAS_PRICE;
const TASK = taskOf(3n);
const ALONE = taskOf(1n);
let world: World;
let run: Hex;

beforeEach(async () => {
  world = await createWorld(nativeEngine);
  world.deposit(ALICE.address, 10n ** 15n);
  world.apply(await deployMessage(ALICE, 0n, DEFINITION));
  world.apply({ kind: 'GatewayChanged', gateway: ROGUE.address, active: true }, 'l1');
});

async function start(fields: Parameters<typeof runMessage>[2], nonce = 1n): Promise<void> {
  expect(world.apply(await runMessage(ALICE, nonce, { workflow: WORKFLOW, ...fields })).receipt.error).toBeUndefined();
  run = hashRun(ALICE.address, nonce, WORKFLOW);
}

const item = (partition: number, fields: Partial<InferenceItem> = {}): InferenceItem => {
  const result = objectRef(Uint8Array.of(partition));
  const names = { run, stage: 0, partition, attempt: 0, model: MODEL, requestRoot: PARTITIONS[partition]!.root };
  return { ...names, resultRoot: result.root, resultLength: 1, inputTokens: 10n, outputTokens: 3n, ...fields };
};
const send = async (nonce: bigint, items: readonly InferenceItem[], by = GATEWAY) =>
  world.apply(await resultMessage(nonce, items, by)).receipt.items!.map(({ error }) => error);
const balance = async (address: Address) => (await world.read(accountKey(address), accountRecord))?.balance ?? 0n;

test('a gateway that the run does not name takes nothing of its escrow', async () => {
  await start({ maxCost: 10n ** 10n });
  const rogue = ROGUE.address.toLowerCase();
  expect(await send(1n, [item(0, { outputTokens: 1_000_000_000n })], ROGUE)).toEqual([
    `gateway: expected one of the model, got ${rogue}`,
  ]);
  expect(await send(1n, [item(0)])).toEqual([undefined]);
  await start({ gateways: [ROGUE.address] }, 2n);
  expect(await send(2n, [item(0)])).toEqual([`gateway: expected one of the run, got ${GATEWAY.address.toLowerCase()}`]);
  expect(await send(2n, [item(0)], ROGUE)).toEqual([undefined]);
  expect(await balance(ROGUE.address)).toBe(COST);
});

test('one item costs at most maxItemCost, all of them at most maxInferenceCost, with the task within the escrow', async () => {
  await start({ maxItemCost: TOLD, maxInferenceCost: 2n * TOLD + 1n, maxCost: 3n * (TOLD + TASK) });
  expect(await send(1n, [item(0, { outputTokens: 4n }), item(0, { resultLength: 2 })])).toEqual([
    `cost: expected at most maxItemCost ${TOLD}, got ${TOLD + 7n}`,
    `cost: expected at most maxItemCost ${TOLD}, got ${TOLD + BYTE}`,
  ]);
  expect(await send(2n, [item(0), item(1), item(2)])).toEqual([
    undefined,
    undefined,
    `cost: expected at most the rest of maxInferenceCost 1, got ${TOLD}`,
  ]);
  expect(await world.read(runKey(run), runRecord)).toMatchObject({
    status: 1,
    spent: 2n * (TOLD + TASK),
    inferenceSpent: 2n * TOLD,
    sinkTasks: 3,
    maxItemCost: TOLD,
    maxInferenceCost: 2n * TOLD + 1n,
    gateways: [],
  });
  await start({ maxCost: TOLD + ALONE - 1n }, 2n);
  expect(await send(3n, [item(0)])).toEqual([
    `cost: expected at most the rest of the escrow ${TOLD + ALONE - 1n}, got ${TOLD + ALONE}`,
  ]);
});

test('a result pays for each of its bytes, which everyone keeps, and no wei of it goes to its gateway', async () => {
  await start({ maxCost: 10n ** 13n });
  const fees = async () => (await world.read(feesKey(), feesRecord))!.fees;
  const before = await fees();
  const total = () => totalOf(world, [ALICE.address, GATEWAY.address], [run]);
  const all = await total();
  const lengths = [0, 5_000, 2 ** 26];
  expect(
    await send(
      1n,
      lengths.map((resultLength, partition) => item(partition, { resultLength })),
    ),
  ).toEqual(lengths.map(() => undefined));
  const kept = (5_000n + 2n ** 26n) * BYTE;
  expect([await fees(), await balance(GATEWAY.address), await total()]).toEqual([
    before + 3n * TASK + kept,
    3n * COST,
    all,
  ]);
});

test('2 GiB of results are refused to a run that pays for 15 million gas, and it goes on', async () => {
  const inputs = Array.from({ length: 32 }, (_, n) => objectRef(Uint8Array.of(n, 1)));
  const rest = 15_000_000n * GAS_PRICE;
  await start({ inputs, maxCost: rest });
  const items = inputs.map(({ root }, partition) => ({ ...item(0), partition, requestRoot: root }));
  expect(
    await send(
      1n,
      items.map((one) => ({ ...one, resultLength: 2 ** 26 })),
    ),
  ).toEqual(items.map(() => `cost: expected at most maxItemCost ${rest}, got ${COST + 2n ** 26n * BYTE}`));
  expect(
    await send(
      2n,
      items.map((one) => ({ ...one, resultLength: 1_000 })),
    ),
  ).toEqual(items.map(() => undefined));
  expect((await world.read(runKey(run), runRecord))!.status).toBe(2);
});

test.each([1, 2, 3])('the kernel takes and charges what the fees say, whatever the limits, seed %i', async (seed) => {
  const random = createXorshift(seed);
  const limit = (most: bigint): bigint => (most * BigInt(random(1_000))) / 500n;
  const taken = new Set<boolean>();
  for (let nonce = 1n; nonce <= 24n; nonce++) {
    const resultLength = random(3) === 0 ? 2 ** random(27) : random(2_000);
    const [inputTokens, outputTokens] = [BigInt(random(10_000)), BigInt(random(10_000))];
    const tokens = inputTokens * 5n + outputTokens * 7n;
    const told = tokens + resultGas(BigInt(resultLength)) * GAS_PRICE;
    const whole = tokens + itemGas({ sink: true, signatures: 4, items: 1, resultLength }) * GAS_PRICE;
    const limits = { maxItemCost: limit(told), maxInferenceCost: limit(told), maxCost: limit(whole) };
    await start(limits, nonce);
    const [error] = await send(nonce, [item(0, { resultLength, inputTokens, outputTokens })]);
    const fits = told <= limits.maxItemCost && told <= limits.maxInferenceCost && whole <= limits.maxCost;
    const { spent, inferenceSpent } = (await world.read(runKey(run), runRecord))!;
    expect([error === undefined, spent, inferenceSpent]).toEqual(fits ? [true, whole, told] : [false, 0n, 0n]);
    taken.add(fits);
  }
  expect(taken.size).toBe(2);
});

test('what a gateway sends and nobody takes is paid by it, as far as it has anything', async () => {
  await start({});
  const fees = async () => (await world.read(feesKey(), feesRecord))!.fees;
  const before = await fees();
  const root = decodeStateLeaf(world.leaf).stateRoot;
  await send(1n, [item(0, { attempt: 1 })]);
  expect([await fees(), await balance(GATEWAY.address)]).toEqual([before, 0n]);
  expect(decodeStateLeaf(world.leaf).stateRoot).not.toBe(root);
  world.deposit(GATEWAY.address, 1_000_000n);
  // The base of a message for each of the two: 1,500,000 wei, and it has 1,000,000 and what it earns.
  await send(2n, [item(0), item(1, { attempt: 1 }), item(2, { attempt: 1 })]);
  expect([await fees(), await balance(GATEWAY.address)]).toEqual([before + TASK + BYTE + 1_000_000n + COST, 0n]);
  world.deposit(GATEWAY.address, 10_000_000n);
  await send(3n, [item(1, { attempt: 1 })]);
  expect(await balance(GATEWAY.address)).toBe(10_000_000n - 250_000n * GAS_PRICE);
});

test('a run names at most 8 gateways; its list is signed', async () => {
  const eight = Array.from({ length: 8 }, (_, n) => account(100 + n).address);
  await start({ gateways: eight });
  expect((await world.read(runKey(run), runRecord))!.gateways).toEqual(eight.map((one) => one.toLowerCase()));
  const nine = await runMessage(ALICE, 2n, { workflow: WORKFLOW, gateways: [...eight, ROGUE.address] });
  expect(world.apply(nine).receipt.error).toBe('gateways: expected at most 8, got 9');
  const signed = await runMessage(ALICE, 2n, { workflow: WORKFLOW, gateways: eight });
  const cut = encodeMessage(signed).slice(0, 126 + 145 + 159);
  expect(world.apply(cut).receipt.error).toBe('message: expected bytes of at least 431, got 430');
  if (signed.kind !== 'Run') throw new Error('unreachable');
  for (const change of [{ gateways: [ROGUE.address] }, { maxItemCost: 1n }, { maxInferenceCost: 1n }])
    expect(world.apply({ ...signed, ...change }).receipt.error).toMatch(/^signer: /);
  expect(world.apply(await sign(ALICE, { ...signed, gateways: [ROGUE.address] })).receipt.ok).toBe(true);
});
