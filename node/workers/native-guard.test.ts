// docs/prover.md#guard
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore, type Store } from '../../service/storage/store.ts';
import { testProgram } from '../../test/modules/programs.fixture.ts';
import { openNativeGuard } from './native-guard.ts';
import { createWorkers } from './workers.ts';

const A = `0x${'aa'.repeat(32)}` as const;
let folder: string;
let store: Store;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-guard-'));
  store = await openStore(folder);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

test('a program that the process has not survived twice is not run natively any more; once is chance', async () => {
  await (await openNativeGuard(store)).begin(A);
  const second = await openNativeGuard(store);
  expect(second.allows(A)).toBe(true);
  await second.begin(A);
  const third = await openNativeGuard(store);
  expect(third.allows(A)).toBe(false);
  expect((await openNativeGuard(store)).allows(A)).toBe(false);
});

test('a process that lives on forgets it', async () => {
  await (await openNativeGuard(store)).begin(A);
  const second = await openNativeGuard(store);
  await second.begin(A);
  await second.end(A);
  await (await openNativeGuard(store)).begin(A);
  expect((await openNativeGuard(store)).allows(A)).toBe(true);
});

test('its result is that of the step machine then; who closes the threads in time is not one that died', async () => {
  const { parts, programId } = testProgram('(module (func (export "_start")))');
  const job = { programId, seed: A, gasLimit: 100n, timestampNs: 0n, inputs: [] };
  for (let death = 0; death < 2; death++) await (await openNativeGuard(store)).begin(programId);
  const told: string[] = [];
  const guard = await openNativeGuard(store);
  const workers = createWorkers(1, { guard, onStepped: (_, reason) => told.push(reason) });
  expect(await workers.run(job, async () => parts)).toMatchObject({ status: 0, gasUsed: 4n });
  expect(told).toEqual(['the process has ended twice while it ran natively']);
  const other = testProgram('(module (func (export "_start") (nop) (drop (i32.const 1))))');
  const never = workers.run({ ...job, programId: other.programId }, () => new Promise(() => undefined));
  never.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  await workers.close();
  await (await openNativeGuard(store)).begin(other.programId);
  expect((await openNativeGuard(store)).allows(other.programId)).toBe(true);
});
