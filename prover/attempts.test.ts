// docs/prover.md#attempts: a true assertion that its asserter loses by silence delays nothing; one that is defended has no second attempt.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import { NO_BODY } from '../node/body/recorder.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import { followAndWork } from '../node/loop.ts';
import { type NetworkNode, openNode } from '../node/node.ts';
import { rollupAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Hex } from '../protocol/hex.ts';
import { createLogger } from '../service/process/log.ts';
import { type Fake, openFake } from '../test/doubles/fake-challenger.fixture.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { EXECUTOR, keyOf, LIAR, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';
import { type Executor, startExecutor } from './main.ts';

const CLOCK_SECONDS = DEVNET_CONFIG.clockSeconds;
/** Longer than an asserter can be silent. */
const WINDOW_SECONDS = CLOCK_SECONDS + 200;
const BLOCKS = 8n;
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const stop = new AbortController();
const running: Executor[] = [];
let network: TestNetwork;
let watcher: NetworkNode;
let watching: Promise<void> | undefined;
let fake: Fake;

beforeAll(async () => {
  network = await startTestNetwork({
    windowSeconds: WINDOW_SECONDS,
    committeeDelaySeconds: DEVNET_CONFIG.committeeDelaySeconds + WINDOW_SECONDS,
    unbondingSeconds: DEVNET_CONFIG.unbondingSeconds + 2 * WINDOW_SECONDS,
    retentionSeconds: DEVNET_CONFIG.retentionSeconds + 2 * WINDOW_SECONDS,
  });
  watcher = await openNode(network.config('watcher'), { log, recorder: () => NO_BODY });
  const execute = async (signal: AbortSignal) => (await watcher.execution.catchUp(signal)) > 0;
  watching = followAndWork({ follow: watcher.follow, tasks: [execute], onRetry: () => undefined }, 50, stop.signal);
  fake = await openFake(network, watcher, keyOf(4));
});

afterAll(async () => {
  for (const executor of running) await executor.close();
  stop.abort();
  await watching;
  await fake?.close();
  await watcher?.close();
  await network?.close();
});

async function start(account: number, name: string): Promise<Executor> {
  const policy = { intervalSeconds: 0 };
  const executor = await startExecutor({ ...network.config(name), key: keyOf(account), policy, log });
  running.push(executor);
  return executor;
}

async function assertions(wanted: (assertion: AssertionRecord) => boolean): Promise<AssertionRecord[]> {
  const found: AssertionRecord[] = [];
  for await (const assertion of watcher.mirror.assertions()) if (wanted(assertion)) found.push(assertion);
  return found;
}

const theOne = (what: string, wanted: (assertion: AssertionRecord) => boolean) =>
  until(what, async () => (await assertions(wanted))[0]);

const isBy = (account: Hex) => (assertion: AssertionRecord) =>
  assertion.asserter.toLowerCase() === account.toLowerCase();

async function waitForBlocks(): Promise<void> {
  const head = () => network.l1.client.getBlockNumber({ cacheTime: 0 });
  const from = await head();
  await until('some blocks', async () => (await head()) >= from + BLOCKS || undefined);
}

async function timeOf(eventName: 'AssertionConfirmed' | 'AssertionRejected', id: Hex): Promise<bigint> {
  const { client } = network.l1;
  const address = network.deployment.addresses.rollup;
  const [event] = await client.getContractEvents({ address, abi: rollupAbi, eventName, args: { id }, fromBlock: 0n });
  return (await client.getBlock({ blockNumber: event?.blockNumber as bigint })).timestamp;
}

const lockedOf = (account: Hex) =>
  network.l1.client.readContract({
    address: network.deployment.addresses.stakeManager,
    abi: stakeManagerAbi,
    functionName: 'lockedOf',
    args: [account, 0],
  });

test('the next attempt of a true assertion is made before its asserter has lost it by silence', async () => {
  const silent = await start(5, 'silent');
  await network.deposit(10n ** 18n);
  const { messages } = await createRunMessages(network.author, 1, 0n, network.author);
  await network.postBatch(messages.slice(0, 1));
  const first = await theOne('the first attempt', isBy(LIAR.address));
  await silent.close();
  await until('its steps', async () => watcher.execution.batches() === 1n || undefined);
  await fake.attack(first, 0);

  const before = await start(2, 'executor');
  await network.postBatch(messages.slice(1, 2));
  const orphan = await theOne('a child', ({ parent }) => parent === first.id);
  await network.clock.advance(CLOCK_SECONDS / 2);
  const isAgain = ({ id, stepRoot }: AssertionRecord) => stepRoot === first.stepRoot && id !== first.id;
  const second = await theOne('the second attempt', isAgain);
  expect(second).toMatchObject({ parent: first.parent, asserter: EXECUTOR.address, post: first.post });
  expect((await watcher.mirror.assertion(first.id))?.status).toBe('pending');
  const child = await theOne('a child of the second', ({ parent }) => parent === second.id);
  expect(child.post).toEqual(orphan.post);

  // Nothing but L1 says what it has done.
  await before.close();
  const executor = await start(2, 'executor-again');
  await waitForBlocks();
  expect(executor.counts.asserted).toBe(0);
  await network.clock.advance(CLOCK_SECONDS / 2);
  await until('the loss', async () => {
    await fake.play();
    return (await watcher.mirror.assertion(first.id))?.status === 'rejected' || undefined;
  });
  await network.clock.advance(WINDOW_SECONDS - CLOCK_SECONDS / 2);
  const end = (what: AssertionRecord, status: string) =>
    until(status, async () => (await watcher.mirror.assertion(what.id))?.status === status || undefined);
  await end(second, 'confirmed');
  const [lostAt, confirmedAt] = [
    await timeOf('AssertionRejected', first.id),
    await timeOf('AssertionConfirmed', second.id),
  ];
  expect(confirmedAt - lostAt).toBeLessThan(BigInt(WINDOW_SECONDS));
  await end(orphan, 'orphaned');
  await end(child, 'confirmed');
  expect(await lockedOf(EXECUTOR.address)).toBe(0n);
  expect(await assertions(isBy(EXECUTOR.address))).toHaveLength(3);
});

test('an asserter that answers its game is left alone', async () => {
  await start(5, 'other');
  await network.postBatch([{ kind: 'Expire', run: `0x${'11'.repeat(32)}` }]);
  const isThird = ({ post }: AssertionRecord) => post.batch === 3n;
  const only = await theOne('an assertion', isThird);
  await until('its steps', async () => watcher.execution.batches() === 3n || undefined);
  await fake.attack(only, 0);
  await until(
    'an answer',
    async () => (await watcher.mirror.openGames()).some(({ lists }) => lists === 2) || undefined,
  );
  await network.clock.advance(CLOCK_SECONDS / 2 + 1);
  await waitForBlocks();
  expect(await assertions(isThird)).toHaveLength(1);
  await network.clock.advance(WINDOW_SECONDS - CLOCK_SECONDS / 2);
  await until('confirmation', async () => (await watcher.mirror.assertion(only.id))?.status === 'confirmed');
  expect(await assertions(isThird)).toHaveLength(1);
});
