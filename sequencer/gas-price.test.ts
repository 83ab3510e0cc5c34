// docs/kernel.md#gas-price: L1 raises the minimum, and a sequencer of a whole network goes by it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeMessage, type Message } from '../protocol/messages.ts';
import { createRpcClient } from '../service/http/client.ts';
import { createLogger } from '../service/process/log.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, USER, until } from '../test/network/network.fixture.ts';
import { type Sequencer, startSequencer } from './main.ts';

let network: TestNetwork;
let sequencer: Sequencer;
const rpc = <T>(method: string, ...params: unknown[]) => createRpcClient(sequencer.url)(method, params) as Promise<T>;
const send = (message: Message) => rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)));
const minimum = async () => (await rpc<{ minGasPrice: string }>('mizu_chain')).minGasPrice;
const withdraw = (nonce: bigint, gasPrice: bigint) =>
  network.author.sign({ kind: 'Withdraw', nonce, gasPrice, recipient: USER.address, amount: 1n });
const receiptOf = (hash: Hex) =>
  until(
    'receipt',
    async () => (await rpc<{ ok: boolean; feeWei: string } | null>('mizu_getReceipt', hash)) ?? undefined,
  );

beforeAll(async () => {
  network = await startTestNetwork();
  const log = createLogger('sequencer', 'silent');
  const options = { key: keyOf(1), http: { port: 0 }, batch: { ageSeconds: 0.3 }, log };
  sequencer = await startSequencer({ ...network.config('sequencer'), ...options });
  await network.deposit(10n ** 18n);
  await until('deposit', async () => {
    const { balance } = await rpc<{ balance: string }>('mizu_getAccount', USER.address);
    return balance === '0' ? undefined : balance;
  });
});

afterAll(async () => {
  await sequencer?.close();
  await network?.close();
});

test('what L1 sets is the minimum for messages, and a run that goes on keeps its own price', async () => {
  expect(await minimum()).toBe('1');
  const { messages, run } = await createRunMessages(network.author, 2, 0n, network.author);
  const [deploy, start] = messages as [Message, Message & { kind: 'Run' }];
  await send(deploy);
  const dear = await network.author.sign({ ...start, gasPrice: 3n });
  await send(dear);
  type RunAnswer = { status: string; gasPrice: string; gasUsed: number; spent: string };
  const done = await until('run', async () => {
    const answer = await rpc<RunAnswer | null>('mizu_getRun', run);
    return answer?.status === 'done' ? answer : undefined;
  });
  expect(done.gasPrice).toBe('3');
  expect(BigInt(done.spent) % 3n).toBe(0n);

  await network.setGasPrice(2n);
  await until('change', async () => ((await minimum()) === '2' ? true : undefined));
  await expect(send(await withdraw(2n, 1n))).rejects.toMatchObject({
    code: 'message/gas-price-too-low',
    expected: "a gasPrice of at least 2 wei, the network's minimum",
  });
  const message = await withdraw(2n, 2n);
  const { hash } = await send(message);
  const gas = 250_000n + 1_000n * BigInt(encodeMessage(message).length);
  expect(await receiptOf(hash)).toMatchObject({ ok: true, feeWei: String(2n * gas) });
});
