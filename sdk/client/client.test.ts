import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Hex } from '../../protocol/hex.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import type { Metadata } from '../compile/definition.ts';
import { discoverNetwork } from './discover.ts';
import { formatLarge, formatMizu, parseMizu } from './money.ts';
import { fromEthers, fromPrivateKey, fromViem, readKeyFile } from './signer.ts';
import { findRun, type SavedRun, saveRun } from './state-file.ts';
import { surveyInput } from './survey.ts';
import type { RunView } from './views.ts';
import { toProgress } from './watch.ts';

const KEY = `0x${'11'.repeat(32)}` as Hex;
const hash = (byte: string) => `0x${byte.repeat(32)}` as Hex;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-client-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a key, a viem account and an ethers signer sign alike', async () => {
  const data = {
    domain: createDomain(31337, `0x${'22'.repeat(20)}`),
    types: { Cancel: TYPES.Cancel },
    primaryType: 'Cancel',
    message: { sender: `0x${'33'.repeat(20)}`, nonce: 7n, gasPrice: 1n, run: hash('44') },
  };
  const signers = [fromPrivateKey(KEY), fromViem(privateKeyToAccount(KEY) as never), await fromEthers(new Wallet(KEY))];
  const signatures = await Promise.all(signers.map((signer) => signer.signTypedData(data)));
  expect(new Set(signatures).size).toBe(1);
  expect(new Set(signers.map((signer) => signer.address)).size).toBe(1);
});

test('keys and networks are found in options, environment and the devnet, in this order', async () => {
  const file = join(folder, 'key');
  await writeFile(file, `${KEY.slice(2)}\n`);
  expect(await readKeyFile(file)).toBe(KEY);
  await writeFile(file, 'nonsense');
  await expect(readKeyFile(file)).rejects.toMatchObject({ code: 'sdk/bad-key' });
  await expect(discoverNetwork({}, {}, folder)).rejects.toMatchObject({ code: 'sdk/no-network' });
  const environment = { MIZU_RPC: 'http://one', MIZU_PRIVATE_KEY: KEY };
  expect(await discoverNetwork({}, environment, folder)).toMatchObject({
    rpcUrl: 'http://one',
    signer: { privateKey: KEY },
  });
  expect(await discoverNetwork({ rpc: 'http://two' }, environment, folder)).toMatchObject({ rpcUrl: 'http://two' });
});

test('a run is remembered by workflow, input and network', async () => {
  const path = join(folder, 'state', 'runs.json');
  const record: SavedRun = {
    workflow: hash('01'),
    inputsHash: hash('02'),
    chainId: 1,
    inbox: `0x${'aB'.repeat(20)}`,
    origin: hash('0a'),
    run: hash('03'),
    message: '0x00',
    messageHash: hash('04'),
    file: 'w.ts',
    input: 'i.jsonl',
    startedAt: 5,
  };
  expect(await findRun(record, path)).toBeUndefined();
  await saveRun(record, path);
  await saveRun({ ...record, chainId: 2, run: hash('05') }, path);
  await saveRun({ ...record, run: hash('06') }, path);
  expect((await findRun(record, path))?.run).toBe(hash('06'));
  // A devnet that was started anew: same chain id, same addresses.
  expect(await findRun({ ...record, origin: hash('0b') }, path)).toBeUndefined();
  expect((await findRun({ ...record, inbox: record.inbox.toLowerCase() as Hex }, path))?.run).toBe(hash('06'));
  expect((await findRun({ ...record, chainId: 2 }, path))?.run).toBe(hash('05'));
  expect(await findRun({ ...record, inputsHash: hash('07') }, path)).toBeUndefined();
  expect(JSON.parse(await readFile(path, 'utf8'))).toHaveLength(2);
  await writeFile(path, '{broken');
  expect(await findRun(record, path)).toBeUndefined();
});

test('money is read and written in MIZU', () => {
  expect([0n, 1n, 5n * 10n ** 17n, 123_456_789n * 10n ** 12n].map(formatMizu)).toEqual([
    '0 MIZU',
    '0.000000000000000001 MIZU',
    '0.5 MIZU',
    '123.4567 MIZU',
  ]);
  expect(parseMizu('2.5')).toBe(25n * 10n ** 17n);
  expect(parseMizu('3 MIZU')).toBe(3n * 10n ** 18n);
  expect(() => parseMizu('-1')).toThrow(expect.objectContaining({ code: 'sdk/bad-amount' }));
  expect([999n, 1_500n, 2_345_000_000n].map(formatLarge)).toEqual(['999', '1.50 k', '2.35 G'.replace('2.35', '2.34')]);
});

test('a survey names the input and samples it the same way each time', async () => {
  const file = join(folder, 'rows.jsonl');
  await writeFile(file, `${Array.from({ length: 3_000 }, (_, n) => `{"n":${n}}`).join('\n')}\nbroken\n`);
  const [one, two] = [await surveyInput(file, 20), await surveyInput(file, 20)];
  const { open: _open, resize: _resize, ...found } = two;
  expect(one).toMatchObject(found);
  expect(one).toMatchObject({ rows: 3_000, broken: 1 });
  expect(one.refs).toHaveLength(4);
  expect(one.sample).toHaveLength(20);
  const places = one.sample.map((row) => row.index);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places.at(-1)! - places[0]!).toBeGreaterThan(1_500);
  await writeFile(file, '\n\n');
  await expect(surveyInput(file, 20)).rejects.toMatchObject({ code: 'sdk/empty-input' });
});

test('progress counts tasks, and rows that a gateway has answers for', () => {
  const rows = { in: 10, out: 9, rejected: 1 };
  const view: RunView = {
    run: hash('01'),
    workflow: hash('02'),
    owner: `0x${'33'.repeat(20)}`,
    status: 'running',
    escrow: '0',
    spent: '5',
    partitions: 2,
    tasksLeft: 3,
    stages: [
      { stage: 0, kind: 'exec', width: 2, done: 2, gasUsed: 7, rows },
      { stage: 1, kind: 'infer', width: 2, done: 0, gasUsed: 0, rows, underway: { done: 50, total: 100 } },
    ],
    inputTokens: 1,
    outputTokens: 2,
    dataset: null,
    batches: [1],
    startedAt: 100,
    endedAt: null,
    deadline: 200,
    error: null,
  };
  const metadata: Metadata = {
    name: 'w',
    version: 1,
    sdk: '0',
    models: {},
    stages: [{ name: 'rows', kind: 'rows', operators: ['map a'], sink: null }],
  };
  const progress = toProgress(hash('01'), view, metadata, 110);
  expect(progress).toMatchObject({
    tasks: 4,
    tasksDone: 2,
    gasUsed: 7n,
    spentWei: 5n,
    elapsedSeconds: 10,
    workflowName: 'w',
  });
  expect(progress.stages.map((stage) => stage.name)).toEqual(['rows', 'stage 1']);
  expect(progress.tasksPerSecond).toBeCloseTo(0.3);
  expect(progress.secondsLeft).toBeCloseTo(1 / 0.3);
});
