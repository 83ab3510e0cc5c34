// docs/rpc.md: what one request may make the sequencer do is bounded.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { Address, Hex } from '../protocol/hex.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { jsonText } from '../service/http/body.ts';
import { createHttpApp } from '../service/http/http.ts';
import { createLogger } from '../service/process/log.ts';
import { numberKey, openStore, type Table } from '../service/storage/store.ts';
import { createPromises } from './admission/promises.ts';
import { openTables, ownedRunKey, type RunIndex, type StepRecord } from './index/tables.ts';
import { method, serveJsonRpc } from './rpc/json-rpc.ts';
import { type QueryParts, queryRuns } from './rpc/queries.ts';

const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-answers-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const store = await openStore(join(folder, 'state'));
  cleanups.push(() => store.close());
  return { store, tables: openTables(store) };
}

const hashOf = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;

function counting<V>(table: Table<V>): { readonly table: Table<V>; readonly reads: () => number } {
  let reads = 0;
  const countRead = (key: string) => {
    reads += 1;
    return table.get(key);
  };
  return { table: { ...table, get: countRead }, reads: () => reads };
}

test('the answers of a batch are bounded together; the calls behind the bound are refused, each by its id', async () => {
  const log = createLogger('test', 'silent');
  const http = createHttpApp({ log, health: () => ({}) });
  cleanups.push(() => http.close());
  const methods = { long: method(z.tuple([]), () => 'x'.repeat(1024 * 1024)) };
  http.app.post(
    '/',
    jsonText(10_000),
    serveJsonRpc(methods, http.closing, log, () => {}),
  );
  const url = await http.listen({ port: 0 });
  const calls = Array.from({ length: 20 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'long' }));
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(calls) });
  const answers = (await answer.json()) as { id: number; result?: string; error?: { code: number; data: object } }[];
  expect(answers.map(({ id }) => id)).toEqual(calls.map(({ id }) => id));
  expect(answers.filter(({ result }) => result !== undefined).length).toBe(8);
  expect(answers[8]?.error).toMatchObject({ code: -32005, data: { code: 'limit/answer', retryable: false } });
});

test('the runs of an owner are found without looking at those of others', async () => {
  const { store, tables } = await open();
  const [own, other] = ['0x5E5e5e5E5e5E5e5e5e5e5e5e5e5e5e5e5e5e5e5e', `0x${'77'.repeat(20)}`] as [Address, Address];
  const record = (owner: Address, startStep: number) => ({ owner, startStep, status: 'done' }) as unknown as RunIndex;
  for (let step = 1; step <= 300; step++) {
    const owner = step % 100 === 0 ? own : other;
    await store.write([
      tables.runs.put(hashOf(step), record(owner, step)),
      tables.runOrder.put(numberKey(step), hashOf(step)),
      tables.ownedRuns.put(ownedRunKey(owner, step), hashOf(step)),
    ]);
  }
  const { table: runs, reads } = counting(tables.runs);
  const parts = { tables: { ...tables, runs } } as unknown as QueryParts;
  const stepsOf = async (filter: Parameters<typeof queryRuns>[1]) =>
    (await queryRuns(parts, filter)).map(({ firstStep }) => firstStep);
  expect(await stepsOf({ owner: own })).toEqual([300, 200, 100]);
  expect(await stepsOf({ owner: own.toLowerCase() as Address, before: 300, limit: 1 })).toEqual([200]);
  expect(await stepsOf({ owner: `0x${'88'.repeat(20)}` })).toEqual([]);
  expect(reads()).toBe(4);
  expect(await stepsOf({ before: 201, limit: 2 })).toEqual([200, 199]);
});

test('a promise reads the places that were not promised yet, once', async () => {
  const { store, tables } = await open();
  const count = 500;
  const steps = Array.from({ length: count }, (_, i) => {
    const step = { hash: hashOf(i + 1), batch: 0, message: i, origin: 'sequencer' } as unknown as StepRecord;
    return [
      tables.steps.put(numberKey(i + 1), step),
      tables.executed.put(hashOf(i + 1), i + 1),
      tables.messages.put(hashOf(i + 1), Uint8Array.of(i % 256)),
    ];
  });
  const batch = { index: 0, origin: 'own', firstStep: 0, messages: count, delayedRoots: [] } as const;
  const head = { ...batch, timestamp: 1, delayedFrom: 0, closed: false };
  await store.write([tables.batches.put(numberKey(0), head), ...steps.flat()]);
  const { table, reads } = counting(tables.steps);
  const account = privateKeyToAccount(`0x${'11'.repeat(32)}`);
  const domain = createDomain(1, `0x${'22'.repeat(20)}`);
  const promises = createPromises({ store, tables: { ...tables, steps: table }, account, domain });
  expect(await promises.sign(hashOf(400))).toMatchObject({ batch: 0, message: 399 });
  const first = reads();
  expect(first).toBeGreaterThanOrEqual(400);
  // Each promise looks up the place of its message twice, and reads the step of that place.
  for (const number of [400, 1, 200]) {
    const before = reads();
    expect(await promises.sign(hashOf(number))).toMatchObject({ message: number - 1 });
    expect(reads() - before).toBeLessThanOrEqual(4);
  }
  const before = reads();
  await promises.sign(hashOf(500));
  expect(reads() - before).toBeLessThanOrEqual(104);
  expect(await promises.at(0, 499)).toBe(hashOf(500));
  expect(await promises.at(0, 450)).toBe(hashOf(451));
});
