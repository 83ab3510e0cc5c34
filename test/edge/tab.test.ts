// docs/edge.md#tab: a worker in a page of a real browser answers what a worker in Node.js answers, to the byte.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatEther } from 'viem';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SIMULATOR_MODEL } from '../../edge/backends/simulate-request.ts';
import type { Gateway } from '../../edge/gateway/gateway.ts';
import type { Address } from '../../protocol/hex.ts';
import { objectRef } from '../../protocol/tree.ts';
import { linkWasi } from '../../vm/wasi/link.ts';
import { paidFor } from '../doubles/loopback-sequencer.ts';
import { until } from '../network/network.fixture.ts';
import { type Browser, findChromium, launchChromium, type Page } from './chromium.fixture.ts';
import { createGatewayWorld, type GatewayWorld, request } from './gateway.fixture.ts';

const CHROMIUM = findChromium();
if (CHROMIUM === undefined)
  console.log('no chromium in PATH: the tests of the worker in a page are skipped (Debian: apt-get install chromium)');

const WALK = await linkWasi(
  new Uint8Array(readFileSync(fileURLToPath(new URL('../../examples/walks/walk.wasm', import.meta.url)))),
);
const TEXTS = ['a large dog', 'a soup of beets', 'grüne Äpfel 🍏 und Brot', 'nothing of that', 'a cat\ud800'];
const SCHEMA = {
  type: 'object',
  properties: {
    question: { type: 'string' },
    answer: { type: 'string' },
    topic: { enum: ['noun.animal', 'noun.food', 'verb.motion'] },
    confidence: { type: 'number' },
  },
};
const ROWS = TEXTS.flatMap((text, seed) => [
  request(text),
  {
    messages: [{ role: 'user', content: `Read:\n\n${text}. It runs through the garden and sleeps on the warm stone.` }],
    seed,
  },
  {
    messages: [{ role: 'user', content: text }],
    response_format: { type: 'json_schema', json_schema: { schema: SCHEMA } },
    seed,
  },
]);

const simulation = (steps: number, seed: number, gasLimit = 1_000_000) => ({
  messages: [{ role: 'user', content: String(steps) }],
  mizu: { simulate: { gasLimit, ...objectRef(WALK) }, strict: true },
  max_tokens: 20_000,
  seed,
});
// The last but one runs out of gas, and the last is no number.
const SIMULATIONS = [
  ...Array.from({ length: 6 }, (_, seed) => simulation(400, seed)),
  simulation(10 ** 7, 0),
  { ...simulation(1, 1), messages: [{ role: 'user', content: 'no number' }] },
];

let world: GatewayWorld;
let browser: Browser | undefined;
beforeEach(async () => {
  world = await createGatewayWorld();
});
afterEach(async () => {
  await browser?.close();
  browser = undefined;
  await world.close();
});

const textOf = (page: Page, id: string) => page.$eval(`#${id}`, ({ textContent }) => textContent ?? '');

async function waitFor(page: Page, id: string, text: string): Promise<void> {
  await page.waitForFunction(
    (one, all) => document.getElementById(one)?.textContent === all,
    { timeout: 60_000 },
    id,
    text,
  );
}

/** What a page says in its console goes to `said`: a refusal of its policy is there too. */
async function visit(opened: Browser, url: string, said: string[]): Promise<{ page: Page; address: Address }> {
  const page = await opened.newPage();
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(url);
  await page.waitForFunction(() => document.getElementById('address')?.textContent !== '', { timeout: 60_000 });
  return { page, address: (await textOf(page, 'address')) as Address };
}

/** Roots of the result objects of both tasks. */
async function answerAll(before: number): Promise<string[]> {
  world.sequencer.addTask('builtin/small', before, ROWS);
  world.sequencer.addTask(SIMULATOR_MODEL, before + 1, SIMULATIONS);
  await world.sequencer.whenSettled(before + 2);
  return world.sequencer.settled
    .slice(before)
    .sort((a, b) => a.partition - b.partition)
    .map(({ resultRoot }) => resultRoot);
}

test.skipIf(CHROMIUM === undefined)(
  'a page keeps its key, answers rows of both models, and stops; a worker in Node.js gives the same bytes',
  { timeout: 240_000 },
  async () => {
    world.put(WALK);
    const gateway = await world.open({ tabWorker: true, auditRate: 0 });
    browser = await launchChromium(CHROMIUM as string, join(world.folder, 'profile'));
    const said: string[] = [];
    const first = await visit(browser, `${gateway.url}/worker`, said);
    await first.page.close();

    const invitation = world.invite(9, { worker: first.address });
    const { page, address } = await visit(browser, `${gateway.url}/worker#invitation=${invitation}`, said);
    expect(address).toBe(first.address);
    expect(page.url()).toBe(`${gateway.url}/worker`);
    await page.click('#start');
    await waitFor(page, 'connection', 'connected');
    expect(await textOf(page, 'models')).toBe(`builtin/small, ${SIMULATOR_MODEL}`);
    const inPage = await answerAll(0);
    await waitFor(page, 'rows', String(ROWS.length + SIMULATIONS.length));
    const total = world.sequencer.settled.reduce((sum, item) => sum + (paidFor(item) * 8_000n) / 10_000n, 0n);
    await waitFor(page, 'owed', `${formatEther(total)} MIZU`);
    await page.click('#stop');
    await waitFor(page, 'connection', 'stopped');
    await until('the worker gone', async () => (await workersOf(gateway)).length === 0);
    const account = await textOf(page, 'account');
    expect(JSON.parse(account)).toMatchObject({ gateway: gateway.address, worker: address, total: String(total) });
    await page.close();

    // The gateway owes it no less when it comes again, with the invitation that it has kept.
    const again = await visit(browser, `${gateway.url}/worker`, said);
    expect(again.address).toBe(address);
    await again.page.click('#start');
    await waitFor(again.page, 'connection', 'connected');
    await waitFor(again.page, 'account', account);
    await again.page.close();

    await world.work(gateway, 3);
    expect(await answerAll(2)).toEqual(inPage);
    expect(said).toEqual([]);
  },
);

async function workersOf(gateway: Gateway): Promise<unknown[]> {
  const { workers } = (await (await fetch(`${gateway.url}/health`)).json()) as { workers: unknown[] };
  return workers;
}

test('the page is served only if the configuration says so, and may load nothing from elsewhere', async () => {
  const without = await world.open();
  const missing = await fetch(`${without.url}/worker`);
  expect([missing.status, (await missing.json()).error.code]).toEqual([404, 'http/not-found']);
  await without.close();
  world.closers.splice(0);
  const { url } = await world.open({ tabWorker: true });
  const response = await fetch(`${url}/worker`);
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await response.text()).not.toMatch(/https?:\/\//);
  for (const file of ['page.js', 'thread.js', 'page.css', 'small.bin']) {
    const raw = await fetch(`${url}/worker/${file}`, { headers: { 'accept-encoding': 'identity' } });
    expect([raw.status, raw.headers.get('content-encoding')]).toEqual([200, null]);
    const packed = await fetch(`${url}/worker/${file}`);
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(Buffer.from(await packed.arrayBuffer()).equals(Buffer.from(await raw.arrayBuffer()))).toBe(true);
  }
});
