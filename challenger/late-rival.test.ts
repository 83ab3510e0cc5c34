// docs/prover.md#assertions: after the window of a first, wrong child an honest executor waits for its end, and sends nothing that L1 refuses.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import type { Told } from '../dispute/seat.ts';
import { keccakHex } from '../protocol/tree.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { createLogger } from '../service/process/log.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { EXECUTOR, keyOf, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';
import { startValidator, type Validator } from './main.ts';

const WINDOW_SECONDS = DEVNET_CONFIG.windowSeconds;
const BLOCKS = 8n;
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
let network: TestNetwork;
let liar: Executor;
let validator: Validator;
let executor: Executor | undefined;

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await executor?.close();
  await validator?.close();
  await liar?.close();
  await network?.close();
});

test('a rival that is too late waits until the lie is rejected', async () => {
  let isTold = false;
  const stepList = (steps: Uint8Array) => {
    if (isTold) return undefined;
    isTold = true;
    const wrong = steps.slice();
    wrong[128] = (steps[128] as number) ^ 1;
    return wrong;
  };
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const told: Told = (own) => ({
    prove: own.prove,
    async hashesAt(positions) {
      await released;
      const hashes = await own.hashesAt(positions);
      return hashes.map((hash, i) => (positions[i] === 0n ? hash : keccakHex(new TextEncoder().encode(`not ${hash}`))));
    },
  });
  const policy = { intervalSeconds: 0 };
  liar = await startExecutor({ ...network.config('liar'), key: keyOf(5), policy, log }, { stepList, told });
  validator = await startValidator({ ...network.config('validator'), key: keyOf(4), log });
  await network.deposit(10n ** 18n);
  const { messages } = await createRunMessages(network.author, 1, 0n, network.author);
  await network.postBatch(messages);
  const { mirror } = validator.node;
  await until('the game', async () => (await mirror.openGames()).length > 0 || undefined);
  await network.clock.advance(WINDOW_SECONDS + 1);

  const honest = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy, log });
  executor = honest;
  await until('its own states', () => honest.node.execution.batches() === 1n || undefined);
  const from = await network.l1.client.getBlockNumber({ cacheTime: 0 });
  await until('some blocks', async () => {
    const head = await network.l1.client.getBlockNumber({ cacheTime: 0 });
    return head >= from + BLOCKS || undefined;
  });
  expect(honest.counts).toMatchObject({ asserted: 0, retries: 0 });

  release();
  await network.clock.passUntil('the truth', () => honest.counts.asserted === 1 || undefined);
  expect(honest.counts.retries).toBe(0);
  const statuses: Record<string, string> = {};
  await network.clock.passUntil('confirmation', async () => {
    for await (const { asserter, status } of mirror.assertions()) statuses[asserter.toLowerCase()] = status;
    return statuses[EXECUTOR.address.toLowerCase()] === 'confirmed' || undefined;
  });
  expect(Object.values(statuses)).toContain('rejected');
});
