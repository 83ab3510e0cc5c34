// docs/operations.md#l1-proof: L1 nodes that leave out, invent, mix up, lag, refuse: the events are those of the chain, or none.
import fc from 'fast-check';
import {
  createPublicClient,
  createTestClient,
  custom,
  http,
  numberToHex,
  type PublicClient,
  parseAbi,
  parseEther,
} from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MizuToken } from '../../contracts/generated/bytecode.ts';
import { type Anvil, startAnvil } from '../../devnet/anvil.ts';
import { mizuTokenAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { connectL1, type L1Account, withAccount } from './l1.ts';
import { type BlockRef, type ChainChange, followLogs } from './logs.ts';

const KEY: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const abi = parseAbi(['event Transfer(address indexed from, address indexed to, uint256 value)']);
/** The mints of each block. The fourth block has none. */
const BLOCKS = [[1], [2, 3, 4], [5], [], [6, 7], [8]];
const TRUTH = BLOCKS.flat();

let anvil: Anvil;
let l1: L1Account;
let token: Address;
let head: bigint;

beforeAll(async () => {
  anvil = await startAnvil();
  l1 = withAccount(await connectL1(anvil.url), KEY);
  const chain = createTestClient({ chain: foundry, mode: 'anvil', transport: http(anvil.url) });
  const { client, wallet, account } = l1;
  const deploying = { abi: mizuTokenAbi, bytecode: MizuToken, args: [l1.address, parseEther('1000')] } as const;
  const hash = await wallet.deployContract({ ...deploying, account, chain: client.chain });
  token = (await client.waitForTransactionReceipt({ hash, pollingInterval: 20 })).contractAddress as Address;
  await chain.setAutomine(false);
  let nonce = await client.getTransactionCount({ address: l1.address });
  for (const amounts of BLOCKS) {
    for (const amount of amounts) {
      const call = {
        address: token,
        abi: mizuTokenAbi,
        functionName: 'mint',
        args: [l1.address, BigInt(amount)],
      } as const;
      await wallet.writeContract({ ...call, account, chain: client.chain, gas: 200_000n, nonce: nonce++ });
    }
    await chain.mine({ blocks: 1 });
  }
  head = await client.getBlockNumber();
});

afterAll(() => anvil.close());

type Json = Record<string, unknown>;
/** `latest`: gives the block of a number as the head, if the head was asked for. */
type Lie = (method: string, result: unknown, latest: ((number: bigint) => Promise<unknown>) | undefined) => unknown;

const receipts = (change: (list: Json[]) => unknown): Lie => {
  return (method, result) =>
    method === 'eth_getBlockReceipts' && Array.isArray(result) ? change(structuredClone(result) as Json[]) : result;
};
const header = (change: (block: Json) => unknown): Lie => {
  return (method, result) =>
    method === 'eth_getBlockByNumber' && result !== null ? change({ ...(result as Json) }) : result;
};
const logsOf = (receipt: Json) => receipt.logs as Json[];
const refuse = (code: number): Lie => {
  return () => {
    throw Object.assign(new Error(`status ${code}`), { code });
  };
};

const LIES: Record<string, Lie> = {
  'leaves the last log out': receipts((list) => {
    list.at(-1) && logsOf(list.at(-1) as Json).pop();
    return list;
  }),
  'leaves all logs out': receipts((list) => list.map((receipt) => ({ ...receipt, logs: [] }))),
  'leaves the last receipt out': receipts((list) => list.slice(0, -1)),
  'gives no receipts': receipts(() => []),
  'gives null for receipts': receipts(() => null),
  'gives nonsense for receipts': receipts(() => [{ logs: [{ topics: 5 }] }]),
  'tells the first log twice': receipts((list) => {
    const [log] = logsOf(list[0] as Json);
    if (log !== undefined) logsOf(list[0] as Json).push(log);
    return list;
  }),
  'turns the order round': receipts((list) => (list.length > 1 ? list.reverse() : [])),
  'changes the data': receipts((list) => {
    const [log] = logsOf(list[0] as Json);
    if (log !== undefined) log.data = `0x${'00'.repeat(31)}63`;
    return list;
  }),
  'has an empty bloom': header((block) => ({ ...block, logsBloom: `0x${'00'.repeat(256)}` })),
  'has another receipts root': header((block) => ({ ...block, receiptsRoot: `0x${'11'.repeat(32)}` })),
  'has another parent': header((block) => ({ ...block, parentHash: `0x${'11'.repeat(32)}` })),
  'has another hash': header((block) => ({ ...block, hash: `0x${'11'.repeat(32)}` })),
  'does not have the block': header(() => null),
  'gives half a header': header(({ number, hash }) => ({ number, hash })),
  'is two blocks behind': (_, result, latest) => latest?.(BigInt((result as Json).number as Hex) - 2n) ?? result,
  'is at its first block': (_, result, latest) => latest?.(0n) ?? result,
  'answers 429': refuse(429),
  'answers 500': refuse(500),
};

// The lies of the plan are told one a request, then the truth.
function lyingClient(plan: (string | undefined)[]): PublicClient {
  const request = async ({ method, params }: { method: string; params?: unknown }) => {
    const name = plan.shift();
    const ask = (given: unknown) => l1.client.request({ method, params: given } as never);
    const result = await ask(params);
    const isLatest = (params as unknown[] | undefined)?.[0] === 'latest';
    const latest = isLatest ? (number: bigint) => ask([numberToHex(number), false]) : undefined;
    return name === undefined ? result : (LIES[name] as Lie)(method, result, latest);
  };
  return createPublicClient({ transport: custom({ request }, { retryCount: 0 }), cacheTime: 0 }) as PublicClient;
}

type Followed = { readonly amounts: number[]; readonly errors: string[]; readonly undone: number };

async function follow(
  client: PublicClient,
  nodes?: readonly PublicClient[],
  known: BlockRef[] = [],
): Promise<Followed> {
  const stop = new AbortController();
  const applied: { block: BlockRef; amounts: number[] }[] = [];
  const errors: string[] = [];
  let undone = 0;
  const options = {
    client,
    ...(nodes === undefined ? {} : { nodes }),
    contracts: [{ address: token, abi }],
    fromBlock: 1n,
    confirmations: 0,
    known,
    signal: stop.signal,
    pollMs: 1,
    onError: (error: unknown) => errors.push((error as { code?: string }).code ?? 'other'),
  };
  for await (const change of followLogs(options)) {
    if (change.kind === 'undo') undone += 1;
    if (change.kind === 'undo') applied.pop();
    else applied.push({ block: change.block, amounts: amountsOf(change) });
    if (change.kind === 'apply' && change.block.number === head) stop.abort();
  }
  return { amounts: applied.flatMap(({ amounts }) => amounts), errors, undone };
}

function amountsOf(change: ChainChange & { kind: 'apply' }): number[] {
  return change.events.map(({ args }) => Number(args.value));
}

test('an honest node gives every event once, in order', async () => {
  expect(await follow(l1.client)).toEqual({ amounts: TRUTH, errors: [], undone: 0 });
});

test.each(Object.keys(LIES))('a node that %s at any one request changes nothing', async (name) => {
  const { amounts, undone } = await follow(lyingClient(Array<string>(6).fill(name)));
  expect(amounts).toEqual(TRUTH);
  expect(undone).toBe(0);
  // Headers are asked for from the second request on, receipts from the ninth.
  for (const at of [1, 4, 8, 10]) {
    const once = await follow(lyingClient([...Array<undefined>(at).fill(undefined), name]));
    expect({ at, amounts: once.amounts, undone: once.undone }).toEqual({ at, amounts: TRUTH, undone: 0 });
  }
});

test('any mixture of lies gives the events of the chain', async () => {
  const entry = fc.option(fc.constantFrom(...Object.keys(LIES)), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 12 }), async (plan) => {
      expect((await follow(lyingClient([...plan]))).amounts).toEqual(TRUTH);
    }),
    { numRuns: 30 },
  );
});

