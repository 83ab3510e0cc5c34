// docs/operations.md#l1: many calls of one account wait for L1 together, and none for another's failure.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTestClient, http, parseEther } from 'viem';
import { foundry } from 'viem/chains';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MizuToken } from '../../contracts/generated/bytecode.ts';
import { type Anvil, startAnvil } from '../../devnet/anvil.ts';
import { mizuTokenAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { connectL1, type L1Account, withAccount } from './l1.ts';
import { createSender, type Sent } from './send.ts';

const KEY: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const OTHER: Address = '0x00000000000000000000000000000000000000aa';
let anvil: Anvil;
let l1: L1Account;
let token: Address;
let chain: ReturnType<typeof testClient>;
let first: number;

const testClient = (url: string) => createTestClient({ chain: foundry, mode: 'anvil', transport: http(url) });
const mint = (amount: bigint, isDone?: () => Promise<boolean>) => ({
  address: token,
  abi: mizuTokenAbi,
  functionName: 'mint',
  args: [OTHER, amount],
  ...(isDone === undefined ? {} : { isDone }),
});
const balance = () =>
  l1.client.readContract({ address: token, abi: mizuTokenAbi, functionName: 'balanceOf', args: [OTHER] });
const nonce = (blockTag: 'latest' | 'pending') => l1.client.getTransactionCount({ address: l1.address, blockTag });
const waiting = async () => (await nonce('pending')) - (await nonce('latest'));
const until = (probe: () => Promise<boolean>) => vi.waitUntil(probe, { timeout: 600_000, interval: 20 });

beforeEach(async () => {
  anvil = await startAnvil();
  l1 = withAccount(await connectL1(anvil.url), KEY);
  chain = testClient(anvil.url);
  const { account } = l1;
  const args = [l1.address, parseEther('1000')] as const;
  const hash = await l1.wallet.deployContract({
    abi: mizuTokenAbi,
    bytecode: MizuToken,
    args,
    account,
    chain: l1.client.chain,
  });
  token = (await l1.client.waitForTransactionReceipt({ hash, pollingInterval: 20 })).contractAddress as Address;
  await chain.setAutomine(false);
  first = await nonce('latest');
});

afterEach(async () => {
  await anvil.close();
});

test('forty calls take three blocks, sixteen at a time, in the order of the calls', async () => {
  const sender = createSender(l1, { inFlight: 16 });
  const sending = Promise.all(Array.from({ length: 40 }, (_, i) => sender.sendAndWait(mint(BigInt(i)))));
  for (const count of [16, 16, 8]) {
    await until(async () => (await waiting()) === count);
    await chain.mine({ blocks: 1 });
  }
  const sent = await sending;
  const blocks = sent.map((each) => (each.kind === 'mined' ? each.receipt.blockNumber : -1n));
  expect(new Set(blocks).size).toBe(3);
  expect(blocks).toEqual([...blocks].sort((a, b) => Number(a - b)));
  expect(await balance()).toBe(780n);
});

test('what is refused, or done already, takes no nonce from the others', async () => {
  const sender = createSender(l1, { inFlight: 16 });
  const calls = [mint(1n), mint(parseEther('2000')), mint(4n), mint(8n, async () => true), mint(16n)];
  const sending = Promise.allSettled(calls.map((call) => sender.sendAndWait(call)));
  await until(async () => (await waiting()) === 3);
  await chain.mine({ blocks: 1 });
  const sent = await sending;
  expect(sent.map((each) => (each.status === 'fulfilled' ? each.value.kind : each.reason.code))).toEqual([
    'mined',
    'l1/reverted',
    'mined',
    'already-done',
    'mined',
  ]);
  expect(await balance()).toBe(21n);
  expect(await nonce('latest')).toBe(first + 3);
});

test('the first of many that a node forgets is sent again, and the others are mined behind it', async () => {
  const sender = createSender(l1, { inFlight: 16, stuckSeconds: 600 });
  const sending = Promise.all([1n, 2n, 4n].map((amount) => sender.sendAndWait(mint(amount))));
  await until(async () => (await waiting()) === 3);
  await drop(first);
  await until(async () => (await waiting()) === 3);
  await chain.mine({ blocks: 1 });
  expect((await sending).map(({ kind }) => kind)).toEqual(['mined', 'mined', 'mined']);
  expect(await balance()).toBe(7n);
});

test('a nonce that was given up is filled, so that those behind it are mined', async () => {
  const sender = createSender(l1, { inFlight: 16, stuckSeconds: 1 });
  let isDone = false;
  const abandoned = sender.sendAndWait(mint(1n, async () => isDone));
  const others = [2n, 4n].map((amount) => sender.sendAndWait(mint(amount)));
  await until(async () => (await waiting()) === 3);
  isDone = true;
  await drop(first);
  expect(await abandoned).toEqual({ kind: 'already-done' } satisfies Sent);
  await until(async () => (await waiting()) === 3);
  await chain.mine({ blocks: 1 });
  expect((await Promise.all(others)).map(({ kind }) => kind)).toEqual(['mined', 'mined']);
  expect(await balance()).toBe(6n);
  expect(await nonce('latest')).toBe(first + 3);
});

test('all that are stuck pay more, each at its own nonce', async () => {
  const sender = createSender(l1, { inFlight: 16, stuckSeconds: 1 });
  const sending = Promise.all([1n, 2n].map((amount) => sender.sendAndWait(mint(amount))));
  await until(async () => (await waiting()) === 2);
  const before = await fees();
  await until(async () => (await fees()).every((fee, i) => fee > (before[i] as bigint)));
  expect(await fees()).toHaveLength(2);
  await chain.mine({ blocks: 1 });
  expect((await sending).map(({ kind }) => kind)).toEqual(['mined', 'mined']);
  expect(await balance()).toBe(3n);
});

type Pending = { readonly hash: Hex; readonly nonce: Hex; readonly maxFeePerGas: Hex };

/** Our transactions in the node's pool, by nonce: those that can be mined, and those behind a missing nonce. */
async function pool(): Promise<Pending[]> {
  const content = (await l1.client.request({ method: 'txpool_content' as never })) as Record<
    'pending' | 'queued',
    Record<string, Record<string, Pending>>
  >;
  const ours = [content.pending, content.queued].flatMap((part) =>
    Object.entries(part).flatMap(([address, by]) =>
      address.toLowerCase() === l1.address.toLowerCase() ? Object.values(by) : [],
    ),
  );
  return ours.sort((a, b) => Number(a.nonce) - Number(b.nonce));
}

async function fees(): Promise<bigint[]> {
  return (await pool()).map(({ maxFeePerGas }) => BigInt(maxFeePerGas));
}

async function drop(at: number): Promise<void> {
  const { hash } = (await pool()).find((each) => Number(each.nonce) === at) as Pending;
  await chain.dropTransaction({ hash });
}

test('an effect that comes between the look and the estimate is what the contract refuses: the call is done', async () => {
  const sender = createSender(l1);
  let looks = 0;
  const isDone = async () => ++looks > 1;
  expect(await sender.sendAndWait({ ...mint(1n, isDone), functionName: 'burn', args: [parseEther('2000')] })).toEqual({
    kind: 'already-done',
  });
  const refused = sender.sendAndWait({ ...mint(1n), functionName: 'burn', args: [parseEther('2000')] });
  await expect(refused).rejects.toMatchObject({ code: 'l1/reverted' });
});

test('a transaction that goes to a relay is sent once, though the node does not know it', async () => {
  const held: string[] = [];
  const relay = createServer(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    if (body.method === 'eth_sendRawTransaction') held.push(body.params[0]);
    const forwarded = await fetch(anvil.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        body.method === 'eth_sendRawTransaction' ? { ...body, method: 'web3_sha3', params: body.params } : body,
      ),
    });
    response.end(await forwarded.text());
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
    const looks: string[] = [];
    const watched = { ...withAccount(l1, KEY, url) };
    const client = Object.create(watched.client, {
      getTransaction: { value: async () => looks.push('getTransaction') },
    });
    const sending = createSender({ ...watched, client }).sendAndWait(mint(9n));
    await until(async () => held.length === 1);
    const latest = await l1.client.getBlockNumber();
    for (let i = 0; i < 8; i++) await chain.mine({ blocks: 1 });
    await until(async () => (await l1.client.getBlockNumber()) >= latest + 8n);
    expect(await waiting()).toBe(0);
    await l1.client.sendRawTransaction({ serializedTransaction: held[0] as Hex });
    await until(async () => (await waiting()) === 1);
    await chain.mine({ blocks: 1 });
    expect(await sending).toMatchObject({ kind: 'mined' });
    expect([held.length, looks]).toEqual([1, []]);
  } finally {
    relay.close();
  }
});
