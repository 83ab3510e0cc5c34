// docs/sdk.md#border: a workflow, a sequencer or a folder of somebody else that is not honest.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Hex } from '../../protocol/hex.ts';
import { encodeDataset } from '../../protocol/state.ts';
import { objectRef } from '../../protocol/tree.ts';
import { checkFolder } from '../output/check-folder.ts';
import { pathsOf } from '../output/paths.ts';
import { fetchDataset, readOperatorStats } from './dataset.ts';
import type { Network } from './network.ts';
import { parseAnswer } from './shapes.ts';

const hash = (byte: string) => `0x${byte.repeat(32)}` as Hex;
const encode = (text: string) => new TextEncoder().encode(text);
const row = encode('{"a":1}\n');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-border-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

// A network whose workflow has these sinks, each with one row.
function networkOf(sinks: readonly unknown[], change: (metadata: Record<string, unknown>) => unknown = (all) => all) {
  const stages = sinks.map((sink) => ({ name: 's', kind: 'sink', operators: [], sink }));
  const metadata = encode(JSON.stringify(change({ name: 'nice', version: 1, stages, models: {}, sdk: '0' })));
  const entries = encodeDataset(sinks.map((_, stage) => ({ ...objectRef(row), stage, partition: 0 })));
  const objects = new Map([row, metadata, entries].map((bytes) => [objectRef(bytes).root, bytes]));
  const answers: Record<string, unknown> = {
    mizu_getRun: { run: hash('22'), workflow: hash('33'), status: 'done', dataset: objectRef(entries) },
    mizu_getWorkflow: { owner: `0x${'11'.repeat(20)}`, metadata: objectRef(metadata) },
  };
  return {
    rpcUrl: 'http://127.0.0.1:1',
    chain: { chainId: 1, contracts: { inbox: `0x${'11'.repeat(20)}`, rollup: `0x${'12'.repeat(20)}` } },
    object: async (root: Hex) => objects.get(root),
    rpc: async (method: string) => answers[method],
  } as unknown as Network;
}

const HOSTILE = [
  '../../../home/.evil',
  '..',
  '.',
  '',
  '/etc/passwd',
  'C:\\evil',
  'a\\b',
  'a/b',
  'a\u0000b',
  '.hidden',
  'x'.repeat(65),
  'a b',
  'naïve',
  'a\nb',
  '-rf',
  'a:stream',
  7,
  {},
  ['a'],
];

test.each(HOSTILE)('a sink named %j is refused, and nothing is written', async (sink) => {
  const place = join(folder, 'hostile', 'a', 'b', 'out');
  await expect(fetchDataset(networkOf([sink]), hash('22'), place)).rejects.toMatchObject({ code: 'sdk/bad-answer' });
  expect(existsSync(join(folder, 'hostile'))).toBe(false);
});

test('whatever the names are, every file is below the folder, and no two are one', () => {
  const name = fc.oneof(
    fc.string(),
    fc.constantFrom(...HOSTILE.map(String), 'con', 'CON', 'Con', 'train', 'TRAIN', 'train_'),
  );
  fc.assert(
    fc.property(fc.array(name, { maxLength: 8 }), (names) => {
      let paths: string[];
      try {
        paths = [...pathsOf(names).values()];
      } catch (error) {
        expect((error as { code: string }).code).toBe('sdk/bad-sink');
        return;
      }
      expect(new Set(paths.map((path) => path.toLowerCase())).size).toBe(names.length);
      for (const path of paths) expect(path).toMatch(/^(?:rejects|data\/[A-Za-z][A-Za-z0-9_-]*)\.jsonl$/);
      for (const path of paths) expect(path).not.toMatch(/\/(?:con|nul)\./i);
    }),
    { numRuns: 300 },
  );
});

test('names that differ only in capitals, or name a device, get files of their own, and the folder checks', async () => {
  const place = join(folder, 'capitals');
  const { files } = await fetchDataset(networkOf(['train', 'Train', 'con', 'con_', 'rejects']), hash('22'), place);
  const names = ['train.jsonl', 'Train_.jsonl', 'con_.jsonl', 'con__.jsonl'].map((file) => join('data', file));
  expect(files.map(({ path }) => path)).toEqual([...names, 'rejects.jsonl']);
  expect(await checkFolder(place)).toMatchObject({ rows: 5, rollup: `0x${'12'.repeat(20)}` });
  await expect(fetchDataset(networkOf(['a', 'a']), hash('22'), place)).rejects.toMatchObject({ code: 'sdk/bad-sink' });
});

test('the rejects of several stages are one file', async () => {
  const place = join(folder, 'several');
  const { files } = await fetchDataset(networkOf(['rejects', 'train', 'rejects']), hash('22'), place);
  expect(files.map(({ path, rows }) => [path, rows])).toEqual([
    ['rejects.jsonl', 2],
    [join('data', 'train.jsonl'), 1],
  ]);
  expect(await checkFolder(place)).toMatchObject({ rows: 3 });
});

