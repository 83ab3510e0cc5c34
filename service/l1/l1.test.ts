// docs/operations.md#l1: sent once with rising fees; events followed through a reorg.
import { createTestClient, http, parseAbi, parseEther } from 'viem';
import { foundry } from 'viem/chains';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MizuToken } from '../../contracts/generated/bytecode.ts';
import { type Anvil, startAnvil } from '../../devnet/anvil.ts';
import { mizuTokenAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { connectL1, type L1Account, withAccount } from './l1.ts';
import { type BlockRef, type ChainChange, followLogs, pauseOf } from './logs.ts';
import { createSender } from './send.ts';

const KEY: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const OTHER: Address = '0x00000000000000000000000000000000000000aa';
let anvil: Anvil;
let l1: L1Account;
let token: Address;
let chain: ReturnType<typeof testClient>;

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

beforeEach(async () => {
  anvil = await startAnvil();
  l1 = withAccount(await connectL1(anvil.url), KEY);
  chain = testClient(anvil.url);
  const hash = await l1.wallet.deployContract({
    abi: mizuTokenAbi,
    bytecode: MizuToken,
    args: [l1.address, parseEther('1000')],
    account: l1.account,
    chain: l1.client.chain,
  });
  token = (await l1.client.waitForTransactionReceipt({ hash, pollingInterval: 20 })).contractAddress as Address;
});

afterEach(async () => {
  await anvil.close();
});

test('calls of one sender are mined in order, each once', async () => {
  const sender = createSender(l1);
  const sent = await Promise.all([mint(1n), mint(2n), mint(3n)].map((call) => sender.sendAndWait(call)));
  expect(sent.map(({ kind }) => kind)).toEqual(['mined', 'mined', 'mined']);
  expect(await balance()).toBe(6n);
});

test('an effect that is there already is not sent again', async () => {
  const sender = createSender(l1);
  await sender.sendAndWait(mint(5n));
  const again = await sender.sendAndWait(mint(5n, async () => (await balance()) >= 5n));
  expect(again).toEqual({ kind: 'already-done' });
  expect(await balance()).toBe(5n);
});

test('a revert is told by the name of the contract error, before gas is paid', async () => {
  const sender = createSender(l1);
  const nonce = await l1.client.getTransactionCount({ address: l1.address });
  await expect(sender.sendAndWait(mint(parseEther('2000')))).rejects.toMatchObject({
    code: 'l1/reverted',
    actual: expect.stringContaining('ERC20ExceededCap('),
    errorName: 'ERC20ExceededCap',
    args: [expect.any(BigInt), expect.any(BigInt)],
  });
  expect(await l1.client.getTransactionCount({ address: l1.address })).toBe(nonce);
});

test('a transaction that is not mined is replaced by one that pays more, with the same nonce', async () => {
  await chain.setAutomine(false);
  const sender = createSender(l1, { stuckSeconds: 1 });
  const sending = sender.sendAndWait(mint(7n));
  const pool = async () => {
    const content = (await l1.client.request({ method: 'txpool_content' as never })) as {
      pending: Record<string, Record<string, { maxFeePerGas: Hex }>>;
    };
    return Object.values(content.pending[l1.address] ?? content.pending[l1.address.toLowerCase()] ?? {});
  };
  const first = await until(async () => (await pool())[0]);
  await until(async () => {
    const now = (await pool())[0];
    return now !== undefined && BigInt(now.maxFeePerGas) > BigInt(first.maxFeePerGas) ? now : undefined;
  });
  expect(await pool()).toHaveLength(1);
  await chain.mine({ blocks: 1 });
  expect((await sending).kind).toBe('mined');
  expect(await balance()).toBe(7n);
});

test('a transaction that a reorg has dropped is sent again at once', async () => {
  const snapshot = await chain.snapshot();
  await chain.setAutomine(false);
  const sending = createSender(l1, { stuckSeconds: 600 }).sendAndWait(mint(9n));
  await until(async () =>
    (await l1.client.getTransactionCount({ address: l1.address, blockTag: 'pending' })) >
    (await l1.client.getTransactionCount({ address: l1.address }))
      ? true
      : undefined,
  );
  await chain.dropTransaction({ hash: (await l1.client.getBlock({ blockTag: 'pending' })).transactions[0] as Hex });
  await chain.revert({ id: snapshot });
  await chain.setAutomine(true);
  expect((await sending).kind).toBe('mined');
  expect(await balance()).toBe(9n);
});

test('events come block by block, and a reorg takes them back', async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const known: BlockRef[] = [];
  const abi = parseAbi(['event Transfer(address indexed from, address indexed to, uint256 value)']);
  const following = (async () => {
    const changes = followLogs({
      client: l1.client,
      contracts: [{ address: token, abi }],
      fromBlock: 0n,
      confirmations: 0,
      known: [],
      signal: stop.signal,
      pollMs: 20,
    });
    for await (const change of changes) {
      if (change.kind === 'undo') known.pop();
      else known.push(change.block);
      seen.push(...describe(change));
    }
  })();
  const sender = createSender(l1);
  await sender.sendAndWait(mint(1n));
  await until(async () => (seen.includes('+1') ? true : undefined));
  const snapshot = await chain.snapshot();
  await sender.sendAndWait(mint(2n));
  await until(async () => (seen.includes('+2') ? true : undefined));
  await chain.revert({ id: snapshot });
  await sender.sendAndWait(mint(3n));
  await chain.mine({ blocks: 2 });
  await until(async () => (seen.includes('+3') ? true : undefined));
  stop.abort();
  await following;
  expect(seen.filter((entry) => entry !== 'undo')).toEqual(['+1', '+2', '+3']);
  expect(seen.indexOf('undo')).toBeGreaterThan(seen.indexOf('+2'));
  expect(seen.indexOf('undo')).toBeLessThan(seen.indexOf('+3'));
  expect(known.map(({ number }) => number)).toEqual(
    [...known].map(({ number }) => number).sort((a, b) => Number(a - b)),
  );
});

test('an L1 that is not there, and a key that is none', async () => {
  await expect(connectL1('http://127.0.0.1:9')).rejects.toMatchObject({ code: 'l1/unreachable', retryable: true });
  expect(() => withAccount(l1, '0x12')).toThrow(expect.objectContaining({ code: 'l1/bad-key' }));
});

function describe(change: ChainChange): string[] {
  return change.kind === 'undo' ? ['undo'] : change.events.map(({ args }) => `+${args.value}`);
}

async function until<T>(probe: () => Promise<T | undefined>): Promise<T> {
  return (await vi.waitUntil(probe, { timeout: 600_000, interval: 20 })) as T;
}

test('the head is asked for eight times a block, not more often than is said, and never later than eight polls', () => {
  expect([0, 1_000, 2_000, 4_000, 12_000, 16_000, 1e9].map((gapMs) => pauseOf(250, gapMs))).toEqual([
    250, 250, 250, 500, 1_500, 2_000, 2_000,
  ]);
});
