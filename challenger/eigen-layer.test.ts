// docs/contracts.md#eigenlayer: in a network whose stakes lie in EigenLayer a lying executor loses his stake there.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Told } from '../dispute/seat.ts';
import { eigenStakeSourceAbi, mizuTokenAbi } from '../protocol/generated/abi.ts';
import type { Hex } from '../protocol/hex.ts';
import { ROLE } from '../protocol/roles.ts';
import { keccakHex } from '../protocol/tree.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { createLogger } from '../service/process/log.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { keyOf, LIAR, startTestNetwork, type TestNetwork, until, VALIDATOR } from '../test/network/network.fixture.ts';
import { startValidator, type Validator } from './main.ts';

const MIZU = 10n ** 18n;
/** Wei that EigenLayer's roundings may take beyond a bond of a stake of 10,000 MIZU. */
const DUST = 100_000n;

let network: TestNetwork;
let liar: Executor;
let validator: Validator;
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');

beforeAll(async () => {
  network = await startTestNetwork({}, 'eigenLayer');
});

afterAll(async () => {
  await validator?.close();
  await liar?.close();
  await network?.close();
});

test('a wrong state root is caught, and its asserter slashed in EigenLayer', async () => {
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
  liar = await startExecutor(
    { ...network.config('liar'), key: keyOf(5), policy: { intervalSeconds: 0 }, log },
    { stepList, told },
  );
  validator = await startValidator({ ...network.config('validator'), key: keyOf(4), log });
  const { client } = network.l1;
  const { addresses } = network.deployment;
  const stakes = { address: addresses.stakeManager, abi: eigenStakeSourceAbi } as const;
  const token = { address: addresses.token, abi: mizuTokenAbi } as const;
  const stake = () => client.readContract({ ...stakes, functionName: 'activeOf', args: [LIAR.address, ROLE.executor] });
  const balance = () => client.readContract({ ...token, functionName: 'balanceOf', args: [VALIDATOR.address] });
  const supply = () => client.readContract({ ...token, functionName: 'totalSupply' });
  const [stakeBefore, balanceBefore, supplyBefore] = await Promise.all([stake(), balance(), supply()]);
  expect(stakeBefore).toBe(10_000n * MIZU);
  await network.deposit(MIZU);
  const { messages } = await createRunMessages(network.author, 1, 0n, network.author);
  await network.postBatch(messages);
  await until('rejection', async () => {
    for await (const { status } of validator.node.mirror.assertions()) if (status === 'rejected') return true;
    return undefined;
  });
  const lost = stakeBefore - (await stake());
  expect(lost).toBeGreaterThanOrEqual(100n * MIZU);
  expect(lost).toBeLessThan(100n * MIZU + DUST);
  // At least half of the bond is burned, and what the validator spent comes out of the rest.
  expect(supplyBefore - (await supply())).toBeGreaterThanOrEqual(50n * MIZU);
  await until('the money', async () => (await balance()) > balanceBefore);
});
