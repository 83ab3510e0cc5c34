// docs/operations.md#sequencer-void: messages of a void batch have had no effect, say so, and are sent again by their senders alone.
import { isDeepStrictEqual } from 'node:util';
import { encodeFunctionData } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { VOID_ROOT } from '../node/l1/voids.ts';
import { inboxAbi } from '../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeMessage, type Message } from '../protocol/messages.ts';
import { createRpcClient } from '../service/http/client.ts';
import { keyOf, startTestNetwork, type TestNetwork, USER, until } from '../test/network/network.fixture.ts';
import { startTestSequencer } from '../test/network/sequencer.fixture.ts';
import type { Sequencer } from './main.ts';

type Receipt = { ok: boolean; error?: string; batch: number; step: number };
type Head = { head: { batch: number; step: number; stateRoot: Hex } };

let network: TestNetwork;
const open: Sequencer[] = [];
let sequencer: Sequencer;
let count = 0;

const rpc = <T>(method: string, ...params: unknown[]) => createRpcClient(sequencer.url)(method, params) as Promise<T>;
const send = async (message: Message) =>
  (await rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)))).hash;
const withdraw = (nonce: number) =>
  network.author.sign({ kind: 'Withdraw', nonce: BigInt(nonce), recipient: USER.address, amount: 1n });
const nonce = async () => (await rpc<{ nonce: number }>('mizu_getAccount', USER.address)).nonce;
const receiptOf = (hash: Hex) => rpc<Receipt | null>('mizu_getReceipt', hash);
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );
const headOf = async () => (await rpc<Head>('mizu_chain')).head;

async function start(name: string, key = keyOf(1)): Promise<Sequencer> {
  const started = await startTestSequencer(network, name, { key });
  open.push(started);
  return started;
}

async function allPosted(): Promise<boolean> {
  type Health = { batch: number; isOpen: boolean; posted: number };
  const health = (await fetch(`${sequencer.url}/health`).then((answer) => answer.json())) as Health;
  const inbox = { address: network.deployment.addresses.inbox, abi: inboxAbi } as const;
  const batches = await network.l1.client.readContract({ ...inbox, functionName: 'batchCount' });
  return !health.isOpen && health.batch === health.posted && BigInt(health.batch) === batches;
}

/** What the Rollup does when nobody has asserted the batch in time. */
async function makeVoid(batch: number): Promise<void> {
  const { inbox, rollup } = network.deployment.addresses;
  await network.chain.impersonateAccount({ address: rollup });
  await network.chain.setBalance({ address: rollup, value: 10n ** 18n });
  const data = encodeFunctionData({ abi: inboxAbi, functionName: 'voidBatch', args: [BigInt(batch)] });
  const rpcOfL1 = createRpcClient(network.anvil.url);
  const hash = (await rpcOfL1('eth_sendTransaction', [{ from: rollup, to: inbox, data }])) as Hex;
  await network.l1.client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
}

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await network?.close();
});

beforeEach(async () => {
  count += 1;
  sequencer = await start(`sequencer-${count}`);
  await network.deposit(10n ** 15n);
  await until('deposit', async () => (await rpc<{ balance: string }>('mizu_getAccount', USER.address)).balance !== '0');
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** Sends two messages of the user, each of which is posted in a batch of its own. */
async function sendTwo(): Promise<{ first: Message; second: Message; hashes: [Hex, Hex]; batches: [number, number] }> {
  await until('posting', allPosted);
  const at = await nonce();
  const [first, second] = [await withdraw(at), await withdraw(at + 1)];
  const place = async (message: Message) => {
    const hash = await send(message);
    const receipt = await until('execution', async () => (await receiptOf(hash)) ?? undefined);
    await until('posting', allPosted);
    return { hash, receipt };
  };
  const [a, b] = [await place(first), await place(second)];
  expect([a.receipt.ok, b.receipt.ok]).toEqual([true, true]);
  return { first, second, hashes: [a.hash, b.hash], batches: [a.receipt.batch, b.receipt.batch] };
}

test('a message of a void batch is told as lost, sent again by nobody but its sender, and counts then', async () => {
  const before = await nonce();
  const { first, second, hashes, batches } = await sendTwo();
  await makeVoid(batches[0]);
  await until('the loss', async () => (await codeOf(receiptOf(hashes[0]))) === 'message/void');
  await until('posting', allPosted);
  expect(await codeOf(rpc('mizu_getPromise', hashes[0]))).toBe('message/void');
  expect(await rpc('mizu_getBatch', batches[0])).toMatchObject({
    status: 'void',
    objectRoot: VOID_ROOT,
    objectLength: 0,
  });
  expect(await rpc('mizu_getBatch', batches[1])).toMatchObject({ status: 'posted' });
  // For the message behind it the nonce before its own is missing.
  expect(await receiptOf(hashes[1])).toMatchObject({ ok: false, error: expect.stringContaining('nonce') });
  expect(await nonce()).toBe(before);
  for (const [message, hash] of [
    [first, hashes[0]],
    [second, hashes[1]],
  ] as const) {
    expect(await send(message)).toBe(hash);
    await until('execution', async () => (await receiptOf(hash).catch(() => null))?.ok === true);
  }
  expect(await nonce()).toBe(before + 2);
  // A message that counts is not taken again.
  expect(await send(first)).toBe(hashes[0]);
  await until('posting', allPosted);
  expect(await nonce()).toBe(before + 2);
});

test('a sequencer that was away, and one without a folder, reach the state of the one that was there', async () => {
  const { hashes, batches } = await sendTwo();
  await sequencer.close();
  await makeVoid(batches[0]);
  sequencer = await start(`sequencer-${count}`);
  await until('the loss', async () => (await codeOf(receiptOf(hashes[0]))) === 'message/void');
  await until('posting', allPosted);
  const head = await headOf();
  await sequencer.close();
  sequencer = await start(`fresh-${count}`);
  await until('the same head', async () => isDeepStrictEqual(await headOf(), head));
});

test('a reorganisation that takes the void back gives the messages back', async () => {
  const { hashes, batches } = await sendTwo();
  const [head, receipt] = [await headOf(), await receiptOf(hashes[0])];
  const snapshot = await network.chain.snapshot();
  await makeVoid(batches[0]);
  await until('the loss', async () => (await codeOf(receiptOf(hashes[0]))) === 'message/void');
  await network.chain.revert({ id: snapshot });
  await network.chain.mine({ blocks: 3 });
  await until('the message', async () => (await receiptOf(hashes[0]).catch(() => null))?.ok === true);
  await until('posting', allPosted);
  expect(await headOf()).toEqual(head);
  expect(await receiptOf(hashes[0])).toEqual(receipt);
  expect(await rpc('mizu_getBatch', batches[0])).toMatchObject({ status: 'posted' });
});
