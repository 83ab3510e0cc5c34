// docs/sdk.md#paying: sequencers that name other contracts than those of the network that the user means.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { mizuTokenAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import { jsonBody } from '../../service/http/body.ts';
import { createHttpApp, type HttpApp } from '../../service/http/http.ts';
import { connectL1 } from '../../service/l1/l1.ts';
import { createLogger } from '../../service/process/log.ts';
import { keyOf, startTestNetwork, type TestNetwork, USER } from '../../test/network/network.fixture.ts';
import { deposit } from './deposit.ts';
import { signMessage } from './message.ts';
import { connectNetwork, type Network } from './network.ts';
import { fromPrivateKey } from './signer.ts';
import type { NetworkTrust } from './trust-flags.ts';

const OTHER = `0x${'77'.repeat(20)}` as Address;
const AMOUNT = 10n ** 18n;

let own: TestNetwork;
let sequencer: HttpApp;
let rpcUrl: string;
/** What the sequencer says instead of the truth, of its contracts and of itself. */
let contracts: Record<string, Address>;
let lies: Record<string, unknown>;
/** The account's balance, as often as it is asked for. */
let balances: bigint[];

beforeAll(async () => {
  own = await startTestNetwork();
  sequencer = createHttpApp({ log: createLogger('test', 'silent'), health: () => ({}) });
  sequencer.app.post('/', jsonBody(10_000), (request, response) => {
    const { addresses, chainId } = own.deployment;
    const { members, threshold } = own.config('x').da;
    const chain = {
      chainId,
      contracts: { ...addresses, ...contracts },
      da: { members, threshold, epoch: 1 },
      l1RpcUrl: own.anvil.url,
      minGasPrice: '1',
      ...lies,
    };
    const account = () => ({ nonce: 0, balance: String(balances.shift() ?? AMOUNT) });
    const result = request.body.method === 'mizu_chain' ? chain : account();
    response.json({ jsonrpc: '2.0', id: request.body.id, result });
  });
  rpcUrl = await sequencer.listen({ port: 0 });
});
beforeEach(() => {
  contracts = {};
  lies = {};
  balances = [0n];
});
afterAll(async () => {
  await sequencer?.close();
  await own?.close();
});

const trustRoot = (): NetworkTrust => ({
  chainId: own.deployment.chainId,
  rollup: own.deployment.addresses.rollup,
});

async function use<T>(
  work: (network: Network) => Promise<T>,
  trust: NetworkTrust | undefined = trustRoot(),
  l1RpcUrl: string | undefined = own.anvil.url,
): Promise<T> {
  const network = await connectNetwork({ rpcUrl, l1RpcUrl, trust, signer: fromPrivateKey(keyOf(3)) });
  try {
    return await work(network);
  } finally {
    await network.close();
  }
}

const withdraw = (network: Network) =>
  signMessage(network, { kind: 'Withdraw', recipient: USER.address, amount: AMOUNT });

const sent = async () => {
  const { client } = await connectL1(own.anvil.url);
  return client.getTransactionCount({ address: USER.address });
};

test.each([
  ['token', () => ({ contracts: { token: OTHER } })],
  ['inbox', () => ({ contracts: { inbox: OTHER } })],
  ['rollup', () => ({ contracts: { rollup: OTHER } })],
  ['daCommittee', () => ({ contracts: { daCommittee: OTHER } })],
  ['chainId', () => ({ lies: { chainId: 1 } })],
  // Twice the price of L1 may be true, if a change is on its way; more would only take the user's money.
  ['minGasPrice', () => ({ lies: { minGasPrice: '3' } })],
])('a sequencer that names another %s gets no token and no signature', async (name, change) => {
  const changed = change() as { contracts?: Record<string, Address>; lies?: Record<string, unknown> };
  contracts = changed.contracts ?? {};
  lies = changed.lies ?? {};
  const before = await sent();
  const refused = { code: 'sdk/other-network', actual: expect.stringContaining(name) };
  await use(async (network) => {
    await expect(deposit(network, AMOUNT)).rejects.toMatchObject(refused);
    await expect(withdraw(network)).rejects.toMatchObject(refused);
  });
  expect(await sent()).toBe(before);
});

test('without a trust root, or without an L1 node of the user, nothing is signed or paid', async () => {
  const bare = await connectNetwork({ rpcUrl, signer: fromPrivateKey(keyOf(3)) });
  expect(bare.l1RpcUrl).toBeUndefined();
  await expect(withdraw(bare)).rejects.toMatchObject({ code: 'sdk/no-trust-root' });
  await bare.close();
  const named = await connectNetwork({ rpcUrl, trust: trustRoot(), signer: fromPrivateKey(keyOf(3)) });
  await expect(withdraw(named)).rejects.toMatchObject({
    code: 'sdk/no-trust-root',
    expected: expect.stringMatching(/^--l1 /),
  });
  await named.close();
});

test('the network that is meant is signed for and paid', async () => {
  const { client } = await connectL1(own.anvil.url);
  const { bridge, token } = own.deployment.addresses;
  const held = () =>
    client.readContract({ address: token, abi: mizuTokenAbi, functionName: 'balanceOf', args: [bridge] });
  const before = await held();
  await use(async (network) => {
    await deposit(network, AMOUNT);
    expect((await withdraw(network)).nonce).toBe(0n);
  });
  expect(await held()).toBe(before + AMOUNT);
});
