// docs/disputes.md: a wrong assertion is challenged, played to the one instruction, rejected, and its asserter slashed.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Told } from '../dispute/seat.ts';
import { mizuTokenAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Hex } from '../protocol/hex.ts';
import { keccakHex } from '../protocol/tree.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { createLogger } from '../service/process/log.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { keyOf, LIAR, startTestNetwork, type TestNetwork, until, VALIDATOR } from '../test/network/network.fixture.ts';
import { startValidator, type Validator } from './main.ts';

let network: TestNetwork;
let liar: Executor;
let validator: Validator;
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const policy = { intervalSeconds: 0 };

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await validator?.close();
  await liar?.close();
  await network?.close();
});

test('a wrong state root is caught, and its asserter slashed', async () => {
  let wrong: Uint8Array | undefined;
  const stepList = (steps: Uint8Array) => {
    if (wrong !== undefined) return steps;
    wrong = steps.slice();
    for (let leaf = 2; leaf < steps.length / 128; leaf++) wrong[leaf * 128] = (steps[leaf * 128] as number) ^ 1;
    return wrong;
  };
  const told: Told = (own, game) => ({
    prove: own.prove,
    hashesAt: async (positions) => {
      const hashes = await own.hashesAt(positions);
      return hashes.map(
        (hash, i): Hex => (positions[i]! < 100_000n ? hash : keccakHex(new TextEncoder().encode(hash + game.id))),
      );
    },
  });
  liar = await startExecutor({ ...network.config('liar'), key: keyOf(5), policy, log }, { stepList, told });
  validator = await startValidator({ ...network.config('validator'), key: keyOf(4), log });
  const { addresses } = network.deployment;
  const stake = () =>
    network.l1.client.readContract({
      address: addresses.stakeManager,
      abi: stakeManagerAbi,
      functionName: 'activeOf',
      args: [LIAR.address, 0],
    });
  const balance = () =>
    network.l1.client.readContract({
      address: addresses.token,
      abi: mizuTokenAbi,
      functionName: 'balanceOf',
      args: [VALIDATOR.address],
    });
  const [stakeBefore, balanceBefore] = await Promise.all([stake(), balance()]);
  await network.deposit(10n ** 18n);
  const { messages } = await createRunMessages(network.author, 1, 0n, network.author);
  await network.postBatch(messages);
  const id = await until('rejection', async () => {
    for await (const { id, status } of validator.node.mirror.assertions()) if (status === 'rejected') return id;
    return undefined;
  });
  expect(await stake()).toBe(stakeBefore - 100n * 10n ** 18n);
  await until('the money', async () => (await balance()) > balanceBefore);
  // A count rises after what it counts is on L1.
  await until('the count of the proof', async () => validator.fight?.games.proofs === 1 || undefined);
  expect(validator.fight?.attack.opened).toBe(1);
  expect(validator.fight?.games).toMatchObject({ moves: 3, proofs: 1, timeouts: 0 });
  expect(liar.games).toMatchObject({ moves: 4 });
  expect(id).toMatch(/^0x/);
});