test('links that lie in wait are not written through', async () => {
  const place = join(folder, 'links');
  const outside = join(folder, 'outside');
  await mkdir(outside);
  await mkdir(join(place, 'data'), { recursive: true });
  await writeFile(join(outside, 'file'), 'mine');
  for (const link of ['data/train.jsonl.part', 'data/train.jsonl', 'manifest.json', 'README.md.part'])
    await symlink(join(outside, 'file'), join(place, link));
  await fetchDataset(networkOf(['train']), hash('22'), place);
  expect(await readFile(join(outside, 'file'), 'utf8')).toBe('mine');
  expect(await checkFolder(place)).toMatchObject({ rows: 1 });
  await rm(join(place, 'data'), { recursive: true });
  await symlink(outside, join(place, 'data'));
  await expect(fetchDataset(networkOf(['train']), hash('22'), place)).rejects.toMatchObject({ code: 'sdk/bad-folder' });
  expect(await readdir(outside)).toEqual(['file']);
});

test('a description that is none is refused', async () => {
  const changes: ((metadata: Record<string, unknown>) => unknown)[] = [
    () => null,
    () => [],
    (all) => ({ ...all, name: '../x' }),
    (all) => ({ ...all, stages: Array(300).fill((all.stages as unknown[])[0]) }),
    (all) => ({ ...all, models: { [hash('44')]: 'm'.repeat(5_000) } }),
    (all) => ({ ...all, stages: 'many' }),
    (all) => ({ ...all, sdk: 'x'.repeat(1_200_000) }),
  ];
  for (const change of changes)
    await expect(fetchDataset(networkOf(['train'], change), hash('22'), join(folder, 'no'))).rejects.toMatchObject({
      code: 'sdk/bad-answer',
    });
  expect(existsSync(join(folder, 'no'))).toBe(false);
});

test('a sequencer that has tasks without an end is asked for as many as a run can have', async () => {
  const network = networkOf(['train'], (all) => ({
    ...all,
    stages: [{ name: 's', kind: 'rows', operators: [], sink: 'train' }],
  }));
  let pages = 0;
  const rpc = async (method: string) => {
    if (method !== 'mizu_getTasks') return network.rpc(method);
    pages += 1;
    return Array(1_000).fill({ stage: 0, partition: 0, status: 'open' });
  };
  expect(await readOperatorStats({ ...network, rpc }, hash('22'))).toEqual({});
  expect(pages).toBe(2);
});

test('a manifest of somebody else names no file outside its folder, and nothing too large', async () => {
  const place = join(folder, 'strange');
  await fetchDataset(networkOf(['train']), hash('22'), place);
  const file = join(place, 'manifest.json');
  const good = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  const write = (change: Record<string, unknown>) => writeFile(file, JSON.stringify({ ...good, ...change }));
  for (const path of ['../../../etc/passwd', '/etc/passwd', 'data/../../x', 'data/other.jsonl']) {
    await write({ files: [{ name: 'train', path, rows: 1, bytes: 8 }] });
    await expect(checkFolder(place)).rejects.toMatchObject({ code: 'verify/folder-changed' });
  }
  const [entry] = good.entries as [Record<string, unknown>];
  await write({ entries: [{ ...entry, length: 2 ** 40 }] });
  await expect(checkFolder(place)).rejects.toMatchObject({ code: 'sdk/no-manifest' });
  await write({ run: { toString: 1 } });
  await expect(checkFolder(place)).rejects.toMatchObject({ code: 'sdk/no-manifest' });
});

test('answers of a sequencer are parsed: types, sizes, and what would steer a terminal', () => {
  const good = { nonce: 1, nextNonce: 2, balance: '5' };
  expect(parseAnswer('mizu_getAccount', good)).toEqual(good);
  for (const bad of [null, [], 'x', { ...good, nonce: -1 }, { ...good, balance: '1e9' }, { ...good, nonce: 2 ** 60 }])
    expect(() => parseAnswer('mizu_getAccount', bad)).toThrow(expect.objectContaining({ code: 'sdk/bad-answer' }));
  const receipt = { kind: 'Run', ok: false, error: '\u001b[2Jno\u0007', batch: 1, step: 2 };
  expect(parseAnswer('mizu_getReceipt', receipt)).toMatchObject({ error: '\ufffd[2Jno\ufffd' });
  expect(parseAnswer('mizu_getReceipt', undefined)).toBeNull();
  const metadata = { root: hash('44'), length: 64 * 1024 * 1024 };
  const workflow = { owner: `0x${'11'.repeat(20)}`, metadata, expiry: 1 };
  expect(parseAnswer('mizu_getWorkflow', workflow)).toEqual(workflow);
  const longer = { ...workflow, metadata: { ...metadata, length: metadata.length + 1 } };
  expect(() => parseAnswer('mizu_getWorkflow', longer)).toThrow(expect.objectContaining({ code: 'sdk/bad-answer' }));
  expect(() => parseAnswer('mizu_listRuns', Array(101).fill({}))).toThrow();
  expect(() => parseAnswer('mizu_unheardOf', {})).toThrow('has no schema');
});
