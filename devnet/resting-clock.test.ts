import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { jsonBody } from '../service/http/body.ts';
import { createHttpApp, type HttpApp } from '../service/http/http.ts';
import { createLogger } from '../service/process/log.ts';
import { createRestingClock } from './resting-clock.ts';

let l1: HttpApp;
let url: string;
const calls: unknown[] = [];
beforeAll(async () => {
  l1 = createHttpApp({ log: createLogger('test', 'silent'), health: () => ({}) });
  l1.app.post('/', jsonBody(1_000), (request, response) => {
    calls.push([request.body.method, ...request.body.params]);
    response.json({ jsonrpc: '2.0', id: request.body.id, result: true });
  });
  url = await l1.listen({ port: 0 });
});
afterAll(() => l1?.close());

const said = async (...expected: unknown[]) => {
  await vi.waitFor(() => expect(calls).toEqual(expected), { timeout: 60_000 });
  calls.length = 0;
};

test('blocks come seldom after a minute without transactions, and each second as soon as one waits', async () => {
  const clock = createRestingClock(url, 1, (error) => expect(error).toBeUndefined());
  for (let i = 0; i < 59; i++) clock.block(false);
  clock.block(true);
  for (let i = 0; i < 59; i++) clock.block(false);
  clock.pending();
  for (let i = 0; i < 62; i++) clock.block(false);
  await said(['evm_setIntervalMining', 12]);
  clock.pending();
  clock.pending();
  await said(['evm_setIntervalMining', 1], ['evm_mine']);
  for (let i = 0; i < 60; i++) clock.block(false);
  await said(['evm_setIntervalMining', 12]);
  clock.wake();
  await said(['evm_setIntervalMining', 1], ['evm_mine']);
  for (let i = 0; i < 100; i++) clock.block(false);
  clock.pending();
  await said();
});
