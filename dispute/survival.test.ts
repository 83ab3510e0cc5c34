// docs/disputes.md#playing: an executor that is killed after each of its moves wins the games about its true assertion, and sends nothing twice.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import { NO_BODY } from '../node/body/recorder.ts';
import { followAndWork } from '../node/loop.ts';
import { type NetworkNode, openNode } from '../node/node.ts';
import { mizuTokenAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import { createLogger } from '../service/process/log.ts';
import { type Fake, openFake } from '../test/doubles/fake-challenger.fixture.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { EXECUTOR, keyOf, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';
import { createProcess, type TestProcess } from '../test/network/process.fixture.ts';

const SCRIPT = new URL('../test/network/executor-process.fixture.ts', import.meta.url);
const CLOCK_SECONDS = DEVNET_CONFIG.clockSeconds;
const stop = new AbortController();
let network: TestNetwork;
let node: NetworkNode;
let working: Promise<void>;
let fake: Fake | undefined;
let child: TestProcess | undefined;

beforeAll(async () => {
  network = await startTestNetwork();
  const log = createLogger('test', 'silent');
  node = await openNode(network.config('fake'), { log, recorder: () => NO_BODY });
  const execute = async (signal: AbortSignal) => (await node.execution.catchUp(signal)) > 0;
  working = followAndWork({ follow: node.follow, tasks: [execute], onRetry: () => undefined }, 50, stop.signal);
});

afterAll(async () => {
  await child?.kill('SIGTERM');
  stop.abort();
  await working;
  await fake?.close();
  await node?.close();
  await network?.close();
});

test('killed after each of its moves it goes on, in every game', async () => {
  const contracts = network.deployment.addresses;
  const { client } = network.l1;
  const tokens = () =>
    client.readContract({
      address: contracts.token,
      abi: mizuTokenAbi,
      functionName: 'balanceOf',
      args: [EXECUTOR.address],
    });
  const stake = () =>
    client.readContract({
      address: contracts.stakeManager,
      abi: stakeManagerAbi,
      functionName: 'activeOf',
      args: [EXECUTOR.address, 0],
    });
  const [stakeBefore, tokensBefore] = [await stake(), await tokens()];
  child = createProcess(SCRIPT, network.config('executor'), { key: keyOf(2), policy: { intervalSeconds: 0 } });
  child.start();
  await network.deposit(10n ** 18n);
  const { messages } = await createRunMessages(network.author, 1, 0n, network.author);
  await network.postBatch(messages.slice(0, 1));
  const assertion = await until('the assertion', async () => (await node.mirror.pending())[0]);
  fake = await openFake(network, node, keyOf(4));
  for (let step = 0; step < assertion.stepCount; step++) await fake.attack(assertion, step);
  const reach = (lists: number, every: boolean) =>
    until(`list ${lists}`, async () => {
      await fake?.play();
      const games = await node.mirror.openGames();
      const there = games.filter((game) => game.lists >= lists).length;
      return every ? there === games.length : there > 0;
    });
  for (const lists of [2, 4, 6, 8]) {
    await reach(lists, false);
    await child.kill('SIGKILL');
    child.start();
  }
  await reach(8, true);
  await network.clock.advance(CLOCK_SECONDS + 1);
  await until('the first win', async () => (await node.mirror.openGames()).length < assertion.stepCount);
  await child.kill('SIGKILL');
  child.start();
  await until('confirmation', async () => (await node.mirror.assertion(assertion.id))?.status === 'confirmed');
  await until('the awards', async () => (await tokens()) > tokensBefore);
  expect(await stake()).toBe(stakeBefore);
  // Each game takes four moves and the timeout; joining, the assertion, its confirmation and payouts come on top.
  const sent = await client.getTransactionCount({ address: EXECUTOR.address });
  expect(sent).toBeGreaterThanOrEqual(5 * assertion.stepCount + 3);
  expect(sent).toBeLessThanOrEqual(5 * assertion.stepCount + 3 + 2 + assertion.stepCount);
});