test('what is known stays while the node lags, also when it goes on', async () => {
  const hashOf = async (number: bigint) => (await l1.client.getBlock({ blockNumber: number })).hash;
  const known = await Promise.all([1n, 2n, head - 1n].map(async (number) => ({ number, hash: await hashOf(number) })));
  const plan = Array.from({ length: 8 }, () => ['is two blocks behind', undefined]).flat();
  const { amounts, errors, undone } = await follow(lyingClient(plan), undefined, known);
  expect(amounts).toEqual([8]);
  expect(errors).toContain('l1/behind');
  expect(undone).toBe(0);
});

test('a forged fork is not followed while another node contradicts it, and the follower says so', async () => {
  // A whole chain of its own: each header has its own hash, and none has our events.
  const forger = await startAnvil();
  try {
    const forged = createTestClient({ chain: foundry, mode: 'anvil', transport: http(forger.url) });
    await forged.mine({ blocks: Number(head) + 5 });
    const liar = (await connectL1(forger.url)).client;
    const stop = new AbortController();
    const errors: string[] = [];
    const seen: ChainChange[] = [];
    const options = { client: liar, nodes: [liar, l1.client], contracts: [{ address: token, abi }] };
    const rest = { fromBlock: 1n, confirmations: 0, known: [], signal: stop.signal, pollMs: 1 };
    const following = (async () => {
      const onError = (error: unknown) => void errors.push((error as { code: string }).code);
      for await (const change of followLogs({ ...options, ...rest, onError })) seen.push(change);
    })();
    await vi.waitUntil(() => errors.filter((code) => code === 'l1/nodes-disagree').length >= 4, { timeout: 600_000 });
    stop.abort();
    await following;
    expect(seen).toEqual([]);
    // What is known of the true chain is not given up either, whoever of the two is asked first.
    const hash = (await l1.client.getBlock({ blockNumber: 2n })).hash;
    const kept = await follow(liar, [liar, l1.client, l1.client], [{ number: 2n, hash }]);
    expect(kept.undone).toBe(0);
    expect(kept.amounts).toEqual(TRUTH.slice(TRUTH.indexOf(2)));
  } finally {
    await forger.close();
  }
});

test('nodes of two chains are refused at the start', async () => {
  const other = await startAnvil({ chainId: 5 });
  try {
    await expect(connectL1([anvil.url, other.url])).rejects.toMatchObject({ code: 'l1/other-chain' });
    const withDead = await connectL1(['http://127.0.0.1:9', anvil.url]);
    expect(await withDead.client.getBlockNumber()).toBe(head);
  } finally {
    await other.close();
  }
});
