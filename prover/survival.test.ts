import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeNetwork } from '../node/config.ts';
import { inboxAbi, rollupAbi } from '../protocol/generated/abi.ts';
import { startChild } from '../service/process/child.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';

const SCRIPT = fileURLToPath(new URL('../test/network/executor-process.fixture.ts', import.meta.url));
const LOADER = fileURLToPath(new URL('../scripts/ts.mjs', import.meta.url));
let network: TestNetwork;
let proxy: Server;
let isDown = false;
let refused = 0;
let child: ChildProcess | undefined;

beforeAll(async () => {
  network = await startTestNetwork();
  proxy = createServer((incoming, outgoing) => {
    if (isDown) {
      refused++;
      outgoing.writeHead(503).end();
      return;
    }
    const { method, headers } = incoming;
    const forwarded = request(network.anvil.url, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.once('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
});

afterAll(async () => {
  await kill('SIGTERM');
  proxy.closeAllConnections();
  proxy.close();
  await network?.close();
});

function start(): void {
  const network_ = network.config('executor');
  const l1Url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const config = {
    ...encodeNetwork({ ...network_, l1Url }),
    key: keyOf(2),
    policy: { intervalSeconds: 0 },
    payoutWei: '1',
  };
  mkdirSync(network_.dataDir, { recursive: true });
  const file = `${dirname(network_.dataDir)}/executor.json`;
  writeFileSync(file, JSON.stringify(config));
  const env = { ...process.env, MIZU_LOG: process.env.MIZU_LOG ?? 'silent' };
  child = startChild(process.execPath, ['--import', LOADER, SCRIPT, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
}

async function kill(signal: NodeJS.Signals): Promise<number | null> {
  const ended = child;
  child = undefined;
  if (ended === undefined || ended.exitCode !== null) return ended?.exitCode ?? null;
  const exit = once(ended, 'exit');
  ended.kill(signal);
  return (await exit)[0] as number | null;
}

async function confirmedBatch(): Promise<bigint> {
  const rollup = { address: network.deployment.addresses.rollup, abi: rollupAbi } as const;
  const latest = await network.l1.client.readContract({ ...rollup, functionName: 'latestConfirmed' });
  return (await network.l1.client.readContract({ ...rollup, functionName: 'assertionOf', args: [latest] })).batch;
}

async function assertions() {
  return network.l1.client.getContractEvents({
    address: network.deployment.addresses.rollup,
    abi: rollupAbi,
    eventName: 'AssertionCreated',
    fromBlock: 0n,
  });
}

test('killed at any moment and cut off from L1, it claims every batch once', async () => {
  start();
  await network.deposit(10n ** 18n);
  const { messages } = await createRunMessages(network.author, 4, 0n, network.author);
  await network.postBatch(messages.slice(0, 2));
  await until('the first assertion', async () => (await assertions()).length > 0 || undefined);
  expect(await kill('SIGKILL')).toBeNull();
  for (const message of messages.slice(2, 6)) await network.postBatch([message]);
  start();
  await until('the next assertion', async () => (await assertions()).length > 1 || undefined);
  await kill('SIGKILL');
  start();
  await network.postBatch(messages.slice(6, 7));
  await until('one more', async () => (await assertions()).length > 2 || undefined);
  isDown = true;
  await network.postBatch(messages.slice(7));
  await until('refusals', () => refused > 5 || undefined);
  isDown = false;
  const batches = await network.l1.client.readContract({
    address: network.deployment.addresses.inbox,
    abi: inboxAbi,
    functionName: 'batchCount',
  });
  await network.clock.passUntil('all confirmed', async () => (await confirmedBatch()) === batches || undefined);
  const created = await assertions();
  expect(new Set(created.map(({ args }) => args.parent)).size).toBe(created.length);
  expect(new Set(created.map(({ args }) => args.id)).size).toBe(created.length);
  expect(await kill('SIGTERM')).toBe(0);
});
