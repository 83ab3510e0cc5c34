// docs/operations.md#l1-answers: L1 nodes whose answers are long, late or lead elsewhere, and blocks that somebody has filled.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type PublicClient, parseAbi } from 'viem';
import { afterEach, expect, test } from 'vitest';
import type { Address, Hex } from '../../protocol/hex.ts';
import { createFakeChain, encodeLog, type FakeChain, type FakeLog } from '../../test/doubles/fake-chain.fixture.ts';
import { connectL1 } from './l1.ts';
import { type ChainChange, followLogs, readTime } from './logs.ts';

const abi = parseAbi(['event Transfer(address indexed from, address indexed to, uint256 value)']);
const TOKEN: Address = `0x${'11'.repeat(20)}`;
const OTHER: Address = `0x${'22'.repeat(20)}`;
const MIB = 1024 * 1024;

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

type Call = { id: number; method: string; params?: unknown };
type Handler = (call: Call, response: ServerResponse, truth: () => Promise<string>) => Promise<void> | void;

const honest: Handler = async (_call, response, truth) =>
  void response.setHeader('content-type', 'application/json').end(await truth());

/** A node over HTTP, and what was asked of it. */
async function serve(chain: FakeChain, handler = honest): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const call = JSON.parse(Buffer.concat(parts).toString()) as Call;
    asked.push(call.method);
    await handler(call, response, async () =>
      JSON.stringify({ jsonrpc: '2.0', id: call.id, result: await chain.request(call) }),
    );
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const transfer = (value: bigint): FakeLog => encodeLog(TOKEN, abi, 'Transfer', { from: OTHER, to: OTHER, value });
const junk = (bytes: number): FakeLog => ({ address: OTHER, topics: [], data: `0x${'5a'.repeat(bytes)}` as Hex });

async function valuesOf(
  nodes: readonly PublicClient[],
  last: bigint,
): Promise<{ values: bigint[]; errors: unknown[] }> {
  const stop = new AbortController();
  const values: bigint[] = [];
  const errors: unknown[] = [];
  const [client] = nodes as [PublicClient];
  const options = { client, nodes, contracts: [{ address: TOKEN, abi }], fromBlock: 1n, confirmations: 0, known: [] };
  const onError = (error: unknown) => void errors.push(error);
  for await (const change of followLogs({ ...options, signal: stop.signal, pollMs: 1, onError })) {
    const { events = [], block } = change as ChainChange & { events?: readonly { args: Record<string, unknown> }[] };
    values.push(...events.map(({ args }) => args.value as bigint));
    if (block.number === last) stop.abort();
  }
  return { values, errors };
}

test.each([
  // 60 M gas are 7.5 MB of logs, 15 MB of JSON.
  ['60 M gas', [4, 4], 0],
  ['more than one answer may have', [7, 7, 6], 4],
])('what else is in a block that somebody has filled with logs of %s is read', async (_name, sizes, oneByOne) => {
  const chain = createFakeChain();
  chain.mine([transfer(1n)]);
  chain.mine([...sizes.map((size) => junk(size * MIB)), transfer(2n)]);
  const { number } = chain.mine([transfer(3n)]);
  const { url, asked } = await serve(chain);
  const { values, errors } = await valuesOf((await connectL1(url)).nodes, number);
  expect(values).toEqual([1n, 2n, 3n]);
  expect(errors).toEqual([]);
  expect(asked.filter((method) => method === 'eth_getTransactionReceipt').length).toBe(oneByOne);
});

test.each([['31536000'], ['2000000'], [new Date(2 ** 42).toUTCString()], ['-1'], ['soon']])(
  'a node that is busy and asks to wait "%s" is asked again within seconds',
  async (wait) => {
    const chain = createFakeChain();
    let busy = 1;
    const { url } = await serve(chain, (call, response, truth) => {
      if (busy-- <= 0) return honest(call, response, truth);
      response.writeHead(429, { 'retry-after': wait }).end('<html>');
    });
    expect((await connectL1(url)).chainId).toBe(1);
  },
);

test('a node that leads elsewhere is not followed', async () => {
  const chain = createFakeChain();
  const elsewhere = await serve(chain);
  const { url } = await serve(chain, (_call, response) => {
    response.writeHead(307, { location: elsewhere.url }).end();
  });
  await expect(connectL1(url)).rejects.toMatchObject({ code: 'l1/unreachable' });
  expect(elsewhere.asked).toEqual([]);
});

test.each([
  [
    'endless',
    (response: ServerResponse) => {
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
        response.once('drain', more);
      };
      more();
    },
  ],
  [
    'a bomb',
    (response: ServerResponse) => {
      response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(256 * MIB, ' ')));
    },
  ],
])('an answer that is %s is given up at 4 MiB', async (_name, answer) => {
  const chain = createFakeChain();
  const { url } = await serve(chain, (call, response, truth) => {
    if (call.method === 'eth_chainId') return honest(call, response, truth);
    answer(response.setHeader('content-type', 'application/json'));
  });
  const l1 = await connectL1([url, url]);
  await expect(l1.nodes[0]?.getBlockNumber()).rejects.toThrow(/too large/);
});

test('a block on top of the last one is read with one request', async () => {
  const chain = createFakeChain();
  chain.mine([]);
  const { url, asked } = await serve(chain);
  const { client } = await connectL1(url);
  const stop = new AbortController();
  asked.length = 0;
  const options = { client, contracts: [{ address: TOKEN, abi }], fromBlock: 1n, confirmations: 0, known: [] };
  for await (const { block } of followLogs({ ...options, signal: stop.signal, pollMs: 1 })) {
    if (block.number === 4n) stop.abort();
    chain.mine([]);
  }
  // The first: the head, and the block.
  expect(asked.filter((method) => method === 'eth_getBlockByNumber')).toHaveLength(2 + 3);
});

test('a node that never answers does not hold up two that agree', async () => {
  const chain = createFakeChain();
  chain.mine([transfer(1n)]);
  const { number } = chain.mine([transfer(2n)]);
  const hanging = { request: () => new Promise(() => undefined) } as unknown as PublicClient;
  const { values } = await valuesOf([chain.client, hanging, chain.client], number);
  expect(values).toEqual([1n, 2n]);
});

test('the time of a block is that of its proven header, whatever a node says of it by the way', async () => {
  const chain = createFakeChain();
  const { number } = chain.mine([transfer(1n)]);
  const future = { getBlock: async () => ({ timestamp: 2n ** 50n }) };
  const client = Object.assign(Object.create(chain.client) as PublicClient, future);
  const stop = new AbortController();
  const options = { client, contracts: [{ address: TOKEN, abi }], fromBlock: 1n, confirmations: 0, known: [] };
  for await (const change of followLogs({ ...options, signal: stop.signal, pollMs: 1 })) {
    expect(change).toMatchObject({ kind: 'apply', block: { number }, timestamp: 1_001n });
    stop.abort();
  }
});

test('before anything was followed, L1 has the time of the node in the middle', async () => {
  const at = (timestamp: bigint) => ({ getBlock: async () => ({ timestamp }) }) as unknown as PublicClient;
  const silent = { getBlock: () => Promise.reject(new Error('down')) } as unknown as PublicClient;
  expect(await readTime([at(7n)])).toBe(7);
  expect(await readTime([at(2n ** 50n), at(7n)])).toBe(7);
  expect(await readTime([at(2n ** 50n), silent, at(7n), at(8n)])).toBe(8);
  await expect(readTime([silent])).rejects.toMatchObject({ code: 'l1/unreachable', actual: 'Error: down' });
});
