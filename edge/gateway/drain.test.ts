// docs/edge.md#drain: what a gateway and a worker do when they are stopped; what a worker has lost and won back stays.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { requestJson } from '../../service/http/client.ts';
import { openStore } from '../../service/storage/store.ts';
import { startMockOpenAi } from '../../test/doubles/mock-openai.ts';
import { createGatewayWorld, type GatewayWorld, request } from '../../test/edge/gateway.fixture.ts';
import { until } from '../../test/network/network.fixture.ts';
import { openReputation } from './reputation.ts';

let world: GatewayWorld;
beforeEach(async () => {
  world = await createGatewayWorld();
});
afterEach(() => world.close());

const row = (content: string) => ({ messages: [{ role: 'user', content }] });

/** An endpoint whose answers come when the test lets them. */
async function startGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let asked = 0;
  const mock = await startMockOpenAi({
    answer: () => {
      asked += 1;
      return { content: 'late', after: opened };
    },
  });
  world.closers.push(mock.close);
  return { backends: [{ kind: 'openai', baseUrl: mock.url, models: { 'acme/m': 'm' } }], open, asked: () => asked };
}

test('a gateway that is stopped gives no more rows, and takes the answers of those that are at workers', async () => {
  const { backends, open, asked } = await startGate();
  const gateway = await world.open({ drainSeconds: 60, leaseRows: 1 });
  world.sequencer.addTask('acme/m', 0, [row('a'), row('b')]);
  await world.work(gateway, 2, backends, { concurrency: 1 });
  await until('a row at the worker', async () => asked() === 1);
  const closed = gateway.close();
  open();
  await closed;
  // All leases that were out have been answered; what was not leased waits for the next start.
  const again = await world.open();
  const { openRows, leasedRows } = await requestJson<{ openRows: number; leasedRows: number }>(`${again.url}/health`);
  expect(leasedRows).toBe(0);
  expect(openRows).toBe(2 - asked());
});

test('it does not wait for longer than its seconds, and the worker keeps its rows', async () => {
  const { backends, open, asked } = await startGate();
  const gateway = await world.open({ drainSeconds: 1 });
  world.sequencer.addTask('acme/m', 0, [row('a')]);
  await world.work(gateway, 2, backends);
  await until('a row at the worker', async () => asked() === 1);
  const { port } = new URL(gateway.url);
  await gateway.close();
  await world.open({ listen: { port: Number(port) } });
  open();
  await world.sequencer.whenSettled(1);
  expect(asked()).toBe(1);
});

test('a worker that is stopped takes no more rows, and ends those that it has', async () => {
  const { backends, open, asked } = await startGate();
  const gateway = await world.open({ leaseRows: 1 });
  world.sequencer.addTask(
    'acme/m',
    0,
    Array.from({ length: 40 }, (_, i) => row(String(i))),
  );
  const worker = await world.work(gateway, 2, backends, { concurrency: 1, drainSeconds: 60 });
  await until('a row at the worker', async () => asked() === 1);
  const closed = worker.close();
  open();
  await closed;
  const { openRows, leasedRows } = await requestJson<{ openRows: number; leasedRows: number }>(`${gateway.url}/health`);
  expect(leasedRows).toBe(0);
  expect(openRows).toBe(40 - asked());
  expect(openRows).toBeGreaterThan(0);
});

test('a worker takes rows by its credits, and none while it has set them to 0', async () => {
  const gateway = await world.open({ leaseRows: 1 });
  const settle = { sequencerUrl: world.sequencer.url, settleWei: '0', maxOwedWei: '0' };
  world.sequencer.addTask('builtin/small', 0, [request('a dog'), request('a cat')]);
  // Its gateway may owe it nothing: after the first rows are accepted it takes no more.
  await world.work(gateway, 2, undefined, { concurrency: 1, settle });
  await until('no credits', async () => {
    const { workers } = await requestJson<{ workers: { credits: number }[] }>(`${gateway.url}/health`);
    return workers[0]?.credits === 0;
  });
});

test('what a worker has lost and won back is there after a restart', async () => {
  const worker = `0x${'0a'.repeat(20)}` as const;
  const path = `${world.folder}/reputation`;
  let store = await openStore(path);
  let reputation = await openReputation(store);
  await reputation.failed(worker, 'liar');
  for (let i = 0; i < 7; i++) reputation.succeeded(worker);
  await reputation.save();
  await store.close();
  store = await openStore(path);
  reputation = await openReputation(store);
  expect(reputation.points(worker)).toBe(57);
  await reputation.failed(worker, 'liar');
  await reputation.failed(worker, 'timeout');
  reputation.succeeded(worker);
  await reputation.save();
  await store.close();
  store = await openStore(path);
  expect((await openReputation(store)).isBanned(worker)).toBe(true);
  await store.close();
});
