// docs/disputes.md#delegate: the games of an executor are played by a key that holds no stake, and pay the one that does.
import type { Abi } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import { demandsAbi, disputeAbi, mizuTokenAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { withAccount } from '../service/l1/l1.ts';
import { createSender } from '../service/l1/send.ts';
import { createLogger } from '../service/process/log.ts';
import { openFake } from '../test/doubles/fake-challenger.fixture.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { EXECUTOR, keyOf, startTestNetwork, type TestNetwork, USER, until } from '../test/network/network.fixture.ts';
import { type Executor, startExecutor } from './main.ts';

let network: TestNetwork;
let executor: Executor;
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await executor?.close();
  await network?.close();
});

test('a delegate that L1 does not name is refused at the start; once it is named, it moves and the executor is paid', async () => {
  const { addresses } = network.deployment;
  const config = { ...network.config('executor'), key: keyOf(2), delegateKey: keyOf(3), log };
  const policy = { intervalSeconds: 0 };
  await expect(startExecutor({ ...config, policy })).rejects.toMatchObject({
    code: 'prover/not-delegate',
    actual: 'the account has named no delegate',
    hint: expect.stringContaining(`setDelegate(${USER.address})`),
  });
  const staked = createSender(withAccount(network.l1, keyOf(2)));
  const dispute = { address: addresses.dispute, abi: disputeAbi as Abi };
  await staked.sendAndWait({ ...dispute, functionName: 'setDelegate', args: [USER.address] });

  executor = await startExecutor({ ...config, policy });
  await network.deposit(10n ** 18n);
  const { messages } = await createRunMessages(network.author, 1, 0n, network.author);
  await network.postBatch(messages.slice(0, 1));
  const { mirror } = executor.node;
  const assertion = await until('the assertion', async () => (await mirror.pending())[0]);
  await demandLeaf(assertion.id);
  const tokens = await tokensOf(EXECUTOR.address);
  const nonce = await network.l1.client.getTransactionCount({ address: USER.address });
  const fake = await openFake(network, executor.node, keyOf(4));
  try {
    await fake.attack(assertion, 0);
    await until('the lists', async () => {
      await fake.play();
      return (await mirror.openGames()).some(({ lists }) => lists === 8);
    });
    await network.clock.advance(DEVNET_CONFIG.clockSeconds + 1);
    await until('the award', async () => (await tokensOf(EXECUTOR.address)) > tokens);
    expect(await network.l1.client.getTransactionCount({ address: USER.address })).toBe(nonce + 5);
    // A count rises after what it counts is on L1.
    await until('its count', async () => executor.games.timeouts === 1 || undefined);
    expect(executor.games).toMatchObject({ moves: 4, timeouts: 1, lost: 0 });
  } finally {
    await fake.close();
  }
});

/** Somebody demands a leaf: the delegate publishes it, and the executor is paid. */
async function demandLeaf(assertion: Hex): Promise<void> {
  const { addresses } = network.deployment;
  const demander = createSender(withAccount(network.l1, keyOf(4)));
  const token = { address: addresses.token, abi: mizuTokenAbi as Abi };
  await demander.sendAndWait({ ...token, functionName: 'approve', args: [addresses.demands, 10n ** 20n] });
  const tokens = await tokensOf(EXECUTOR.address);
  const demands = { address: addresses.demands, abi: demandsAbi as Abi };
  await demander.sendAndWait({ ...demands, functionName: 'demandStep', args: [assertion, 1n] });
  await until('the leaf', () => executor.published.published === 1);
  await until('its award', async () => (await tokensOf(EXECUTOR.address)) > tokens);
}

function tokensOf(account: Address): Promise<bigint> {
  const token = { address: network.deployment.addresses.token, abi: mizuTokenAbi } as const;
  return network.l1.client.readContract({ ...token, functionName: 'balanceOf', args: [account] });
}
