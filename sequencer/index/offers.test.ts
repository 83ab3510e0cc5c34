// docs/rpc.md: what a run pays for an item, as its gateway is told and as the kernel takes it.

import { beforeEach, expect, test } from 'vitest';
import { itemGas, resultGas } from '../../kernel/fees.ts';
import { committeeKey, configKey, modelKey, progressKey, runKey, taskKey } from '../../kernel/keys.ts';
import {
  committeeRecord,
  configRecord,
  modelRecord,
  progressRecord,
  runRecord,
  taskRecord,
} from '../../kernel/records.ts';
import { hashWorkflow } from '../../protocol/definition.ts';
import type { Hex } from '../../protocol/hex.ts';
import { hashRun } from '../../protocol/messages.ts';
import { nativeEngine } from '../../test/kernel/engine.fixture.ts';
import { createXorshift } from '../../test/kernel/random.fixture.ts';
import {
  ALICE,
  createWorld,
  deployMessage,
  GAS_PRICE,
  GATEWAY,
  INPUT_PRICE,
  inferStage,
  MODEL,
  makeDefinition,
  OUTPUT_PRICE,
  PARTITIONS,
  resultMessage,
  runMessage,
  type World,
} from '../../test/kernel/world.fixture.ts';
import { createOffers, isAnyTaken } from './offers.ts';
import { openAttemptOf, type StateReader } from './state.ts';

const DEFINITION = makeDefinition([inferStage(0xffff, { sink: true })]);
const WORKFLOW = hashWorkflow(DEFINITION);
/** The fee of an item that is alone in its message, which all four members have signed. */
const ALONE = itemGas({ sink: true, signatures: 5, items: 1, resultLength: 0 }) * GAS_PRICE;
const BYTE = resultGas(1n) * GAS_PRICE;
let world: World;
let state: StateReader;

beforeEach(async () => {
  world = await createWorld(nativeEngine);
  world.deposit(ALICE.address, 10n ** 18n);
  world.apply(await deployMessage(ALICE, 0n, DEFINITION));
  state = {
    run: (id: Hex) => world.read(runKey(id), runRecord),
    openAttempt: async (run: Hex, stage: number, partition: number) =>
      openAttemptOf(
        await world.read(taskKey(run, stage, partition), taskRecord),
        await world.read(progressKey(run, stage), progressRecord),
      ),
    model: (id: Hex) => world.read(modelKey(id), modelRecord),
    config: async () => (await world.read(configKey(), configRecord))!,
    committee: async () => (await world.read(committeeKey(), committeeRecord))!,
    formerCommittee: async () => undefined,
  } satisfies Partial<StateReader> as unknown as StateReader;
});

async function start(limits: { maxCost: bigint; maxItemCost?: bigint; maxInferenceCost?: bigint }, nonce: bigint) {
  const { receipt } = world.apply(await runMessage(ALICE, nonce, { workflow: WORKFLOW, ...limits }));
  expect(receipt.error).toBeUndefined();
  return hashRun(ALICE.address, nonce, WORKFLOW);
}

async function send(run: Hex, nonce: bigint, told: { length: number; inputTokens: bigint; outputTokens: bigint }) {
  const { length: resultLength, ...tokens } = told;
  const request = PARTITIONS[0]!.root;
  const names = { run, stage: 0, partition: 0, attempt: 0, model: MODEL, requestRoot: request, resultRoot: request };
  const message = await resultMessage(nonce, [{ ...names, resultLength, ...tokens }]);
  if (message.kind !== 'InferenceResult') throw new Error('unreachable');
  const foreseen = await isAnyTaken(state, message);
  return { foreseen, taken: world.apply(message).receipt.items![0]!.ok };
}

test('an offer is the least of the limits, and none where a result without rows is above it', async () => {
  const offer = async (limits: Parameters<typeof start>[0], nonce: bigint) =>
    createOffers(state, GATEWAY.address)(await start(limits, nonce), MODEL);
  const left = (escrow: bigint, inference = escrow) => ({
    escrowLeft: String(escrow),
    inferenceLeft: String(inference),
    itemFee: String(ALONE),
  });
  const prices = { inputPrice: String(INPUT_PRICE), outputPrice: String(OUTPUT_PRICE), bytePrice: String(BYTE) };
  const least = 256n * BYTE;
  const maxCost = ALONE + least;
  expect(await offer({ maxCost, maxItemCost: 10n ** 9n }, 1n)).toEqual({
    maxCost: String(least),
    ...prices,
    ...left(maxCost),
  });
  expect(await offer({ maxCost: maxCost - 1n }, 2n)).toBeUndefined();
  expect(await offer({ maxCost: 0n }, 3n)).toBeUndefined();
  const much = { maxCost: 10n ** 12n, maxItemCost: 10n ** 9n };
  expect(await offer({ ...much, maxInferenceCost: 10n ** 8n }, 4n)).toEqual({
    maxCost: String(10n ** 8n),
    ...prices,
    ...left(10n ** 12n, 10n ** 8n),
  });
  expect(await offer(much, 5n)).toEqual({ maxCost: String(10n ** 9n), ...prices, ...left(10n ** 12n) });
  expect(await offer({ ...much, maxItemCost: least - 1n }, 6n)).toBeUndefined();
});

test.each([1, 2, 3])('what fits an offer is taken, and what is taken is foreseen, seed %i', async (seed) => {
  const random = createXorshift(seed);
  const seen = new Set<string>();
  for (let nonce = 1n; nonce <= 20n; nonce++) {
    const maxCost = ALONE + BigInt(random(2_000_000)) * (random(3) === 0 ? 100n : 1n);
    const limit = () => BigInt(random(3_000_000));
    const run = await start({ maxCost, maxItemCost: limit(), maxInferenceCost: limit() }, nonce);
    const offer = await createOffers(state, GATEWAY.address)(run, MODEL);
    const most = BigInt(offer?.maxCost ?? 0);
    const length = random(Number(most / BYTE) + 1);
    const left = most - BigInt(length) * BYTE;
    const inputTokens = left / INPUT_PRICE;
    const outputTokens = (left - inputTokens * INPUT_PRICE) / OUTPUT_PRICE;
    // It goes a little beyond the offer. That is for the dearest message, so some of these items are taken.
    const more = random(4) * random(50_000);
    const { foreseen, taken } = await send(run, nonce, { length: length + more, inputTokens, outputTokens });
    if (offer !== undefined && more === 0) expect(taken).toBe(true);
    expect(foreseen).toBe(taken);
    seen.add(`${more === 0} ${taken}`);
  }
  expect(seen).toContain('true true');
  expect(seen).toContain('false false');
});
