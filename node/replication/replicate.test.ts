import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KERNEL_PATH } from '../../kernel/file.ts';
import { MizuError } from '../../protocol/errors.ts';
import { concatBytes, type Hex } from '../../protocol/hex.ts';
import { type Executor, startExecutor } from '../../prover/main.ts';
import { createLogger } from '../../service/process/log.ts';
import { assembleSource, createRunMessages } from '../../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until } from '../../test/network/network.fixture.ts';
import { type VerifyRequest, verifyRun } from './replicate.ts';

let network: TestNetwork;
let executor: Executor;
let run: Hex;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-files-'));
  network = await startTestNetwork();
  const log = createLogger('executor', process.env.MIZU_LOG ?? 'silent');
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy: { intervalSeconds: 0 }, log });
  await network.deposit(10n ** 18n);
  const created = await createRunMessages(network.author, 3, 0n, network.author);
  run = created.run;
  await network.postBatch(created.messages.slice(0, 4));
  await network.postBatch(created.messages.slice(4));
  await network.clock.passUntil('confirmation', async () => {
    const { latestConfirmed } = await executor.node.mirror.head();
    return ((await executor.node.mirror.assertion(latestConfirmed))?.post.batch ?? 0n) >= 2n;
  });
});

afterAll(async () => {
  await executor?.close();
  await network?.close();
  rmSync(folder, { recursive: true });
});

function request(fields: Partial<VerifyRequest> = {}): VerifyRequest {
  const { addresses, fromBlock } = network.deployment;
  return { l1: network.l1, contracts: addresses, fromBlock, da: network.da, run, ...fields };
}

test('a dataset is shown from L1 and DA alone, with every step run again', async () => {
  const report = await verifyRun(request({ replay: { kernelPath: KERNEL_PATH, workers: 1 } }));
  expect(report.checks.filter((check) => !check.ok)).toEqual([]);
  expect(report).toMatchObject({ ok: true, confirmed: true });
  expect(report.checks.map((check) => check.name)).toEqual([
    'assertion',
    'step',
    'receipt',
    'state',
    'manifest',
    'partitions',
    'replay',
  ]);
  expect(report.checks.at(-1)!.detail).toBe('7 steps and 6 program runs give the same leaves and results');
  expect(report.transactions).toHaveLength(2);
  expect(report.entries).toHaveLength(3);
});

test('programs whose outputs are equal are all run again', async () => {
  const wat = '(module (memory (export "memory") 1) (func (export "_start")))';
  const source = await assembleSource(wat);
  const created = await createRunMessages(network.author, 3, 2n, network.author, { source });
  await network.postBatch(created.messages);
  const report = await until('the second run', async () => {
    const found = await verifyRun(request({ run: created.run, replay: { kernelPath: KERNEL_PATH, workers: 1 } }));
    return found.ok ? found : undefined;
  });
  expect(report.checks.at(-1)!.detail).toBe('7 steps and 6 program runs give the same leaves and results');
});

test('one changed byte of a local file fails, with its row and partition', async () => {
  const report = await verifyRun(request());
  const bytes = concatBytes(await Promise.all(report.entries.map((entry) => network.da.get(entry.root))));
  const path = join(folder, 'dataset');
  writeFileSync(path, bytes);
  expect(await verifyRun(request({ files: [{ path, stage: 1 }] }))).toMatchObject({ ok: true });
  const changed = readFileSync(path);
  changed[report.entries[0]!.length + 4]! ^= 1;
  writeFileSync(path, changed);
  const failed = await verifyRun(request({ files: [{ path, stage: 1 }] }));
  expect(failed.ok).toBe(false);
  expect(failed.checks.at(-1)).toMatchObject({ name: 'file', ok: false });
  expect(failed.checks.at(-1)!.detail).toContain('row 1 (byte 22, partition 1)');
});

test('an unknown run, and a partition that DA does not give, fail', async () => {
  const unknown = await verifyRun(request({ run: `0x${'99'.repeat(32)}` }));
  expect(unknown.checks).toEqual([
    { name: 'assertion', ok: false, detail: 'no live assertion has a dataset of this run' },
  ]);
  const { entries } = await verifyRun(request());
  const da = {
    get: async (root: Hex) => {
      if (root === entries[2]!.root) throw new MizuError({ code: 'da/unavailable', message: 'No DA member has it.' });
      return network.da.get(root);
    },
  };
  expect(await verifyRun(request({ da }))).toMatchObject({ ok: false });
});
