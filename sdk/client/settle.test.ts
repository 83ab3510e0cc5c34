// docs/kernel.md#settle: a worker account from the client through admission to the state: what is taken, refused, paid.
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { encodeMessage, type Message, type WorkerAccount } from '../../protocol/messages.ts';
import type { Sequencer } from '../../sequencer/main.ts';
import { signWorkerAccount } from '../../test/network/inference.fixture.ts';
import {
  VALIDATOR as GATEWAY,
  startTestNetwork,
  type TestNetwork,
  USER,
  until,
} from '../../test/network/network.fixture.ts';
import { startTestSequencer } from '../../test/network/sequencer.fixture.ts';
import { connectNetwork, type Network } from './network.ts';
import { settle, settledOf } from './settle.ts';
import { fromPrivateKey } from './signer.ts';

const WORKER_KEY: Hex = `0x${'77'.repeat(32)}`;
const WORKER = privateKeyToAccount(WORKER_KEY);
/** 263 bytes and a second signature, at one wei a gas. */
const FEE = 588_000n;
const FUNDS = 10n * FEE;

let network: TestNetwork;
let sequencer: Sequencer;
let client: Network;

beforeAll(async () => {
  network = await startTestNetwork();
  sequencer = await startTestSequencer(network);
  const { chainId, addresses } = network.deployment;
  client = await connectNetwork({
    rpcUrl: sequencer.url,
    l1RpcUrl: network.anvil.url,
    trust: { chainId, rollup: addresses.rollup },
    signer: fromPrivateKey(WORKER_KEY),
  });
});
afterAll(async () => {
  await client?.close();
  await sequencer?.close();
  await network?.close();
});

const balance = async (address: Hex) =>
  BigInt(((await client.rpc('mizu_getAccount', [address])) as { balance: string }).balance);
const send = (message: Message) => client.rpc('mizu_sendMessage', [bytesToHex(encodeMessage(message))]);
const signed = (nonce: bigint, account: WorkerAccount) => network.sign(WORKER, { kind: 'Settle', nonce, ...account });

test('a worker whose account is empty settles what its gateway has signed, once', async () => {
  const account = await signWorkerAccount(network, WORKER.address, 3n * FEE);
  await expect(settle(client, account)).rejects.toMatchObject({
    code: 'message/nothing-to-settle',
    actual: '0 wei, of which 0 are bound',
  });
  await network.deposit(FUNDS, GATEWAY.address);
  await until('deposit', async () => (await balance(GATEWAY.address)) === FUNDS);
  expect(await settle(client, account)).toEqual({ worker: WORKER.address, amountWei: 3n * FEE, feeWei: FEE });
  expect([await balance(WORKER.address), await balance(GATEWAY.address)]).toEqual([2n * FEE, 7n * FEE]);
  expect(await settledOf(client, GATEWAY.address, WORKER.address)).toBe(3n * FEE);
  await expect(settle(client, account)).rejects.toMatchObject({
    code: 'message/nothing-to-settle',
    expected: `a total above ${3n * FEE} wei`,
  });
});

test('what would be refused for nobody’s money is not taken', async () => {
  const forged = await signWorkerAccount(network, WORKER.address, 4n * FEE, USER as never);
  await expect(settle(client, forged)).rejects.toMatchObject({ code: 'message/bad-signature' });
  const stranger = privateKeyToAccount(`0x${'78'.repeat(32)}`);
  const account = await signWorkerAccount(network, stranger.address, FEE - 1n);
  const poor = await network.sign(stranger, { kind: 'Settle', nonce: 0n, ...account });
  await expect(send(poor)).rejects.toMatchObject({ code: 'message/balance-too-low' });
});

test('what waits to be settled is counted: of a gateway’s money no more is promised than it has', async () => {
  // The second takes all that the gateway has; the third would be paid nothing, and the gateway can withdraw nothing.
  const [four, all, more] = await Promise.all(
    [4n * FEE, 10n * FEE, 11n * FEE].map((total) => signWorkerAccount(network, WORKER.address, total)),
  );
  const withdrawal = { kind: 'Withdraw', nonce: 0n, recipient: USER.address, amount: 1n } as const;
  await send(await signed(1n, four!));
  await send(await signed(2n, all!));
  await expect(send(await signed(3n, more!))).rejects.toMatchObject({ code: 'message/nothing-to-settle' });
  await expect(send(await network.sign(GATEWAY, withdrawal))).rejects.toMatchObject({
    code: 'message/balance-too-low',
  });
  await until('settled', async () => (await balance(GATEWAY.address)) === 0n);
  expect(await settledOf(client, GATEWAY.address, WORKER.address)).toBe(10n * FEE);
  expect(await balance(WORKER.address)).toBe(7n * FEE);
});
