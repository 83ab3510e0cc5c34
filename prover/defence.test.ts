// docs/disputes.md: an honest assertion whose every step is challenged, and whose bytes are demanded, is confirmed and pays.

import type { Abi } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import { demandsAbi, mizuTokenAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Hex } from '../protocol/hex.ts';
import { withAccount } from '../service/l1/l1.ts';
import { createSender } from '../service/l1/send.ts';
import { createLogger } from '../service/process/log.ts';
import { type Fake, openFake } from '../test/doubles/fake-challenger.fixture.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { EXECUTOR, keyOf, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';
import { type Executor, startExecutor } from './main.ts';

let network: TestNetwork;
let executor: Executor;
let fake: Fake;
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const CLOCK_SECONDS = DEVNET_CONFIG.clockSeconds;

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await fake?.close();
  await executor?.close();
  await network?.close();
});

test('fake challengers lose their bonds, and what they demand is shown and paid for', async () => {
  const contracts = network.deployment.addresses;
  const { client } = network.l1;
  const read = (functionName: 'activeOf', args: readonly [Hex, number]) =>
    client.readContract({ address: contracts.stakeManager, abi: stakeManagerAbi, functionName, args });
  const tokensOf = (account: Hex) =>
    client.readContract({ address: contracts.token, abi: mizuTokenAbi, functionName: 'balanceOf', args: [account] });
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy: { intervalSeconds: 0 }, log });
  const { node } = executor;
  const [stake, tokens] = [await read('activeOf', [EXECUTOR.address, 0]), await tokensOf(EXECUTOR.address)];
  await network.deposit(10n ** 18n);
  const { messages } = await createRunMessages(network.author, 1, 0n, network.author);
  await network.postBatch(messages.slice(0, 2));
  const assertion = await until('the assertion', async () => (await node.mirror.pending())[0]);

  const sender = createSender(withAccount(network.l1, keyOf(4)));
  fake = await openFake(network, node, keyOf(4));
  const demands = { address: contracts.demands, abi: demandsAbi as Abi } as const;
  const token = { address: contracts.token, abi: mizuTokenAbi as Abi };
  await sender.sendAndWait({ ...token, functionName: 'approve', args: [contracts.demands, 10n ** 30n] });
  await sender.sendAndWait({ ...demands, functionName: 'demandStep', args: [assertion.id, 1n] });
  await sender.sendAndWait({ ...demands, functionName: 'demandNodes', args: [assertion.id, 0, 0n] });
  const bonds = await until('both demands', async () => {
    const found = await node.mirror.demandBonds(sender.address);
    return found.length === 2 ? found : undefined;
  });
  for (let step = 0; step < assertion.stepCount; step++) await fake.attack(assertion, step);
  await until('the leaf and the nodes', () => executor.published.published === 2);
  await until('the last lists', async () => {
    await fake.play();
    const games = await node.mirror.openGames();
    return games.length === assertion.stepCount && games.every(({ lists }) => lists === 8);
  });
  await network.clock.advance(CLOCK_SECONDS + 1);
  await until('confirmation', async () => (await node.mirror.assertion(assertion.id))?.status === 'confirmed');
  await until('the count of the timeouts', () => executor.games.timeouts === assertion.stepCount);
  expect(executor.games).toMatchObject({ timeouts: assertion.stepCount, lost: 0, proofs: 0 });
  expect(await read('activeOf', [EXECUTOR.address, 0])).toBe(stake);
  // What is no longer left of the bonds has paid for publishing; nobody has proven the assertion wrong, so the rest
  // burns.
  const costsWei = executor.published.gasUsed * DEVNET_CONFIG.disputeGasPriceWei;
  const left = await Promise.all(
    bonds.map(async ({ id }) => {
      const about = { address: contracts.demands, abi: demandsAbi } as const;
      return (await client.readContract({ ...about, functionName: 'demandOf', args: [id] })).left;
    }),
  );
  const paidWei = left.reduce((sum, wei) => sum + DEVNET_CONFIG.demandBondWei - wei, 0n);
  expect(paidWei).toBeGreaterThan(costsWei);
  expect(paidWei).toBeLessThan(DEVNET_CONFIG.demandBondWei);
  for (const { id } of bonds) await sender.sendAndWait({ ...demands, functionName: 'settle', args: [id] });
  await until('no bond', async () => (await node.mirror.demandBonds(sender.address)).length === 0 || undefined);
  await until('the awards', async () => (await tokensOf(EXECUTOR.address)) > tokens);
});
