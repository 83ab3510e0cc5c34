import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Hex } from '../../protocol/hex.ts';
import type { Operator } from '../workflow/operator.ts';
import { planStages } from '../workflow/plan.ts';
import type { StageRun } from './graph.ts';
import { createOperatorStore } from './operator-store.ts';
import { findKeptStages, keepOperators } from './reuse.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-operators-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const address = (digit: number) => `0x${String(digit).repeat(64)}` as Hex;
const bytes = (text: string) => new TextEncoder().encode(text);
const TIMES = { gasUsed: 5n, inputTokens: 1, outputTokens: 2, milliseconds: 0.5 };

test('a result is what was kept, a damaged one is none', async () => {
  const warnings: string[] = [];
  const store = createOperatorStore(folder, { onWarning: (text) => warnings.push(text) });
  const result = [
    { ...TIMES, outputs: [bytes('one\n'), bytes('')] },
    { ...TIMES, gasUsed: 2n ** 60n, outputs: [bytes('zwei\n')] },
  ];
  expect(await store.find(address(1))).toBeUndefined();
  await store.keep(address(1), result);
  expect(await store.find(address(1))).toEqual(result);
  expect(await store.find(address(2))).toBeUndefined();
  const [name] = await readdir(folder);
  const path = join(folder, name!);
  expect((await stat(path)).mode & 0o077).toBe(0);
  const text = await readFile(path, 'utf8');
  await writeFile(join(folder, `${address(2).slice(2)}.operator`), text);
  expect(await store.find(address(2))).toBeUndefined();
  await writeFile(path, text.replace('zwei', 'drei'));
  expect(await store.find(address(1))).toBeUndefined();
  expect(warnings).toEqual([expect.stringMatching(/\.operator is ignored: its hash is another one/)]);
});

test('the folder stays within its bounds, and nothing can be kept where no folder can be', async () => {
  const store = createOperatorStore(folder, { maxEntries: 3, maxBytes: 1e6 });
  for (let i = 0; i < 6; i++) await store.keep(address(i), []);
  await store.close();
  expect((await readdir(folder)).length).toBeLessThanOrEqual(3);
  const warnings: string[] = [];
  await writeFile(join(folder, 'file'), '');
  const none = createOperatorStore(join(folder, 'file'), { onWarning: (text) => warnings.push(text) });
  await none.keep(address(1), []);
  expect(warnings).toEqual([expect.stringContaining('could not be kept')]);
});

const OPERATORS = [
  { kind: 'map', name: 'a' },
  { kind: 'llm', model: 'builtin/small', name: 'm' },
  { kind: 'map', name: 'b' },
] as unknown as readonly Operator[];
const STAGES = planStages(OPERATORS, false);
const ADDRESSES = [address(1), address(2), address(3)];
const runsOf = (results: string): StageRun[] =>
  STAGES.map((stage) => ({ ...TIMES, stage, outputs: [bytes(stage.kind === 'infer' ? results : `${stage.kind}\n`)] }));

test('operators are kept up to the first on whose rows a model has failed', async () => {
  const store = createOperatorStore(folder);
  const good = runsOf('{"mizu":"results"}\n[0,{"content":"{\\"error\\":1}","finish_reason":"stop"}]\n');
  const bad = runsOf('{"mizu":"results"}\n[0,{"content":"x"}]\n[1,{"error":{"code":"edge/timeout"}}]\n');
  expect(STAGES.map(({ kind }) => kind)).toEqual(['rows', 'request', 'infer', 'receive', 'rows', 'sink', 'rejects']);
  await keepOperators(store, ADDRESSES, STAGES, bad, 0);
  expect(await findKeptStages(store, ADDRESSES, STAGES)).toMatchObject({ count: 1 });
  // A run that ended early has fewer stages.
  await keepOperators(store, ADDRESSES, STAGES, good.slice(0, 4), 1);
  const { stages, count } = await findKeptStages(store, ADDRESSES, STAGES);
  expect([count, [...stages.keys()]]).toEqual([2, [0, 1, 2, 3]]);
  expect(stages.get(2)).toEqual(good[2]);
  await keepOperators(store, ADDRESSES, STAGES, good, 2);
  expect(await findKeptStages(store, ADDRESSES, STAGES)).toMatchObject({ count: 3 });
});
