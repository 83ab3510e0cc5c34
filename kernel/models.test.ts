// docs/contracts.md#powers: what the model owner can do to a run that goes on, which nothing delays: by random changes,
// the run's own limits hold.
import { expect, test } from 'vitest';
import { hashWorkflow } from '../protocol/definition.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { hashRun, type Message } from '../protocol/messages.ts';
import { objectRef } from '../protocol/tree.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import { createXorshift } from '../test/kernel/random.fixture.ts';
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
} from '../test/kernel/world.fixture.ts';
import { resultGas } from './fees.ts';
import { accountKey, runKey } from './keys.ts';
import { accountRecord, type RunRecord, runRecord } from './records.ts';

const GATEWAYS = [GATEWAY, account(98), account(99)];
const ADDRESSES = GATEWAYS.map(({ address }) => address.toLowerCase() as Address);
const STAGES = Array.from({ length: 8 }, () => inferStage(0xffff, { sink: true }));
const WORKFLOW = hashWorkflow(makeDefinition(STAGES));
const MOST = 2n ** 256n - 1n;
const RUNS = 12;
const STEPS = 120;

const outcomes = new Set<string>();

test.each([1, 2])(
  'whatever models become, a run pays within its limits and to gateways that it trusts, seed %i',
  async (seed) => {
    const random = createXorshift(seed);
    const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
    const world = await createWorld(nativeEngine);
    world.deposit(ALICE.address, 10n ** 18n);
    for (const { address } of GATEWAYS) world.apply({ kind: 'GatewayChanged', gateway: address, active: true }, 'l1');
    expect(world.apply(await deployMessage(ALICE, 0n, makeDefinition(STAGES))).receipt.ok).toBe(true);
    const named = new Map<Hex, readonly Address[]>();
    for (let nonce = 1n; nonce <= RUNS; nonce++) {
      const gateways = pick([[], [ADDRESSES[0]!], [ADDRESSES[1]!], [ADDRESSES[0]!, ADDRESSES[2]!]]);
      const limits = { maxItemCost: BigInt(random(2_000)), maxInferenceCost: BigInt(random(8_000)) };
      const maxCost = 2_000_000n + BigInt(random(20_000_000));
      const message = await runMessage(ALICE, nonce, { workflow: WORKFLOW, maxCost, gateways, ...limits });
      expect(world.apply(message).receipt.error).toBeUndefined();
      named.set(hashRun(ALICE.address, nonce, WORKFLOW), gateways);
    }
    const runOf = async (run: Hex): Promise<RunRecord> => (await world.read(runKey(run), runRecord))!;
    const earned = async () => {
      const read = async (address: Address) => (await world.read(accountKey(address), accountRecord))?.balance ?? 0n;
      return Promise.all(ADDRESSES.map(read));
    };
    let ofModel: readonly Address[] = [ADDRESSES[0]!];
    const changeModel = (): void => {
      ofModel = ADDRESSES.filter(() => random(2) === 0);
      const active = ofModel.length > 0 && random(5) > 0;
      const price = () => pick([0n, 1n, BigInt(random(100)), BigInt(random(100)), 2n ** 200n, MOST]);
      const message: Message = {
        kind: 'ModelChanged',
        model: MODEL,
        active,
        class: random(3),
        inputPrice: price(),
        outputPrice: price(),
        gateways: ofModel,
      };
      expect(world.apply(message, 'l1').receipt.error).toBeUndefined();
    };
    for (let step = 1; step <= STEPS; step++) {
      if (random(3) === 0) changeModel();
      const by = random(GATEWAYS.length);
      const run = pick([...named.keys()]);
      const partition = random(3);
      const result = objectRef(Uint8Array.of(step));
      const names = { run, stage: random(8), partition, attempt: 0, model: MODEL };
      const [requestRoot, resultRoot] = [PARTITIONS[partition]!.root, result.root];
      const tokens = { inputTokens: BigInt(random(30)), outputTokens: BigInt(random(30)) };
      const before = await runOf(run);
      const wei = await earned();
      const item = { ...names, requestRoot, resultRoot, resultLength: random(30), ...tokens };
      const { receipt } = world.apply(await resultMessage(BigInt(step), [item], GATEWAYS[by]));
      const { ok, feeWei = '0', error = '' } = receipt.items![0]!;
      const after = await runOf(run);
      const said = `seed ${seed}, step ${step}: ${JSON.stringify(receipt)}`;
      outcomes.add(ok ? 'taken' : error.split(',')[0]!.replace(/\d+/g, 'N'));
      if (!ok) {
        expect([after.spent, after.inferenceSpent, after.status], said).toEqual([
          before.spent,
          before.inferenceSpent,
          before.status,
        ]);
        continue;
      }
      const cost = BigInt(feeWei);
      const told = cost + resultGas(BigInt(item.resultLength)) * GAS_PRICE;
      expect(told <= after.maxItemCost, said).toBe(true);
      expect(after.inferenceSpent, said).toBe(before.inferenceSpent + told);
      expect(after.inferenceSpent <= after.maxInferenceCost && after.spent <= after.escrow, said).toBe(true);
      const trusted = named.get(run)!;
      expect(trusted.length > 0 ? trusted : ofModel, said).toContain(ADDRESSES[by]);
      // Nobody else gets any of it.
      expect(await earned(), said).toEqual(wei.map((balance, i) => (i === by ? balance + cost : balance)));
      expect([after.maxItemCost, after.maxInferenceCost, after.escrow, after.gateways], said).toEqual([
        before.maxItemCost,
        before.maxInferenceCost,
        before.escrow,
        before.gateways,
      ]);
    }
  },
);

test('the sequences had what they are to try', () => {
  expect([...outcomes]).toEqual(
    expect.arrayContaining([
      'taken',
      'model: expected one that is active',
      'gateway: expected one of the run',
      'gateway: expected one of the model',
      'cost: expected at most maxItemCost N',
      'cost: expected at most the rest of maxInferenceCost N',
      'cost: expected below N^N',
    ]),
  );
});
