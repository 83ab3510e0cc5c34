import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Abi, encodeAbiParameters, encodeEventTopics, numberToHex } from 'viem';
import { afterEach, expect, test } from 'vitest';
import type { ContractAddresses } from '../contracts/deploy.ts';
import { disputeAbi, rollupAbi } from '../protocol/generated/abi.ts';
import { type Address, type Hex, ZERO_HASH } from '../protocol/hex.ts';
import { startPatientClock } from './patient-clock.ts';

const LIAR: Address = `0x${'11'.repeat(20)}`;
const CONTRACTS = { rollup: `0x${'22'.repeat(20)}`, dispute: `0x${'33'.repeat(20)}` } as unknown as ContractAddresses;
const ASSERTION: Hex = `0x${'44'.repeat(32)}`;

type Event = { readonly address: Address; readonly topics: readonly Hex[]; readonly data: Hex };

type Parameter = { readonly type: string; readonly components?: readonly Parameter[]; readonly indexed?: boolean };

function zeroOf({ type, components = [] }: Parameter): unknown {
  if (type.endsWith('[32]')) return Array.from({ length: 32 }, () => ZERO_HASH);
  if (type.endsWith('[]')) return [];
  if (type === 'tuple')
    return Object.fromEntries(components.map((one) => [(one as { name?: string }).name, zeroOf(one)]));
  if (type.startsWith('bytes')) return ZERO_HASH.slice(0, 2 + 2 * Number(type.slice('bytes'.length)));
  return type === 'address' ? LIAR : 0n;
}

/** What is not indexed is zero. */
function eventOf(abi: Abi, address: Address, eventName: string, args: Record<string, Hex>): Event {
  const found = abi.find((one) => one.type === 'event' && one.name === eventName) as unknown as { inputs: Parameter[] };
  const rest = found.inputs.filter(({ indexed }) => !indexed);
  const data = encodeAbiParameters(rest as never, rest.map(zeroOf) as never);
  return { address, topics: encodeEventTopics({ abi, eventName, args }) as Hex[], data };
}

const asserted = eventOf(rollupAbi, CONTRACTS.rollup, 'AssertionCreated', {
  id: ASSERTION,
  parent: ZERO_HASH,
  asserter: LIAR,
});
const opened = eventOf(disputeAbi, CONTRACTS.dispute, 'GameOpened', {
  game: ZERO_HASH,
  assertion: ASSERTION,
  challenger: LIAR,
});

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

type Filter = { readonly address: string; readonly fromBlock: Hex; readonly toBlock: Hex };

function logsOf(events: readonly (Event | undefined)[], { address, fromBlock, toBlock }: Filter): unknown[] {
  return events
    .map((event, i) => ({ ...event, blockNumber: numberToHex(i), logIndex: '0x0', removed: false }))
    .filter((event, i) => event.address === address && i >= Number(fromBlock) && i <= Number(toBlock));
}

/** An L1 whose block of number i has the events of that place. `times`: of its blocks. */
async function startL1(startSeconds: number, events: readonly (Event | undefined)[]) {
  const times = [startSeconds];
  let mined = () => {};
  const done = new Promise<void>((resolve) => {
    mined = resolve;
  });
  const answers: Record<string, (params: never[]) => unknown> = {
    eth_getBlockByNumber: () => ({
      number: numberToHex(times.length - 1),
      timestamp: numberToHex(times.at(-1) as number),
    }),
    eth_getLogs: ([filter]) => logsOf(events, filter as unknown as Filter),
    evm_setNextBlockTimestamp: ([seconds]: number[]) => void times.push(seconds as number),
    evm_mine: () => {
      if (times.length > events.length) mined();
      return '0x0';
    },
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const { id, method, params } = JSON.parse(body);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result: answers[method]?.(params as never[]) ?? null }));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, times, done };
}

async function passed(startSeconds: number, events: readonly (Event | undefined)[]): Promise<number[]> {
  const { url, times, done } = await startL1(startSeconds, events);
  let lies = 0;
  const onLie = () => {
    lies += 1;
  };
  const options = { contracts: CONTRACTS, fromBlock: 0n, liar: LIAR, blockSeconds: 1, onLie };
  const clock = startPatientClock({ l1Url: url, ...options });
  await done;
  await clock.close();
  expect(lies).toBe(events.includes(asserted) ? 1 : 0);
  return times.slice(1, events.length + 1).map((time, i) => time - (times[i] as number));
}

test('no time passes while a lie waits for its challenger', async () => {
  const later = Math.floor(Date.now() / 1000) + 1000;
  const events = [undefined, asserted, undefined, undefined, opened, undefined];
  expect(await passed(later, events)).toEqual([1, 0, 0, 0, 1, 1]);
});

test('an L1 that is behind this machine goes twice as fast', async () => {
  expect(await passed(Math.floor(Date.now() / 1000) - 1000, [undefined, undefined, undefined])).toEqual([2, 2, 2]);
});
